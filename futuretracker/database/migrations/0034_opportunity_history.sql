-- The history of an opportunity. The service's role may not read audit_log: this function is all that it
-- can read of it, and only about one opportunity of the user of its statement.
--
-- Entries of rounds have the id of the opportunity in their details. The index <partition>_history has
-- every entry but those of creations, so that a create costs no more than before. A creation is found
-- by its time, in the index of the user's entries. If the opportunity is gone, that time is not known,
-- and all older entries of the user are read for it.
--
-- A connection plans it once: planning for all partitions takes ten times as long as reading them.
create function futuretracker_history(
    owner uuid, wanted uuid, before_at timestamptz, before_id bigint, most integer
) returns table (
    entry_id bigint, entry_at timestamptz, entry_action text, entry_resource uuid, entry_client text,
    entry_changes jsonb
)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan as $$
declare
    created_at constant pg_catalog.timestamptz := coalesce((
        select o.created_at from public.opportunities as o where o.id = wanted and o.user_id = owner
    ), (
        select (t.opportunity ->> 'created_at')::pg_catalog.timestamptz from public.trash as t
        where t.id = wanted and t.user_id = owner
    ));
begin
    if owner is distinct from nullif(current_setting('app.user_id', true), '')::pg_catalog.uuid then
        return;
    end if;
    return query
        with changed as materialized (
            select a.id, a.at, a.action, a.resource_id, a.client, a.changes
            from public.audit_log as a
            where coalesce(a.details ->> 'opportunityId', a.resource_id::pg_catalog.text)
                    collate "C" = wanted::pg_catalog.text
                and a.action <> 'CREATE_OPPORTUNITY'
                -- Not an equality, so that Postgres does not choose the index of the user's entries.
                and a.user_id is not distinct from owner
                and a.at <= before_at and (a.at, a.id) < (before_at, before_id)
            order by a.at desc, a.id desc
            limit most
        ), found as (
            select * from changed
            union all (
                select a.id, a.at, a.action, a.resource_id, a.client, a.changes
                from public.audit_log as a
                where a.user_id = owner and a.resource_id = wanted
                    and a.action = 'CREATE_OPPORTUNITY'
                    and a.at between coalesce(created_at - interval '1 minute', '-infinity')
                        and least(created_at + interval '1 minute', before_at,
                            (select min(c.at) from changed as c))
                    and (a.at, a.id) < (before_at, before_id)
                    and (select count(*) from changed) < most
                order by a.at desc
                limit 1
            )
        )
        select * from found order by at desc, id desc limit most;
end
$$;

-- Postgres lets everybody execute a new function, and Supabase its Data API's roles by name.
revoke all on function futuretracker_history(uuid, uuid, timestamptz, bigint, integer) from public;
do $$
declare
    other text;
begin
    for other in
        select rolname from pg_roles where rolname in ('anon', 'authenticated', 'service_role')
    loop
        execute format(
            'revoke all on function futuretracker_history(uuid, uuid, timestamptz, bigint, integer)'
            ' from %I', other);
    end loop;
end
$$;
grant execute on function futuretracker_history to futuretracker_api;
