-- Users who have asked for the deletion of their account. Until `due_at` nothing else changes, and the user
-- can cancel it. Then `prune` begins the erasure. The time is set with the request, so that a later change of
-- ACCOUNT_DELETION_DAYS does not move it.
create table account_deletions (
    user_id uuid primary key references users (id) on delete cascade,
    requested_at timestamptz not null default now(),
    due_at timestamptz not null
);
-- For futuretracker_begin_due_erasures.
create index account_deletions_by_time on account_deletions (due_at);

-- Supabase grants its Data API's roles every new table.
revoke all on account_deletions from public, futuretracker_api;
-- A request that is repeated locks its row, which needs the right to update.
grant select, delete, insert (user_id, due_at), update (due_at) on account_deletions to futuretracker_api;
do $$
declare
    other text;
begin
    for other in
        select rolname from pg_roles where rolname in ('anon', 'authenticated')
    loop
        execute format('revoke all on account_deletions from %I', other);
    end loop;
    execute format(
        'create policy functions_all on account_deletions to %I using (true) with check (true)',
        current_user
    );
end
$$;
alter table account_deletions enable row level security, force row level security;
create policy api_owner on account_deletions to futuretracker_api
    using (user_id = nullif(current_setting('app.user_id', true), '')::uuid);
create policy api_owner_only on account_deletions as restrictive to futuretracker_api
    using (user_id = nullif(current_setting('app.user_id', true), '')::uuid);

-- Begin the erasure of at most so many users whose deletion is due, the longest due first. Return their
-- number. If a user cancels at this moment, the row decides: whoever has locked it first wins.
create function futuretracker_begin_due_erasures(most integer, seconds integer, request text)
returns integer
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    due pg_catalog.uuid;
    begun pg_catalog.int4 := 0;
begin
    for due in
        select user_id from public.account_deletions
        where due_at <= now()
        order by due_at limit most for update skip locked
    loop
        perform public.futuretracker_begin_erasure(null, clerk_id, seconds, request)
        from public.users where id = due;
        delete from public.account_deletions where user_id = due;
        begun := begun + 1;
    end loop;
    return begun;
end
$$;

-- What a user has done, the newest first. The service's role may not read audit_log: it sees the entries of
-- the user of its statement, and only through this function. It does not show who has impersonated the user.
create function futuretracker_activity(
    owner uuid, before_at timestamptz, before_id bigint, most integer
) returns table (
    entry_id bigint, entry_at timestamptz, entry_action text, entry_resource uuid, entry_client text,
    entry_details jsonb, entry_changes jsonb
)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan as $$
begin
    if owner is distinct from nullif(current_setting('app.user_id', true), '')::pg_catalog.uuid then
        return;
    end if;
    return query
        select a.id, a.at, a.action, a.resource_id, a.client, a.details - 'impersonator', a.changes
        from public.audit_log as a
        where a.user_id = owner and a.at <= before_at and (a.at, a.id) < (before_at, before_id)
        order by a.at desc, a.id desc
        limit most;
end
$$;

-- Postgres lets everybody execute a new function, and Supabase its Data API's roles by name.
do $$
declare
    ours record;
    other text;
begin
    for ours in
        select p.oid::regprocedure as signature from pg_proc as p
        where p.pronamespace = 'public'::regnamespace
            and p.proname in ('futuretracker_begin_due_erasures', 'futuretracker_activity')
    loop
        execute format('revoke all on function %s from public', ours.signature);
        for other in
            select rolname from pg_roles where rolname in ('anon', 'authenticated', 'service_role')
        loop
            execute format('revoke all on function %s from %I', ours.signature, other);
        end loop;
        execute format('grant execute on function %s to futuretracker_api', ours.signature);
    end loop;
end
$$;
