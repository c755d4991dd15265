-- API keys: what a program sends instead of a session token.

-- Which client has made a change: 'web', 'extension', 'app' or 'key:<id>'. Nullable, so the previous
-- release can still insert entries.
alter table audit_log add column client text;
grant insert (client) on audit_log to futuretracker_api;

create table api_keys (
    id text primary key check (id ~ '^[0-9A-Za-z]{12}$'),
    user_id uuid not null references users (id) on delete cascade,
    -- Clerk's id of the user, so that one row is all that a request with a key needs.
    clerk_id text not null,
    name text not null check (char_length(name) between 1 and 100),
    scopes text[] not null check (
        cardinality(scopes) > 0
        and scopes <@ array['opportunities:read', 'opportunities:write', 'account:read']
    ),
    -- From where the key may be used; empty: from everywhere.
    networks cidr[] not null default '{}' check (cardinality(networks) <= 10),
    -- Null for a key that is sent as a bearer token; the others sign requests.
    algorithm text check (algorithm in ('ed25519', 'hmac-sha256')),
    public_key bytea check (octet_length(public_key) = 32),
    -- SHA-256 of the secret. The secret itself is not stored.
    secret_digest bytea check (octet_length(secret_digest) = 32),
    -- Of the secret before the last rotation, which stays valid for a while.
    former_digest bytea check (octet_length(former_digest) = 32),
    former_until timestamptz,
    -- Each change increments it. Processes remember a key with its version.
    version integer not null default 1,
    created_at timestamptz not null default now(),
    expires_at timestamptz,
    last_used_at timestamptz,
    last_used_address inet,
    last_used_agent text,
    check (case when algorithm = 'ed25519'
        then public_key is not null and secret_digest is null
        else public_key is null and secret_digest is not null
    end),
    check ((former_digest is null) = (former_until is null)),
    check (former_digest is null or secret_digest is not null)
);
create index api_keys_owner on api_keys (user_id);

revoke all on api_keys from public, futuretracker_api;
grant select, delete on api_keys to futuretracker_api;
grant insert (id, user_id, clerk_id, name, scopes, networks, algorithm, public_key, secret_digest,
    expires_at) on api_keys to futuretracker_api;
grant update (name, scopes, networks, secret_digest, former_digest, former_until, version, expires_at,
    last_used_at, last_used_address, last_used_agent) on api_keys to futuretracker_api;

alter table api_keys enable row level security, force row level security;
create policy api_owner on api_keys to futuretracker_api
    using (user_id = (select nullif(current_setting('app.user_id', true), '')::uuid));
-- A request with a key has no user yet. It sees the one key whose id it names, and notes its use.
create policy api_key on api_keys for select to futuretracker_api
    using (id = (select nullif(current_setting('app.api_key', true), '')));
create policy api_key_used on api_keys for update to futuretracker_api
    using (id = (select nullif(current_setting('app.api_key', true), '')));
create policy api_owner_only on api_keys as restrictive to futuretracker_api
    using (
        user_id = (select nullif(current_setting('app.user_id', true), '')::uuid)
        or id = (select nullif(current_setting('app.api_key', true), ''))
    );

-- Refuse the eleventh key of a user that has not expired. Keep the ten keys that expired last, so
-- that the list of a user has an end.
create function futuretracker_limit_api_keys() returns trigger
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
    -- Concurrent inserts wait for each other. Each statement below has a snapshot of its own, so it
    -- sees the keys of those before.
    perform pg_advisory_xact_lock(hashtextextended('futuretracker api keys ' || new.user_id, 0));
    delete from public.api_keys where id in (
        select id from public.api_keys where user_id = new.user_id and expires_at <= now()
        order by expires_at desc, id offset 10
    );
    if (
        select count(*) from public.api_keys
        where user_id = new.user_id and (expires_at is null or expires_at > now())
    ) >= 10 then
        raise exception 'user % has 10 API keys', new.user_id
            using errcode = 'check_violation', constraint = 'api_keys_at_most_ten';
    end if;
    return new;
end
$$;
create trigger limit_api_keys before insert on api_keys
    for each row execute function futuretracker_limit_api_keys();

-- Supabase grants its Data API's roles every new table and function, and Postgres lets everybody
-- execute a new function.
revoke all on function futuretracker_limit_api_keys() from public;
do $$
declare
    other text;
begin
    for other in
        select rolname from pg_roles where rolname in ('anon', 'authenticated')
    loop
        execute format('revoke all on api_keys from %I', other);
    end loop;
    for other in
        select rolname from pg_roles where rolname in ('anon', 'authenticated', 'service_role')
    loop
        execute format('revoke all on function futuretracker_limit_api_keys() from %I', other);
    end loop;
    execute format(
        'create policy functions_all on api_keys to %I using (true) with check (true)',
        current_user
    );
end
$$;

-- A changed or deleted key is revoked like a session. Every process reads revocations every two
-- seconds. So this waits for the table for a shorter time than their lock_timeout, and does not read
-- the rows, which comply with the narrower check.
set local lock_timeout = '300ms';
alter table revocations
    drop constraint revocations_kind_check,
    add constraint revocations_kind_check check (kind in ('session', 'user', 'key')) not valid;
