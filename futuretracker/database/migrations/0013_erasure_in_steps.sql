-- Erase a user of any size. futuretracker_erase (migration 0011) does all in one statement. For a
-- user with 100,000 opportunities that takes longer than the role's statement_timeout: everything
-- is rolled back, also the revocation, and the next try fails in the same way.
--
-- Two functions replace it. The first revokes the tokens and puts the user into a queue; the second
-- erases for a given time and is called until nothing is left. The previous release still calls
-- futuretracker_erase, so it stays.

-- The users whose data is being erased. A row is removed together with the last of the data, so an
-- erasure that was interrupted is continued, whatever the reason.
create table erasures (
    clerk_id text primary key,
    -- Null if the user never sent a request.
    user_id uuid,
    requested_at timestamptz not null default now(),
    request_id text not null,
    -- What is done: opportunities created after, and audit entries written before. Without these
    -- times each step would read the deleted rows again, as long as a backup keeps them.
    erased_down_to timestamptz not null default 'infinity',
    redacted_up_to timestamptz not null default '-infinity',
    is_swept boolean not null default false
);

revoke all on erasures from public, futuretracker_api;
-- The service refuses the tokens of these users, and lists them for `erase --resume`.
grant select on erasures to futuretracker_api;
do $$
declare
    api_role text;
begin
    for api_role in
        select rolname from pg_roles where rolname in ('anon', 'authenticated')
    loop
        execute format('revoke all on erasures from %I', api_role);
    end loop;
    execute format(
        'create policy functions_all on erasures to %I using (true) with check (true)',
        current_user
    );
end
$$;
alter table erasures enable row level security, force row level security;
create policy api_all on erasures for select to futuretracker_api using (true);

-- Refuse a user's tokens for so many seconds, and until the data is erased. Return false if the
-- event was handled before. Without an event it is an operator's request, and always new.
create function futuretracker_begin_erasure(
    event text, erased text, seconds integer, request text
) returns boolean
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    -- A first request of this user either creates the user before this lock, or is refused.
    perform pg_advisory_xact_lock(hashtextextended('futuretracker ' || erased, 0));
    if not public.futuretracker_revoke(event, 'user', erased, seconds) then
        return false;
    end if;
    insert into public.erasures (clerk_id, user_id, request_id)
    values (erased, (select id from public.users where clerk_id = erased), request)
    on conflict do nothing;
    return true;
end
$$;

-- Erase for about so many milliseconds, at least one batch. Return whether nothing is left.
create function futuretracker_continue_erasure(erased text, milliseconds integer)
returns boolean
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    ends_at constant pg_catalog.timestamptz :=
        clock_timestamp() + make_interval(secs => milliseconds / 1000.0);
    erasure public.erasures;
    -- A loop without rows sets its variables to null.
    row_id pg_catalog.uuid;
    row_time pg_catalog.timestamptz;
    row_ids pg_catalog.uuid[] := '{}';
    entry_id pg_catalog.int8;
    entry_time pg_catalog.timestamptz;
    entry_ids pg_catalog.int8[] := '{}';
begin
    -- One process at a time works on a user; another one waits here, at most its lock_timeout.
    select * into erasure from public.erasures where clerk_id = erased for update;
    if not found then
        return true;
    end if;

    -- The rounds of an opportunity go with it. The order is that of an index, so that the loop
    -- begins at once.
    for row_id, row_time in
        select id, created_at from public.opportunities
        where user_id = erasure.user_id and created_at <= erasure.erased_down_to
        order by created_at desc, id desc
    loop
        row_ids := row_ids || row_id;
        if cardinality(row_ids) >= 500 then
            delete from public.opportunities where id = any(row_ids);
            row_ids := '{}';
            erasure.erased_down_to := row_time;
            if clock_timestamp() > ends_at then
                update public.erasures set erased_down_to = erasure.erased_down_to
                where clerk_id = erased;
                return false;
            end if;
        end if;
    end loop;
    delete from public.opportunities where id = any(row_ids);

    -- The audit keeps that something was done, and not to what.
    for entry_id, entry_time in
        select id, at from public.audit_log
        where user_id = erasure.user_id and at >= erasure.redacted_up_to and details <> '{}'
        order by at
    loop
        entry_ids := entry_ids || entry_id;
        if cardinality(entry_ids) >= 1000 then
            update public.audit_log set details = '{}' where id = any(entry_ids);
            entry_ids := '{}';
            erasure.redacted_up_to := entry_time;
            if clock_timestamp() > ends_at then
                update public.erasures set erased_down_to = erasure.erased_down_to,
                    redacted_up_to = erasure.redacted_up_to
                where clerk_id = erased;
                return false;
            end if;
        end if;
    end loop;
    update public.audit_log set details = '{}' where id = any(entry_ids);

    -- To delete the user, Postgres looks for rounds and reads every deleted one. The first who does
    -- so marks them in the index, also in a statement that fails. This gets a step of its own, so
    -- that the last step is short.
    if not erasure.is_swept then
        perform from public.opportunity_rounds where user_id = erasure.user_id limit 1;
        if clock_timestamp() > ends_at then
            update public.erasures set erased_down_to = erasure.erased_down_to,
                redacted_up_to = erasure.redacted_up_to, is_swept = true
            where clerk_id = erased;
            return false;
        end if;
    end if;

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
    delete from public.erasures where clerk_id = erased;
    return true;
end
$$;

-- A request that was let in just before its user was erased must not create the user again.
create or replace function futuretracker_refuse_revoked() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    perform pg_advisory_xact_lock_shared(hashtextextended('futuretracker ' || new.clerk_id, 0));
    if exists (
        select from public.revocations
        where kind = 'user' and subject = new.clerk_id and expires_at > now()
    ) or exists (select from public.erasures where clerk_id = new.clerk_id) then
        return null;
    end if;
    return new;
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
            and p.proname in ('futuretracker_begin_erasure', 'futuretracker_continue_erasure')
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
