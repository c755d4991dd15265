-- Anomaly detection: what `watch` knows of users, keys and networks, and what it has found. It has a
-- role of its own with the few rights that it needs. The service's role has none on these tables.
--
-- Roles belong to the whole cluster, so another database may have made this one already. It has no
-- password until the owner gives it one. Settings of the role hold behind a transaction pooler as
-- well. The last one matters if a host disappears within a transaction: the others wait for its lock.
do $$
begin
    create role futuretracker_watch login noinherit nocreatedb nocreaterole;
    alter role futuretracker_watch set timezone = 'UTC';
    alter role futuretracker_watch set statement_timeout = '30s';
    alter role futuretracker_watch set lock_timeout = '5s';
    alter role futuretracker_watch set idle_in_transaction_session_timeout = '30s';
exception
    when duplicate_object or unique_violation then null;
end
$$;

-- How far each source of log lines is read. The position changes in the transaction that adds the
-- observations to the inbox.
create table watch_sources (
    name text primary key,
    position text not null,
    lines bigint not null default 0,
    -- The number of lines that were not used, by reason.
    skipped jsonb not null default '{}',
    read_at timestamptz not null default now()
);

-- What was read and is not evaluated yet: an array of observations in each row.
create table watch_inbox (
    id bigint generated always as identity primary key,
    host text not null,
    observations jsonb not null,
    at timestamptz not null default now()
);

-- One row. Whoever holds its lock evaluates, and `leader` is the host that does so.
create table watch_state (
    only_row boolean primary key default true check (only_row),
    leader text,
    evaluated_at timestamptz,
    -- The last row of audit_log that was evaluated.
    audit_id bigint not null
);
insert into watch_state (audit_id) select coalesce(max(id), 0) from audit_log;

-- What is usual for a user, a key or a network. `clerk_id` is the user of a profile that is about
-- one, so that it is erased with the user.
create table watch_profiles (
    subject text primary key,
    clerk_id text,
    profile text not null,
    seen_at timestamptz not null
);
create index watch_profiles_by_user on watch_profiles (clerk_id) where clerk_id is not null;

create table anomaly_findings (
    id text primary key,
    kind text not null,
    severity text not null check (severity in ('low', 'medium', 'high')),
    subject text not null,
    -- Null if the finding is not about one user.
    clerk_id text,
    reason text not null,
    figures jsonb not null default '{}',
    -- Ids of requests.
    evidence text[] not null default '{}',
    first_seen timestamptz not null,
    last_seen timestamptz not null,
    times integer not null default 1,
    state text not null default 'open' check (state in ('open', 'accepted', 'dismissed')),
    pattern text not null default '',
    strength double precision not null default 1,
    action text not null default 'none',
    -- Whether the line of type ANOMALY was written. It is written after the commit, so a process
    -- that ends in between leaves it to the next one.
    announced boolean not null default false,
    decided_at timestamptz,
    note text not null default ''
);
create index anomaly_findings_by_subject on anomaly_findings (subject, kind);
create index anomaly_findings_by_user on anomaly_findings (clerk_id) where clerk_id is not null;
create index anomaly_findings_to_announce on anomaly_findings (first_seen) where not announced;

-- What was done about a finding, or would have been done.
create table anomaly_actions (
    id bigint generated always as identity primary key,
    finding_id text not null references anomaly_findings (id) on delete cascade,
    action text not null,
    subject text not null,
    dry_run boolean not null,
    detail text not null default '',
    done_at timestamptz not null default now(),
    undone_at timestamptz
);
create index anomaly_actions_by_finding on anomaly_actions (finding_id);

-- Supabase grants its Data API's roles every new table, and Postgres lets nobody else in.
do $$
declare
    ours text;
    other text;
begin
    foreach ours in array array['watch_sources', 'watch_inbox', 'watch_state', 'watch_profiles',
        'anomaly_findings', 'anomaly_actions']
    loop
        execute format('revoke all on %I from public, futuretracker_api, futuretracker_watch', ours);
        for other in
            select rolname from pg_roles where rolname in ('anon', 'authenticated')
        loop
            execute format('revoke all on %I from %I', ours, other);
        end loop;
        execute format('alter table %I enable row level security, force row level security', ours);
        execute format('create policy watch_all on %I to futuretracker_watch using (true)', ours);
        execute format('create policy functions_all on %I to %I using (true) with check (true)',
            ours, current_user);
    end loop;
    for other in
        select rolname from pg_roles where rolname in ('anon', 'authenticated')
    loop
        execute format('revoke all on sequence watch_inbox_id_seq, anomaly_actions_id_seq from %I',
            other);
    end loop;
end
$$;
grant usage on schema public to futuretracker_watch;
grant select, insert, update on watch_sources to futuretracker_watch;
grant select, insert, delete on watch_inbox to futuretracker_watch;
grant select, update on watch_state to futuretracker_watch;
grant select, insert, update, delete on watch_profiles to futuretracker_watch;
grant select, insert, update on anomaly_findings, anomaly_actions to futuretracker_watch;

-- It reads who changed something and when, and not what: `details` has texts of users.
grant select (id, at, actor, action, request_id, client) on audit_log to futuretracker_watch;
create policy watch_all on audit_log for select to futuretracker_watch using (true);
-- It keeps nothing about a user who was erased, and needs to know who is still here.
grant select (clerk_id) on users to futuretracker_watch;
create policy watch_all on users for select to futuretracker_watch using (true);

-- Erase as before, and also what `watch` knows of the user. The lock is the one that `watch` takes
-- before it looks who is still here and writes: it does so before this, or finds nobody.
create or replace function futuretracker_continue_erasure(erased text, milliseconds integer)
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
    perform pg_advisory_xact_lock(hashtextextended('futuretracker watch', 0));
    delete from public.watch_profiles where clerk_id = erased;
    delete from public.anomaly_findings where clerk_id = erased;
    delete from public.erasures where clerk_id = erased;
    return true;
end
$$;
