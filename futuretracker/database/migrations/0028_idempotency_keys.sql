-- Idempotency keys: what a change has returned, by the key that its client sent with it. If the client
-- sends the request again, the service returns the same, and changes nothing.

create table idempotency_keys (
    user_id uuid not null references users (id) on delete cascade,
    -- SHA-256 of the user, the method, the path and the key. The key itself is not stored.
    scope bytea not null,
    -- SHA-256 of the rest of the request. The same key with another payload is a mistake of the client.
    payload bytea not null,
    -- The rows that the change returned, as an array of objects. A secret is never among them.
    result json not null,
    -- Changes with the columns of the result. Another release may not be able to read them.
    form text not null,
    created_at timestamptz not null default now(),
    primary key (user_id, scope)
);
-- For futuretracker_delete_idempotency_keys.
create index idempotency_keys_oldest on idempotency_keys (created_at);

-- Supabase grants its Data API's roles every new table.
revoke all on idempotency_keys from public, futuretracker_api;
grant select, insert (user_id, scope, payload, result, form) on idempotency_keys to futuretracker_api;
do $$
declare
    other text;
begin
    for other in
        select rolname from pg_roles where rolname in ('anon', 'authenticated')
    loop
        execute format('revoke all on idempotency_keys from %I', other);
    end loop;
    execute format(
        'create policy functions_all on idempotency_keys to %I using (true) with check (true)',
        current_user
    );
end
$$;
alter table idempotency_keys enable row level security, force row level security;
create policy api_owner on idempotency_keys to futuretracker_api
    using (user_id = nullif(current_setting('app.user_id', true), '')::uuid);
create policy api_owner_only on idempotency_keys as restrictive to futuretracker_api
    using (user_id = nullif(current_setting('app.user_id', true), '')::uuid);

-- Wait for a request with the same key, then raise unique_violation if the key is known. A statement
-- calls this before it changes anything. So a request that is sent again writes nothing. ``lock`` is the
-- number of the key's lock.
create function futuretracker_claim(owner uuid, wanted bytea, lock bigint) returns boolean
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
    perform pg_advisory_xact_lock(lock);
    perform set_config('app.user_id', owner::text, true);
    -- A snapshot of its own: it sees the key of the request that this one has waited for.
    if exists (
        select from public.idempotency_keys where user_id = owner and scope = wanted
    ) then
        raise exception 'the idempotency key is known'
            using errcode = 'unique_violation', constraint = 'idempotency_keys_pkey';
    end if;
    return true;
end
$$;

-- Delete at most so many keys that are older than a day, the oldest first. Return their number.
create function futuretracker_delete_idempotency_keys(most integer) returns integer
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    deleted pg_catalog.int4;
begin
    delete from public.idempotency_keys where (user_id, scope) in (
        select user_id, scope from public.idempotency_keys
        where created_at < now() - interval '24 hours'
        order by created_at limit most for update skip locked
    );
    get diagnostics deleted = row_count;
    return deleted;
end
$$;

-- Erase the keys of a user in short steps, as migration 0027 erases the rest: until `ends_at`. Return
-- whether nothing is left.
create function futuretracker_erase_idempotency_keys(erased text, ends_at timestamptz) returns boolean
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
    owner constant pg_catalog.uuid := (select user_id from public.erasures where clerk_id = erased);
    scopes pg_catalog.bytea[];
begin
    loop
        -- An array: Postgres might compare each of the user's keys with each row of a subquery.
        scopes := array(
            select scope from public.idempotency_keys where user_id = owner limit 1000
        );
        if cardinality(scopes) = 0 then
            return true;
        end if;
        delete from public.idempotency_keys where user_id = owner and scope = any(scopes);
        if clock_timestamp() > ends_at then
            return false;
        end if;
    end loop;
end
$$;

-- As in migration 0027, and the keys.
create or replace function futuretracker_continue_erasure(erased text, milliseconds integer)
returns boolean
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    ends_at constant pg_catalog.timestamptz :=
        clock_timestamp() + make_interval(secs => milliseconds / 1000.0);
    erasure public.erasures;
begin
    -- One process at a time works on a user; another one waits here, at most its lock_timeout.
    perform from public.erasures where clerk_id = erased for update;
    if not found then
        return true;
    end if;
    perform set_config('app.permanently', 'on', true);
    if not public.futuretracker_erase_opportunities(erased, ends_at)
        or not public.futuretracker_erase_trash(erased, ends_at)
        or not public.futuretracker_erase_idempotency_keys(erased, ends_at)
        or not public.futuretracker_redact_audit(erased, ends_at)
        or not public.futuretracker_sweep(erased, ends_at)
    then
        return false;
    end if;
    select * into erasure from public.erasures where clerk_id = erased;
    -- A transaction that was let in before the revocation holds a share lock on the user's row:
    -- wait for it, and erase what it has added.
    perform from public.users where id = erasure.user_id for update;
    delete from public.opportunities where user_id = erasure.user_id;
    delete from public.users where id = erasure.user_id;
    update public.audit_log set details = '{}'
    where user_id = erasure.user_id and details <> '{}'
        and at >= erasure.redacted_up_to - interval '1 minute';
    if erasure.user_id is not null then
        insert into public.audit_log (user_id, actor, action, resource_id, request_id)
        values (erasure.user_id, erased, 'ERASE_USER', erasure.user_id, erasure.request_id);
    end if;
    -- The lock is the one that `watch` takes before it looks who is still here and writes.
    perform pg_advisory_xact_lock(hashtextextended('futuretracker watch', 0));
    delete from public.watch_profiles where clerk_id = erased;
    delete from public.anomaly_findings where clerk_id = erased;
    delete from public.erasures where clerk_id = erased;
    return true;
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
        where p.pronamespace = 'public'::regnamespace and p.proname in (
            'futuretracker_claim', 'futuretracker_delete_idempotency_keys',
            'futuretracker_erase_idempotency_keys'
        )
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
grant execute on function futuretracker_claim, futuretracker_delete_idempotency_keys to futuretracker_api;
