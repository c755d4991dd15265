-- The interview rounds of an internship. An existing database may have the table already.

create table if not exists opportunity_rounds (
    id uuid primary key default gen_random_uuid(),
    opportunity_id uuid not null references opportunities (id) on delete cascade,
    user_id uuid not null references users (id) on delete cascade,
    round_number integer not null,
    round_type text not null,
    scheduled_date date,
    scheduled_time time,
    result text not null default 'pending',
    notes text,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);

alter table opportunity_rounds
    add column if not exists user_id uuid references users (id) on delete cascade,
    add column if not exists scheduled_date date,
    add column if not exists scheduled_time time,
    add column if not exists result text default 'pending',
    add column if not exists notes text,
    add column if not exists created_at timestamptz default now(),
    add column if not exists updated_at timestamptz default now(),
    alter column id set default gen_random_uuid();

-- As with opportunities: text of any length, no enum that lacks a word, times with a zone, and no
-- check of a single column but the service's schemas.
do $$
declare
    old record;
begin
    for old in
        select c.conname
        from pg_constraint as c
        join pg_attribute as a on a.attrelid = c.conrelid and c.conkey = array[a.attnum]
        where c.conrelid = 'opportunity_rounds'::regclass and c.contype = 'c' and a.attname in
            ('round_number', 'round_type', 'scheduled_date', 'scheduled_time', 'result', 'notes')
    loop
        execute format('alter table opportunity_rounds drop constraint %I', old.conname);
    end loop;
    for old in
        select a.attname, wanted,
            case when wanted = 'timestamptz' then 'at time zone ''UTC''' else '::text' end as cast
        from pg_attribute as a, lateral (select case
            when a.attname in ('created_at', 'updated_at') then 'timestamptz' else 'text'
        end as wanted) as w
        where a.attrelid = 'opportunity_rounds'::regclass and a.attname in
            ('round_type', 'result', 'notes', 'created_at', 'updated_at')
            and a.atttypid <> wanted::regtype
    loop
        execute format('alter table opportunity_rounds alter %I drop default', old.attname);
        execute format('alter table opportunity_rounds alter %I type %s using %1$I %3$s',
            old.attname, old.wanted, old.cast);
    end loop;
    -- Rounds go with their opportunity.
    for old in
        select c.conname from pg_constraint as c
        where c.conrelid = 'opportunity_rounds'::regclass and c.contype = 'f'
            and c.confrelid = 'opportunities'::regclass and c.confdeltype <> 'c'
    loop
        execute format('alter table opportunity_rounds drop constraint %I', old.conname);
    end loop;
    if not exists (
        select from pg_constraint as c
        where c.conrelid = 'opportunity_rounds'::regclass and c.contype = 'f'
            and c.confrelid = 'opportunities'::regclass
    ) then
        alter table opportunity_rounds
            add foreign key (opportunity_id) references opportunities (id) on delete cascade;
    end if;
end
$$;

-- The owner of a round is the owner of its opportunity.
update opportunity_rounds as r set user_id = o.user_id
from opportunities as o where o.id = r.opportunity_id and r.user_id is distinct from o.user_id;
update opportunity_rounds set
    round_type = coalesce(round_type, 'other'),
    result = coalesce(result, 'pending'),
    created_at = coalesce(created_at, now()),
    updated_at = coalesce(updated_at, created_at, now())
where round_type is null or result is null or created_at is null or updated_at is null;
alter table opportunity_rounds
    alter column user_id set not null,
    alter column result set default 'pending',
    alter column result set not null,
    alter column created_at set default now(),
    alter column created_at set not null,
    alter column updated_at set default now(),
    alter column updated_at set not null;

-- A round's number is unique in its opportunity. The service knows the index by this name, so one
-- that is there already under another gives way.
do $$
declare
    old record;
begin
    for old in
        select i.indexrelid::regclass as name, c.conname
        from pg_index as i left join pg_constraint as c on c.conindid = i.indexrelid
        where i.indrelid = 'opportunity_rounds'::regclass and i.indisunique and not i.indisprimary
            and (
                select array_agg(a.attname order by a.attname)
                from pg_attribute as a
                where a.attrelid = i.indrelid and a.attnum = any(i.indkey::int2[])
            ) = array['opportunity_id', 'round_number']::name[]
    loop
        if old.conname is not null then
            execute format('alter table opportunity_rounds drop constraint %I', old.conname);
        else
            execute format('drop index %s', old.name);
        end if;
    end loop;
end
$$;
-- Where rounds share a number, have none or one that is too large, they are numbered in their order.
update opportunity_rounds as r set round_number = n.place
from (
    select id, row_number() over (
        partition by opportunity_id order by round_number, created_at, id
    ) as place
    from opportunity_rounds
    where opportunity_id in (
        select opportunity_id from opportunity_rounds
        group by 1 having count(distinct round_number) < count(*) or max(round_number) > 100
    )
) as n where n.id = r.id;
alter table opportunity_rounds
    alter column round_number set not null,
    alter column round_type set not null;
create unique index opportunity_rounds_number on opportunity_rounds (opportunity_id, round_number);
-- The service's schemas know no number beyond it. Rows that are there already keep theirs.
alter table opportunity_rounds add constraint opportunity_rounds_number_range
    check (round_number <= 100) not valid;
create index if not exists opportunity_rounds_upcoming
    on opportunity_rounds (user_id, scheduled_date) where result = 'pending';
create index if not exists opportunity_rounds_owner
    on opportunity_rounds (user_id) include (opportunity_id, round_number, round_type, result);

revoke all on opportunity_rounds from public, futuretracker_api;
do $$
declare
    api_role text;
begin
    for api_role in
        select rolname from pg_roles where rolname in ('anon', 'authenticated')
    loop
        execute format('revoke all on opportunity_rounds from %I', api_role);
    end loop;
end
$$;
grant select, insert, update, delete on opportunity_rounds to futuretracker_api;

alter table opportunity_rounds enable row level security, force row level security;
create policy api_owner on opportunity_rounds to futuretracker_api
    using (user_id = (select nullif(current_setting('app.user_id', true), '')::uuid));
-- A foreign key sees every row: without the second half a user could hang a round on another
-- user's opportunity. The sub-select stands under that table's own policy.
create policy api_owner_only on opportunity_rounds as restrictive to futuretracker_api
    using (user_id = (select nullif(current_setting('app.user_id', true), '')::uuid))
    with check (
        user_id = (select nullif(current_setting('app.user_id', true), '')::uuid)
        and exists (select from opportunities as o where o.id = opportunity_id)
    );
