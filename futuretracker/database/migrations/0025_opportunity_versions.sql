-- The version of an opportunity, from which its ETag follows. Every change takes the next value of one
-- sequence, so no version is used twice, also not after an opportunity is deleted and created again.
--
-- Nullable, and without a value in the rows that exist: to write a million rows would take minutes. A
-- row without a version counts as version 0 until its next change.
create sequence opportunity_versions as bigint;
alter table opportunities add column version bigint;
-- A statement of its own: with the column, the default would be computed for each row.
alter table opportunities alter column version set default nextval('opportunity_versions');

-- A trigger, because the previous release and an operator's SQL do not set the column.
create function opportunity_version() returns trigger language plpgsql as $$
begin
    new.version := nextval('public.opportunity_versions');
    return new;
end
$$;
create trigger version before update on opportunities
    for each row execute function opportunity_version();

-- Supabase grants its Data API's roles every new sequence.
revoke all on sequence opportunity_versions from public, futuretracker_api;
grant usage on sequence opportunity_versions to futuretracker_api;
do $$
declare
    other text;
begin
    for other in
        select rolname from pg_roles where rolname in ('anon', 'authenticated')
    loop
        execute format('revoke all on sequence opportunity_versions from %I', other);
    end loop;
end
$$;
