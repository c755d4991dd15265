-- What anomaly detection may do about a finding, and how it is undone.

-- Requests read these tables, so this waits for them for a shorter time than their lock_timeout.
set local lock_timeout = '300ms';

-- A suspended key is refused until an operator undoes it. No grant lets the service's role set the
-- column, so a user cannot lift the suspension by changing or rotating the key.
alter table api_keys add column suspended_at timestamptz;

-- Users with the lower rate limit, and until when.
create table slowed_users (
    clerk_id text primary key references users (clerk_id) on delete cascade,
    ends_at timestamptz not null
);
revoke all on slowed_users from public, futuretracker_api, futuretracker_watch;
grant select on slowed_users to futuretracker_api;
alter table slowed_users enable row level security, force row level security;
create policy api_all on slowed_users for select to futuretracker_api using (true);

-- An action is planned first, and done in a later statement. `done_at` is null until then.
alter table anomaly_actions
    alter column done_at drop not null,
    alter column done_at drop default,
    add column planned_at timestamptz not null default now(),
    -- How often it was tried, and when it is tried again.
    add column attempts integer not null default 0,
    add column next_at timestamptz not null default now(),
    -- It will not be tried again; `detail` says why.
    add column failed_at timestamptz,
    -- The end of a revocation or of a lower limit, and that of an earlier revocation to go back to.
    add column ends_at timestamptz,
    add column former_until timestamptz,
    -- The message to send, so that each attempt sends the same one.
    add column body text,
    add constraint anomaly_actions_once unique (finding_id, action);
create index anomaly_actions_to_do on anomaly_actions (next_at)
    where done_at is null and failed_at is null;

-- Write an audit entry about an action, if its finding is about a user who is here.
create function futuretracker_audit_action(act_id bigint, what text, who text) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    insert into public.audit_log (user_id, actor, action, details, request_id, client)
    select u.id, who, what,
        jsonb_build_object('findingId', f.id, 'kind', f.kind, 'subject', a.subject), f.id, who
    from public.anomaly_actions as a
        join public.anomaly_findings as f on f.id = a.finding_id
        join public.users as u on u.clerk_id = f.clerk_id
    where a.id = act_id;
end
$$;

-- Carry out an action that was planned: `seconds` is how long a revocation or a lower limit lasts.
-- The action, its audit entry and its record are one transaction. Return 'done', 'gone' if there is no
-- such key or user, or 'nothing' if it was done or cancelled before.
create function futuretracker_act(act_id bigint, seconds integer) returns text
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    act public.anomaly_actions;
    id_of constant pg_catalog.jsonb := '{"revoke-session": "REVOKE_SESSION",
        "suspend-key": "SUSPEND_API_KEY", "lower-limit": "LOWER_RATE_LIMIT", "webhook": "SEND_WEBHOOK"}';
    target pg_catalog.text;
    former pg_catalog.timestamptz;
    former_version pg_catalog.int4;
begin
    select * into act from public.anomaly_actions where id = act_id for update;
    if not found or act.dry_run or act.done_at is not null or act.failed_at is not null then
        return 'nothing';
    end if;
    target := substr(act.subject, strpos(act.subject, ':') + 1);
    if act.action = 'revoke-session' then
        select expires_at into former from public.revocations
        where subject = target and expires_at > now();
        if exists (select from public.anomaly_actions
            where action = act.action and subject = act.subject and ends_at = former)
        then
            select former_until into former from public.anomaly_actions
            where action = act.action and subject = act.subject and ends_at = former
            order by id limit 1;
        end if;
        perform public.futuretracker_revoke(null, 'session', target, seconds);
    elsif act.action = 'suspend-key' then
        update public.api_keys
        set suspended_at = coalesce(suspended_at, now()), version = version + 1
        where id = target
        returning version - 1 into former_version;
        if not found then
            return 'gone';
        end if;
        -- Processes remember the session of a key for less than 120 seconds.
        perform public.futuretracker_revoke(
            null, 'key', 'key_' || target || '.' || former_version, 120);
    elsif act.action = 'lower-limit' then
        delete from public.slowed_users where ends_at <= now();
        insert into public.slowed_users (clerk_id, ends_at)
        select clerk_id, now() + make_interval(secs => seconds) from public.users
        where clerk_id = target
        on conflict (clerk_id) do update
            set ends_at = greatest(slowed_users.ends_at, excluded.ends_at);
        if not found then
            return 'gone';
        end if;
    end if;
    update public.anomaly_actions set done_at = now(), former_until = former,
        ends_at = case when action in ('revoke-session', 'lower-limit')
            then now() + make_interval(secs => seconds) end
    where id = act_id;
    perform public.futuretracker_audit_action(act_id, id_of ->> act.action, 'watch');
    return 'done';
end
$$;

-- Undo an action. Return 'undone', 'kept' if something else still asks for it (another finding, or a
-- later revocation), 'gone' if the key does not exist any more, or 'nothing' if nothing was done.
create function futuretracker_undo(act_id bigint) returns text
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    act public.anomaly_actions;
    id_of constant pg_catalog.jsonb := '{"revoke-session": "RESTORE_SESSION",
        "suspend-key": "RESUME_API_KEY", "lower-limit": "RESTORE_RATE_LIMIT",
        "webhook": "SEND_WEBHOOK"}';
    target pg_catalog.text;
    outcome pg_catalog.text := 'undone';
begin
    select * into act from public.anomaly_actions where id = act_id for update;
    if not found or act.dry_run or act.done_at is null or act.undone_at is not null then
        return 'nothing';
    end if;
    target := substr(act.subject, strpos(act.subject, ':') + 1);
    if act.action <> 'webhook' and exists (
        select from public.anomaly_actions
        where action = act.action and subject = act.subject and id <> act_id and not dry_run
            and done_at is not null and undone_at is null and coalesce(ends_at > now(), true)
    ) then
        outcome := 'kept';
    elsif act.action = 'revoke-session' then
        update public.revocations set expires_at = coalesce(act.former_until, now())
        where subject = target and expires_at = act.ends_at;
        if not found and exists (
            select from public.revocations where subject = target and expires_at > now()
        ) then
            outcome := 'kept';
        end if;
    elsif act.action = 'suspend-key' then
        update public.api_keys set suspended_at = null where id = target;
        if not found then
            outcome := 'gone';
        end if;
    elsif act.action = 'lower-limit' then
        delete from public.slowed_users where clerk_id = target;
    end if;
    update public.anomaly_actions set undone_at = now() where id = act_id;
    perform public.futuretracker_audit_action(act_id, id_of ->> act.action, 'operator');
    return outcome;
end
$$;

-- Postgres lets everybody execute a new function, and Supabase gives its Data API's roles each new
-- function and table by name.
do $$
declare
    ours record;
    other text;
begin
    for ours in
        select p.oid::regprocedure as signature, p.proname as name from pg_proc as p
        where p.pronamespace = 'public'::regnamespace and p.proname in (
            'futuretracker_audit_action', 'futuretracker_act', 'futuretracker_undo')
    loop
        execute format('revoke all on function %s from public', ours.signature);
        for other in
            select rolname from pg_roles where rolname in ('anon', 'authenticated', 'service_role')
        loop
            execute format('revoke all on function %s from %I', ours.signature, other);
        end loop;
        if ours.name <> 'futuretracker_audit_action' then
            execute format('grant execute on function %s to futuretracker_watch', ours.signature);
        end if;
    end loop;
    for other in
        select rolname from pg_roles where rolname in ('anon', 'authenticated')
    loop
        execute format('revoke all on slowed_users from %I', other);
    end loop;
    execute format(
        'create policy functions_all on slowed_users to %I using (true) with check (true)',
        current_user
    );
end
$$;
