-- What people note of an opportunity. Nullable or with a constant default, so the previous release can
-- still insert rows, and no existing row is written.
alter table opportunities
    add column company text,
    add column location text,
    add column pay text,
    add column contact text,
    add column tags text[] not null default '{}',
    -- The IANA name of the zone in which the deadline and the rounds are meant.
    add column time_zone text,
    -- By these a new opportunity is compared with those of its user: one stands for the link, one for
    -- title and company. Numbers, because links are too long for an index, and because row level
    -- security lets Postgres look up a column in an index, but not lower(title).
    add column link_key bigint,
    add column name_key bigint;

-- A key is null if what it stands for is missing.
create function opportunity_keys() returns trigger language plpgsql as $$
begin
    new.link_key := hashtextextended(new.link, 0);
    new.name_key := hashtextextended(lower(new.title || U&'\0001' || new.company), 0);
    return new;
end
$$;
create trigger keys before insert or update of link, title, company, link_key, name_key
    on opportunities for each row execute function opportunity_keys();

-- The same order as before, with the statuses that v1 adds. A status that agrees is not before the one
-- that the rounds have shown; an unknown one is before all of them.
create or replace function status_agrees(category text, status text, rounds_status text)
returns boolean
language plpgsql immutable parallel safe as $$
begin
    return category is distinct from 'internship'
        or strpos('shortlisted interviewed selected offer accepted ghosted withdrawn rejected', status)
            >= strpos('shortlisted interviewed selected offer accepted ghosted withdrawn rejected',
                rounds_status);
end
$$;

-- As in migration 0022, but a search also reads the entries of an array, each as a line of its own.
create or replace function search_columns(variadic columns text[]) returns void language plpgsql as $$
declare
    texts text := (
        select string_agg(
            case when a.atttypid = 'text[]'::regtype
                then format('nullif(array_to_string(new.%I, U&''\0001''), '''')', name)
                else format('new.%I', name) end,
            ', ' order by place
        )
        from unnest(columns) with ordinality as listed (name, place)
            left join pg_attribute as a
                on a.attrelid = 'public.opportunities'::regclass and a.attname = name
    );
    names text := (select string_agg(format('%I', name), ', ') from unnest(columns) as name);
begin
    -- U&'\0001' keeps a phrase within one column.
    execute format(
        'create or replace function opportunity_search_text() returns trigger language plpgsql as %L',
        format(
            'begin new.search_text := public.searchable(concat_ws(U&''\0001'', %s)); return new; end',
            texts
        )
    );
    execute format(
        'create or replace trigger search_text before insert or update of %s, search_text'
        ' on opportunities for each row execute function opportunity_search_text()',
        names
    );
end
$$;

-- No row has a value in the new columns yet, so none has to be filled.
select search_columns('title', 'description', 'link', 'notes', 'company', 'location', 'pay', 'contact',
    'tags');
