-- Give audit_log a partition for each month, so that old months are dropped and not deleted. The table
-- that exists becomes the first partition, as it is: no row is written or read.

-- Every write adds an entry, so this waits for the table for a shorter time than their lock_timeout.
set local lock_timeout = '300ms';
lock table audit_log in access exclusive mode;

-- A partition has no identity. The sequence goes on where that of the identity ends.
do $$
declare
    following constant bigint := nextval('audit_log_id_seq');
begin
    alter table audit_log alter column id drop identity;
    execute format('create sequence audit_log_id_seq as bigint start %s', following);
end
$$;

alter table audit_log rename to audit_log_first;
alter index audit_log_pkey rename to audit_log_first_pkey;
alter index audit_log_by_user rename to audit_log_first_by_user;
drop trigger redact_changes on audit_log_first;

-- Without indexes: each partition has its own. An index here would be created for each attached table
-- while nobody can write to it, and could not be unique without the time.
create table audit_log (
    id bigint not null default nextval('audit_log_id_seq'),
    at timestamptz not null default now(),
    user_id uuid not null,
    actor text not null,
    action text not null,
    resource_id uuid,
    details jsonb not null default '{}',
    request_id text not null,
    client text,
    changes jsonb
) partition by range (at);
alter sequence audit_log_id_seq owned by audit_log.id;
create trigger redact_changes before update of details on audit_log
    for each row when (new.details = '{}' and new.changes is not null)
    execute function futuretracker_redact_changes();

alter table audit_log enable row level security, force row level security;
-- The rights and policies of the old table, also those that an operator has added, and no others:
-- Supabase grants its Data API's roles every new table and sequence. A partition has no rights of its
-- own, so the policies of audit_log hold for everybody.
do $$
declare
    other text;
    entry record;
    policy record;
begin
    for other in
        select rolname from pg_roles where rolname in ('anon', 'authenticated', 'service_role')
    loop
        execute format('revoke all on audit_log from %I', other);
        execute format('revoke all on sequence audit_log_id_seq from %I', other);
    end loop;
    for entry in
        select null as attname, acl.*, coalesce(quote_ident(r.rolname), 'public') as who
        from pg_class as c cross join aclexplode(c.relacl) as acl
            left join pg_roles as r on r.oid = acl.grantee
        where c.oid = 'audit_log_first'::regclass and acl.grantee <> c.relowner
        union all
        select a.attname, acl.*, coalesce(quote_ident(r.rolname), 'public')
        from pg_attribute as a cross join aclexplode(a.attacl) as acl
            left join pg_roles as r on r.oid = acl.grantee
        where a.attrelid = 'audit_log_first'::regclass
    loop
        execute format('grant %s %s on audit_log to %s', entry.privilege_type,
            '(' || quote_ident(entry.attname) || ')', entry.who);
        execute format('revoke all on audit_log_first from %s', entry.who);
        if entry.privilege_type = 'INSERT' then
            -- An identity needs no right on its sequence.
            execute format('grant usage on sequence audit_log_id_seq to %s', entry.who);
        end if;
    end loop;
    for policy in select * from pg_policies where schemaname = 'public' and tablename = 'audit_log_first'
    loop
        execute format('create policy %I on audit_log as %s for %s to %s %s %s', policy.policyname,
            policy.permissive, policy.cmd, (select string_agg(
                case role when 'public' then role::text else quote_ident(role) end, ', ')
                from unnest(policy.roles) as role),
            'using (' || policy.qual || ')', 'with check (' || policy.with_check || ')');
        execute format('drop policy %I on audit_log_first', policy.policyname);
    end loop;
end
$$;

-- The constraint of 0029 says how far the first partition goes, and saves reading it now.
do $$
begin
    execute format('alter table audit_log attach partition audit_log_first'
        ' for values from (minvalue) to (%L)', (
            select substring(pg_get_constraintdef(oid) from $re$'(.+)'::timestamp with time zone$re$)
            from pg_constraint where conname = 'audit_log_first'
        ));
end
$$;
alter table audit_log_first drop constraint audit_log_first;

-- Create the table of a partition: what a partition needs beside its columns.
create function futuretracker_create_audit_partition(name text) returns void
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
    other pg_catalog.text;
begin
    execute format('create table public.%I (like public.audit_log including defaults)', name);
    execute format('alter table public.%I add primary key (id)', name);
    execute format('create index %I on public.%I (user_id, at)', name || '_by_user', name);
    execute format('create index %I on public.%I (%s, at) where action <> ''CREATE_OPPORTUNITY''',
        name || '_history', name, $re$(coalesce(details ->> 'opportunityId', resource_id::text)) collate "C"$re$);
    execute format('alter table public.%I enable row level security, force row level security', name);
    execute format('revoke all on public.%I from public', name);
    for other in
        select rolname from pg_roles where rolname in ('anon', 'authenticated', 'service_role')
    loop
        execute format('revoke all on public.%I from %I', name, other);
    end loop;
end
$$;

-- Create the missing partitions up to so many months ahead of this one, in UTC; return their number. A
-- month of which the default partition has entries stays there. To attach a table locks audit_log only
-- against other changes of its definition, and the default partition, which is empty as a rule.
create function futuretracker_add_audit_partitions(ahead integer) returns integer
language plpgsql set search_path = pg_catalog, pg_temp set lock_timeout = '300ms' as $$
declare
    this_month constant pg_catalog.timestamp := date_trunc('month', now() at time zone 'UTC');
    month pg_catalog.timestamp;
    starts pg_catalog.timestamptz;
    ends pg_catalog.timestamptz;
    name pg_catalog.text;
    added pg_catalog.int4 := 0;
begin
    perform pg_advisory_xact_lock(hashtextextended('futuretracker audit partitions', 0));
    select greatest(this_month, max(substring(pg_get_expr(c.relpartbound, c.oid)
        from $re$TO \('(.+)'\)$re$)::pg_catalog.timestamptz at time zone 'UTC'))
    into month
    from pg_inherits as i join pg_class as c on c.oid = i.inhrelid
    where i.inhparent = 'public.audit_log'::pg_catalog.regclass;
    while month <= this_month + make_interval(months => ahead) loop
        starts := month at time zone 'UTC';
        month := month + interval '1 month';
        ends := month at time zone 'UTC';
        -- The entries of the default partition. A partition has no policies of its own, so an owner
        -- that row level security restricts sees them in audit_log only.
        if exists (select from public.audit_log where at >= starts and at < ends) then
            continue;
        end if;
        name := 'audit_log_' || to_char(starts at time zone 'UTC', 'YYYY_MM');
        perform public.futuretracker_create_audit_partition(name);
        execute format('alter table public.audit_log attach partition public.%I'
            ' for values from (%L) to (%L)', name, starts, ends);
        added := added + 1;
    end loop;
    return added;
end
$$;

-- Entries of a month without a partition: no write ever fails for the lack of one.
select futuretracker_create_audit_partition('audit_log_default');
alter table audit_log attach partition audit_log_default default;
select futuretracker_add_audit_partitions(3);

-- Postgres lets everybody execute a new function, and Supabase its Data API's roles by name.
do $$
declare
    ours record;
    other text;
begin
    for ours in
        select p.oid::regprocedure as signature from pg_proc as p
        where p.pronamespace = 'public'::regnamespace and p.proname in (
            'futuretracker_create_audit_partition', 'futuretracker_add_audit_partitions')
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
