-- The trash: a deleted opportunity is kept with its interview rounds, until it is restored, deleted for
-- good, or removed by `prune`. It is a table of its own, so no other query needs to leave rows out.

create table trash (
    user_id uuid not null references users (id) on delete cascade,
    id uuid not null,
    deleted_at timestamptz not null default now(),
    title text not null,
    -- The rows as they were. Their columns are those of the time of the deletion.
    opportunity jsonb not null,
    rounds jsonb not null,
    primary key (user_id, id)
);
-- The order of the list; and which rows are due.
create index trash_newest_first on trash (user_id, deleted_at desc, id desc);
create index trash_by_time on trash (deleted_at);

-- The last complete run of each step of `prune`, for `check --deploy`.
create table prune_runs (
    step text primary key,
    finished_at timestamptz not null default now(),
    removed bigint not null
);

alter table trash enable row level security, force row level security;
alter table prune_runs enable row level security, force row level security;
revoke all on trash, prune_runs from public, futuretracker_api;
-- The trigger below inserts; nothing updates.
grant select, delete on trash to futuretracker_api;
grant select on prune_runs to futuretracker_api;
create policy api_owner on trash to futuretracker_api
    using (user_id = nullif(current_setting('app.user_id', true), '')::uuid);
create policy api_owner_only on trash as restrictive to futuretracker_api
    using (user_id = nullif(current_setting('app.user_id', true), '')::uuid);
create policy api_all on prune_runs for select to futuretracker_api using (true);

-- Keep a row that is about to be deleted. A function of the owner, because whoever deletes need not have
-- a right on the trash. Postgres has locked the row, and each statement here has a snapshot of its own, so
-- the rounds are those of the moment.
create function futuretracker_to_trash() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    -- Nothing is kept of a user who is erased, or deleted with everything.
    insert into public.trash (user_id, id, title, opportunity, rounds)
    select old.user_id, old.id, old.title, to_jsonb(old) - array['search', 'search_text'], (
        select coalesce(jsonb_agg(to_jsonb(r) order by r.round_number), '[]')
        from public.opportunity_rounds as r where r.opportunity_id = old.id
    )
    from public.users as u
    where u.id = old.user_id
        and not exists (select from public.erasures as e where e.user_id = old.user_id)
    on conflict (user_id, id) do update set deleted_at = excluded.deleted_at,
        title = excluded.title, opportunity = excluded.opportunity, rounds = excluded.rounds;
    return old;
end
$$;
-- A statement that deletes for good sets `app.permanently`.
create trigger to_trash before delete on opportunities for each row
    when (current_setting('app.permanently', true) is distinct from 'on')
    execute function futuretracker_to_trash();

-- Return the columns of a table that a kept row has too, as SQL. A column that was added since then gets its
-- default, and one that was removed is left out.
create function futuretracker_kept_columns(place regclass, kept jsonb) returns text
language sql stable set search_path = pg_catalog, pg_temp as $$
    select string_agg(quote_ident(attname), ', ') from pg_attribute
    where attrelid = place and attnum > 0 and not attisdropped and attgenerated = '' and kept ? attname
$$;

-- Move an opportunity that was deleted after `since` back from the trash, with its rounds, and return it, or
-- no row if there is none. It gets a new version.
create function futuretracker_restore(owner uuid, wanted uuid, since timestamptz)
returns setof opportunities
language plpgsql volatile set search_path = pg_catalog, pg_temp as $$
declare
    kept public.trash;
    restored public.opportunities;
    columns pg_catalog.text;
begin
    delete from public.trash
    where user_id = owner and id = wanted and deleted_at > since returning * into kept;
    if not found then
        return;
    end if;
    kept.opportunity := kept.opportunity - 'version' || jsonb_build_object('updated_at', now());
    columns := public.futuretracker_kept_columns('public.opportunities', kept.opportunity);
    execute format(
        'insert into public.opportunities (%1$s)'
        ' select %1$s from jsonb_populate_record(null::public.opportunities, $1)'
        ' on conflict (id) do nothing returning *', columns
    ) into restored using kept.opportunity;
    if restored.id is null then
        raise exception 'the id % is taken', wanted
            using errcode = 'unique_violation', constraint = 'opportunity_id_taken';
    end if;
    if kept.rounds <> '[]' then
        columns := public.futuretracker_kept_columns('public.opportunity_rounds', kept.rounds -> 0);
        execute format(
            'insert into public.opportunity_rounds (%1$s)'
            ' select %1$s from jsonb_populate_recordset(null::public.opportunity_rounds, $1)', columns
        ) using kept.rounds;
    end if;
    return next restored;
end
$$;

-- Remove at most so many opportunities of all users that were deleted more than so many days ago, the oldest
-- first. Return their number. What a user restores at this moment is left out.
create function futuretracker_prune_trash(days integer, most integer) returns integer
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    removed pg_catalog.int4;
begin
    delete from public.trash where (user_id, id) in (
        select user_id, id from public.trash
        where deleted_at < now() - make_interval(days => greatest(days, 1))
        order by deleted_at limit most for update skip locked
    );
    get diagnostics removed = row_count;
    return removed;
end
$$;

-- Note that a step of `prune` has finished, and how many rows it has removed.
create function futuretracker_pruned(done text, rows_removed bigint) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    insert into public.prune_runs (step, removed) values (done, rows_removed)
    on conflict (step) do update set finished_at = now(), removed = excluded.removed;
end
$$;

-- Erase in shorter steps, and also the trash. Each of the three functions below continues where the step
-- before stopped, until `ends_at`, and returns whether nothing is left; they run as the owner, because
-- futuretracker_continue_erasure calls them.

-- Until where deleted opportunities were read again: see futuretracker_erase_opportunities.
alter table erasures add column swept_down_to timestamptz not null default 'infinity';

create function futuretracker_erase_opportunities(erased text, ends_at timestamptz) returns boolean
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
    erasure public.erasures;
    row_id pg_catalog.uuid;
    row_time pg_catalog.timestamptz;
    row_ids pg_catalog.uuid[] := '{}';
    is_done pg_catalog.bool := true;
begin
    select * into erasure from public.erasures where clerk_id = erased;
    -- To delete the user, Postgres looks for rows of the user in this index. Whoever finds a deleted one
    -- there first marks it, so that it is not read again. So each step reads what the one before has
    -- deleted, and the last step finds nothing to read.
    perform from public.opportunities
    where user_id = erasure.user_id
        and created_at between erasure.erased_down_to and erasure.swept_down_to
    order by created_at desc, id desc limit 1;
    erasure.swept_down_to := erasure.erased_down_to;
    -- The rounds of an opportunity go with it. The order is that of the index, so the loop begins at
    -- once. Behind a backup nothing is marked; `erased_down_to` skips what is deleted.
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
            is_done := clock_timestamp() <= ends_at;
            exit when not is_done;
        end if;
    end loop;
    delete from public.opportunities where id = any(row_ids);
    update public.erasures set erased_down_to = erasure.erased_down_to,
        swept_down_to = erasure.swept_down_to
    where clerk_id = erased;
    return is_done;
end
$$;

create function futuretracker_erase_trash(erased text, ends_at timestamptz) returns boolean
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
    owner constant pg_catalog.uuid := (select user_id from public.erasures where clerk_id = erased);
begin
    loop
        delete from public.trash where user_id = owner and id in (
            select id from public.trash where user_id = owner order by deleted_at desc, id desc limit 500
        );
        if not found then
            return true;
        end if;
        if clock_timestamp() > ends_at then
            return false;
        end if;
    end loop;
end
$$;

-- The audit keeps that something was done, and not to what.
create function futuretracker_redact_audit(erased text, ends_at timestamptz) returns boolean
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
    erasure public.erasures;
    entry_id pg_catalog.int8;
    entry_time pg_catalog.timestamptz;
    entry_ids pg_catalog.int8[] := '{}';
    is_done pg_catalog.bool := true;
begin
    select * into erasure from public.erasures where clerk_id = erased;
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
            is_done := clock_timestamp() <= ends_at;
            exit when not is_done;
        end if;
    end loop;
    update public.audit_log set details = '{}' where id = any(entry_ids);
    update public.erasures set redacted_up_to = erasure.redacted_up_to where clerk_id = erased;
    return is_done;
end
$$;

-- Read each index once more in which Postgres looks for rows of the user, as a step of its own.
create function futuretracker_sweep(erased text, ends_at timestamptz) returns boolean
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
    erasure public.erasures;
begin
    select * into erasure from public.erasures where clerk_id = erased;
    if erasure.is_swept then
        return true;
    end if;
    perform from public.opportunities
    where user_id = erasure.user_id and created_at <= erasure.swept_down_to
    order by created_at desc, id desc limit 1;
    perform from public.opportunity_rounds where user_id = erasure.user_id limit 1;
    perform from public.trash where user_id = erasure.user_id order by id limit 1;
    update public.erasures set is_swept = true where clerk_id = erased;
    return clock_timestamp() <= ends_at;
end
$$;

-- Erase for about so many milliseconds, at least one batch. Return whether nothing is left.
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

-- Postgres lets everybody execute a new function. Supabase grants its Data API's roles every new table and
-- function by name.
do $$
declare
    ours record;
    other text;
begin
    for other in
        select rolname from pg_roles where rolname in ('anon', 'authenticated')
    loop
        execute format('revoke all on trash, prune_runs from %I', other);
    end loop;
    for ours in
        select p.oid::regprocedure as signature from pg_proc as p
        where p.pronamespace = 'public'::regnamespace and p.proname in ('futuretracker_to_trash',
            'futuretracker_kept_columns', 'futuretracker_restore', 'futuretracker_erase_opportunities',
            'futuretracker_erase_trash', 'futuretracker_redact_audit', 'futuretracker_sweep',
            'futuretracker_prune_trash', 'futuretracker_pruned')
    loop
        execute format('revoke all on function %s from public', ours.signature);
        for other in
            select rolname from pg_roles where rolname in ('anon', 'authenticated', 'service_role')
        loop
            execute format('revoke all on function %s from %I', ours.signature, other);
        end loop;
    end loop;
    execute format(
        'create policy functions_all on trash to %I using (true) with check (true)', current_user
    );
    execute format(
        'create policy functions_all on prune_runs to %I using (true) with check (true)', current_user
    );
end
$$;
grant execute on function futuretracker_restore, futuretracker_kept_columns, futuretracker_prune_trash,
    futuretracker_pruned to futuretracker_api;
