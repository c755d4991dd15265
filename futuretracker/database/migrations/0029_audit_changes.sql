-- What a change has changed, and the first of three steps after which audit_log has a partition for
-- each month (0032 and 0033 follow).

-- Every write adds an entry, so this waits for the table for a shorter time than their lock_timeout.
set local lock_timeout = '300ms';

-- {"field": {"from": ..., "to": ...}}. Nullable, so the previous release can still insert entries; null
-- also stands for an entry that is older than the column, or whose user was erased.
alter table audit_log add column changes jsonb;
grant insert (changes) on audit_log to futuretracker_api;

-- The table becomes the first partition. It keeps this month and the next one, so that there is a month
-- to apply 0032 and 0033, which must be done by then. Not valid: reading the table would take too long
-- while nobody can write to it.
do $$
begin
    execute format('alter table audit_log add constraint audit_log_first check (at < %L) not valid',
        (date_trunc('month', now() at time zone 'UTC') + interval '2 months') at time zone 'UTC');
end
$$;

-- Return the fields that differ between two rows as JSON, or {} if none does. A row that is null has
-- no fields: neither a new row nor a deleted one has differences. Columns that no user sets are left
-- out.
create function futuretracker_changes(before jsonb, after jsonb) returns jsonb
language plpgsql immutable parallel safe as $$
begin
    if before is null or after is null or before = after then
        return '{}';
    end if;
    return coalesce((
        select jsonb_object_agg(key, jsonb_build_object('from', before -> key, 'to', value))
        from jsonb_each(after)
        where coalesce(before -> key, 'null') <> value and key <> all ('{id, user_id, opportunity_id,
            created_at, updated_at, version, search, search_text, rounds_status, statusConflict}')
    ), '{}');
end
$$;
-- An erasure empties the details, and so the changes: in every function that erases, also in those of
-- the previous release.
create function futuretracker_redact_changes() returns trigger
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
    new.changes := null;
    return new;
end
$$;
create trigger redact_changes before update of details on audit_log
    for each row when (new.details = '{}' and new.changes is not null)
    execute function futuretracker_redact_changes();

-- Postgres lets everybody execute a new function, and Supabase its Data API's roles by name.
do $$
declare
    ours record;
    other text;
begin
    for ours in
        select p.oid::regprocedure as signature from pg_proc as p
        where p.pronamespace = 'public'::regnamespace
            and p.proname in ('futuretracker_changes', 'futuretracker_redact_changes')
    loop
        execute format('revoke all on function %s from public', ours.signature);
        for other in
            select rolname from pg_roles where rolname in ('anon', 'authenticated', 'service_role')
        loop
            execute format('revoke all on function %s from %I', ours.signature, other);
        end loop;
    end loop;
end
$$;
grant execute on function futuretracker_changes to futuretracker_api;
