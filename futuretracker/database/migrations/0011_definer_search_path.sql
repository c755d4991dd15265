-- Stop the role futuretracker_api from running its own code with the owner's rights.
--
-- A SECURITY DEFINER function runs as its owner. Postgres searches pg_temp first for the names of
-- types and tables, unless search_path names pg_temp. With search_path = '' a caller could create
-- the domain pg_temp.uuid, and futuretracker_erase ran the check of that domain as the owner.
-- Postgres never searches pg_temp for functions and operators. Policies, defaults and check
-- constraints resolve their names when they are created.

-- The function of migration 0006, with a qualified type.
create or replace function futuretracker_erase(
    event text, erased text, seconds integer, request text
) returns boolean
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    erased_id pg_catalog.uuid;
begin
    -- A first request of this user either creates the user before this lock, or is refused.
    perform pg_advisory_xact_lock(hashtextextended('futuretracker ' || erased, 0));
    if not public.futuretracker_revoke(event, 'user', erased, seconds) then
        return false;
    end if;
    -- A transaction that adds data of this user holds a share lock on the row: wait for it.
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

-- The bodies of the others name no type, or only keywords such as interval, which always mean the
-- type in pg_catalog.
alter function futuretracker_is_new(text) set search_path = pg_catalog, pg_temp;
alter function futuretracker_revoke(text, text, text, integer)
    set search_path = pg_catalog, pg_temp;
alter function futuretracker_refresh(text, text, text, text, text, timestamptz)
    set search_path = pg_catalog, pg_temp;
alter function futuretracker_refuse_revoked() set search_path = pg_catalog, pg_temp;
-- This one runs as its caller. It gets the same path, so that all functions have one rule.
alter function futuretracker_rounds_now(uuid, uuid) set search_path = pg_catalog, pg_temp;

-- A trigger function runs as the owner when a function of the owner, or a foreign key's action,
-- writes the row. The types of its variables stay as the session's first call resolved them, and
-- that call may have been the role's. This function runs on every write of an opportunity, and a
-- SET clause would add to the cost of each call. A qualified type is enough: the function names no
-- table. status_agrees (migration 0009) names neither a type nor a table, so it stays as it is.
create or replace function opportunity_words() returns trigger language plpgsql as $$
declare
    texts pg_catalog.text := new.title || ' ' || coalesce(new.description, '')
        || ' ' || coalesce(new.notes, '');
begin
    new.search := to_tsvector('simple', texts);
    -- Index what Postgres takes for one word (AI/ML, node.js, 2026-2027) also by its parts. Without
    -- positions, so that no phrase matches across the two halves. A mark before a space joins
    -- nothing, unless there is a tilde, which may begin a file name.
    if texts ~ '~|[-/.@:_\\=?&<>][^ ]' then
        new.search := new.search
            || strip(to_tsvector('simple', regexp_replace(texts, '[-/.@:_\\=?&<>]', ' ', 'g')));
    end if;
    return new;
end
$$;

-- Without temporary objects there is nothing to find in pg_temp. Only the owner of the database can
-- revoke this; elsewhere the migration goes on, and `check --deploy` reports it.
do $$
declare
    owned boolean;
begin
    select pg_has_role(current_user, datdba, 'usage') into owned
    from pg_database where datname = current_database();
    if owned then
        execute format('revoke temporary on database %I from public', current_database());
    else
        raise warning 'PUBLIC keeps TEMPORARY on database %: % does not own the database',
            current_database(), current_user;
    end if;
end
$$;
