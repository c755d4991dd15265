-- Which sessions and users are refused before their tokens end, and what Clerk's webhooks may do to
-- a user. The service's role can see and change one user at a time; what it may do beyond that are
-- the functions below and nothing else. They run as whoever applies this file.

-- Denials whose tokens may still be alive. Few: each ends with the longest life of a token.
create table revocations (
    kind text not null check (kind in ('session', 'user')),
    subject text primary key,
    expires_at timestamptz not null
);
create index revocations_by_end on revocations (expires_at);

-- Webhooks that were handled: Svix sends one again until it has seen an answer.
create table clerk_events (
    id text primary key,
    received_at timestamptz not null default now()
);
create index clerk_events_by_time on clerk_events (received_at);

-- As of when Clerk has told the user's data: webhooks come in any order.
alter table users add column clerk_updated_at timestamptz;

revoke all on revocations, clerk_events from public, futuretracker_api;
grant select on revocations to futuretracker_api;
do $$
declare
    api_role text;
begin
    for api_role in
        select rolname from pg_roles where rolname in ('anon', 'authenticated')
    loop
        execute format('revoke all on revocations, clerk_events from %I', api_role);
    end loop;
end
$$;

alter table revocations enable row level security, force row level security;
alter table clerk_events enable row level security, force row level security;
create policy api_all on revocations for select to futuretracker_api using (true);

-- Row level security is forced on the owner as well; only one with BYPASSRLS, as on Supabase, would
-- do without these.
do $$
declare
    our_table text;
begin
    foreach our_table in array array['users', 'opportunities', 'opportunity_rounds', 'audit_log',
        'revocations', 'clerk_events']
    loop
        execute format('create policy functions_all on %I to %I using (true) with check (true)',
            our_table, current_user);
    end loop;
end
$$;

-- True the first time; two deliveries of one event at once wait for each other.
create function futuretracker_is_new(event text) returns boolean
language plpgsql security definer set search_path = '' as $$
begin
    delete from public.clerk_events where received_at < now() - interval '7 days';
    insert into public.clerk_events (id) values (event) on conflict do nothing;
    return found;
end
$$;

-- Refuse a session's or a user's tokens for so many seconds. Without an event it is an operator's
-- wish, and always new.
create function futuretracker_revoke(event text, revoked_kind text, revoked text, seconds integer)
returns boolean
language plpgsql security definer set search_path = '' as $$
begin
    if event is not null and not public.futuretracker_is_new(event) then
        return false;
    end if;
    delete from public.revocations where expires_at <= now();
    insert into public.revocations (kind, subject, expires_at)
    values (revoked_kind, revoked, now() + make_interval(secs => seconds))
    on conflict (subject) do update
        set expires_at = greatest(revocations.expires_at, excluded.expires_at);
    return true;
end
$$;

-- Refuse a user's tokens and erase what is known of the user. The audit keeps that something was
-- done, and not to what.
create function futuretracker_erase(event text, erased text, seconds integer, request text)
returns boolean
language plpgsql security definer set search_path = '' as $$
declare
    erased_id uuid;
begin
    -- A first request of the user that is on its way makes its row before this, or not at all.
    perform pg_advisory_xact_lock(hashtextextended('futuretracker ' || erased, 0));
    if not public.futuretracker_revoke(event, 'user', erased, seconds) then
        return false;
    end if;
    -- Whoever adds something of this user holds a share of the row: wait, and let nobody begin.
    select id into erased_id from public.users where clerk_id = erased for update;
    if erased_id is null then
        return true;
    end if;
    delete from public.opportunity_rounds where user_id = erased_id;
    delete from public.opportunities where user_id = erased_id;
    delete from public.users where id = erased_id;
    update public.audit_log set details = '{}' where user_id = erased_id and details <> '{}';
    insert into public.audit_log (user_id, actor, action, resource_id, request_id)
    values (erased_id, erased, 'ERASE_USER', erased_id, request);
    return true;
end
$$;

-- Take over what Clerk knows of a user who is here already. Nobody is made: the first request does
-- that, and so an event that comes late cannot bring a user back.
create function futuretracker_refresh(
    event text, refreshed text, new_email text, new_name text, new_avatar text, as_of timestamptz
) returns boolean
language plpgsql security definer set search_path = '' as $$
begin
    if not public.futuretracker_is_new(event) then
        return false;
    end if;
    update public.users set email = new_email, full_name = new_name, avatar_url = new_avatar,
        clerk_updated_at = as_of, updated_at = now()
    where clerk_id = refreshed and (clerk_updated_at is null or clerk_updated_at <= as_of);
    return true;
end
$$;

-- A request that was let in just before its user was erased must not make the row anew.
create function futuretracker_refuse_revoked() returns trigger
language plpgsql security definer set search_path = '' as $$
begin
    perform pg_advisory_xact_lock_shared(hashtextextended('futuretracker ' || new.clerk_id, 0));
    if exists (
        select from public.revocations
        where kind = 'user' and subject = new.clerk_id and expires_at > now()
    ) then
        return null;
    end if;
    return new;
end
$$;
create trigger refuse_revoked before insert on users
    for each row execute function futuretracker_refuse_revoked();

-- Postgres lets everybody execute a new function, and Supabase its Data API's roles by name.
do $$
declare
    ours record;
    other text;
begin
    for ours in
        select p.oid::regprocedure as signature, p.proname as name from pg_proc as p
        where p.pronamespace = 'public'::regnamespace and p.proname in ('futuretracker_is_new',
            'futuretracker_revoke', 'futuretracker_erase', 'futuretracker_refresh',
            'futuretracker_refuse_revoked')
    loop
        execute format('revoke all on function %s from public', ours.signature);
        for other in
            select rolname from pg_roles where rolname in ('anon', 'authenticated', 'service_role')
        loop
            execute format('revoke all on function %s from %I', ours.signature, other);
        end loop;
        if ours.name in
            ('futuretracker_revoke', 'futuretracker_erase', 'futuretracker_refresh')
        then
            execute format('grant execute on function %s to futuretracker_api', ours.signature);
        end if;
    end loop;
end
$$;
