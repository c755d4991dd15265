-- What /api/v1 adds to an opportunity. An existing database may have the columns already.

alter table opportunities
    add column if not exists campus_mode text,
    add column if not exists applied_on date,
    add column if not exists current_round_number integer,
    add column if not exists rejected_round_number integer,
    -- What the interview rounds say of the status; null where there are none.
    add column if not exists rounds_status text;

-- v1 has a status more and room for longer texts, which checks of a single column may refuse. What a
-- client may send is for the service's schemas to decide.
do $$
declare
    old_check name;
begin
    for old_check in
        select c.conname
        from pg_constraint as c
        join pg_attribute as a on a.attrelid = c.conrelid and c.conkey = array[a.attnum]
        where c.conrelid = 'opportunities'::regclass and c.contype = 'c' and a.attname in
            ('title', 'description', 'link', 'category', 'status', 'notes', 'campus_mode')
    loop
        execute format('alter table opportunities drop constraint %I', old_check);
    end loop;
end
$$;

-- Lists walk over both times, and a row without one would never be met.
update opportunities set created_at = coalesce(updated_at, now()) where created_at is null;
update opportunities set updated_at = created_at where updated_at is null;
alter table opportunities
    alter column created_at set default now(),
    alter column created_at set not null,
    alter column updated_at set default now(),
    alter column updated_at set not null;

-- A status by hand may run ahead of the rounds, but not deny what they have shown. Rows that were
-- there before are held to it from their next change on.
alter table opportunities add constraint status_agrees_with_rounds check (
    category is distinct from 'internship' or case rounds_status
        when 'rejected' then status = 'rejected'
        when 'selected' then status in ('selected', 'rejected', 'ghosted')
        when 'interviewed' then status in ('interviewed', 'selected', 'rejected', 'ghosted')
        when 'shortlisted' then
            status in ('shortlisted', 'interviewed', 'selected', 'rejected', 'ghosted')
        else true
    end
);

-- Full text, word by word as written: what people track is written in many languages. There is no
-- index on it, because row level security keeps Postgres from using one (ts_match is not
-- leakproof): a search reads the user's own rows.
alter table opportunities add column search tsvector generated always as (
    to_tsvector('simple', title || ' ' || coalesce(description, '') || ' ' || coalesce(notes, ''))
    -- What Postgres takes for one word (AI/ML, node.js, 2026-2027), also in its parts; without their
    -- places, so that no phrase runs from one half into the other.
    || strip(to_tsvector('simple', translate(
        title || ' ' || coalesce(description, '') || ' ' || coalesce(notes, ''),
        '/.-@:_\=?&<>', '            '
    )))
) stored;

-- One index for the list, which follows its order, and for the analytics, which read nothing but it.
drop index opportunities_owner_newest_first;
create index opportunities_owner_newest_first on opportunities (user_id, created_at desc, id desc)
    include (status, category, campus_mode, deadline);
-- The analytics of somebody with 50,000 rows stay in memory.
alter role futuretracker_api set work_mem = '16MB';
