-- The service's own role, and rows that only their owner can reach whatever the SQL says.
-- Roles belong to the whole cluster, so another database may have made this one already.

do $$
begin
    create role futuretracker_api;
exception
    when duplicate_object or unique_violation then null;
end
$$;

-- It has no password until the owner gives it one (see the README).
alter role futuretracker_api login noinherit nocreatedb nocreaterole;
-- Settings of the role, not of a session: they hold behind a transaction pooler as well.
alter role futuretracker_api set timezone = 'UTC';
alter role futuretracker_api set statement_timeout = '2s';
alter role futuretracker_api set lock_timeout = '500ms';
alter role futuretracker_api set idle_in_transaction_session_timeout = '5s';

grant usage on schema public to futuretracker_api;
revoke all on users, opportunities, audit_log from futuretracker_api;
grant select, insert on users to futuretracker_api;
grant update (email, updated_at) on users to futuretracker_api;
grant select, insert, update, delete on opportunities to futuretracker_api;
grant insert on audit_log to futuretracker_api;

-- Supabase's Data API acts as these two roles: with grants here, a user could walk around this
-- service, its limits and its audit.
do $$
declare
    api_role text;
begin
    for api_role in
        select rolname from pg_roles where rolname in ('anon', 'authenticated')
    loop
        execute format('revoke all on users, opportunities, audit_log from %I', api_role);
        execute format('revoke all on sequence audit_log_id_seq from %I', api_role);
    end loop;
end
$$;
revoke all on users, opportunities, audit_log from public;

alter table users enable row level security, force row level security;
alter table opportunities enable row level security, force row level security;
alter table audit_log enable row level security, force row level security;

-- Each table gets a permissive policy, which opens it to the owner, and the same as a restrictive
-- one, so that policies which an existing database may have cannot open it any further. The
-- settings hold for one statement; where they are missing or empty nothing matches. The sub-select
-- makes it one evaluation a query instead of one a row.

create policy api_owner on opportunities to futuretracker_api
    using (user_id = (select nullif(current_setting('app.user_id', true), '')::uuid));
create policy api_owner_only on opportunities as restrictive to futuretracker_api
    using (user_id = (select nullif(current_setting('app.user_id', true), '')::uuid));

create policy api_owner on users to futuretracker_api
    using (clerk_id = (select nullif(current_setting('app.clerk_id', true), '')));
create policy api_owner_only on users as restrictive to futuretracker_api
    using (clerk_id = (select nullif(current_setting('app.clerk_id', true), '')));

create policy api_owner on audit_log for insert to futuretracker_api
    with check (user_id = (select nullif(current_setting('app.user_id', true), '')::uuid));
create policy api_owner_only on audit_log as restrictive for insert to futuretracker_api
    with check (user_id = (select nullif(current_setting('app.user_id', true), '')::uuid));
