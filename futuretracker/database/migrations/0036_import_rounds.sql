-- Give opportunities of a user exactly these rounds, as an import has them:
-- [{"opportunity_id": ..., "rounds": [{"round_number": ..., "round_type": ..., ...}, ...]}, ...]. Of two
-- rounds with the same number the stored one is updated if they differ. Return each change.
--
-- A volatile function takes a new snapshot. So the policy of opportunity_rounds sees the opportunities that
-- the calling statement has created; in the statement itself it would not. The function runs with the rights
-- of its caller, who has locked the opportunities that existed before.
create function futuretracker_replace_rounds(owner uuid, given jsonb)
returns table (
    changed_action text, changed_round uuid, changed_opportunity uuid, changed_type text, differing jsonb
)
language plpgsql volatile strict set search_path = pg_catalog, pg_temp as $$
begin
    return query
        with parents as materialized (
            select g.opportunity_id, g.rounds
            from jsonb_to_recordset(given) as g (opportunity_id uuid, rounds jsonb)
        ), wanted as materialized (
            select p.opportunity_id, n.*
            from parents as p, jsonb_to_recordset(p.rounds) as n (
                round_number integer, round_type text, scheduled_date date, scheduled_time time,
                result text, notes text, created_at timestamptz, updated_at timestamptz
            )
        ), stored as materialized (
            select r.* from public.opportunity_rounds as r
            where r.user_id = owner and r.opportunity_id in (select p.opportunity_id from parents as p)
            for update
        ), deleted as (
            delete from public.opportunity_rounds as r
            where r.user_id = owner and r.id in (
                select s.id from stored as s
                where not exists (
                    select from wanted as w
                    where w.opportunity_id = s.opportunity_id and w.round_number = s.round_number
                )
            )
            returning r.id, r.opportunity_id, r.round_type
        ), updated as (
            update public.opportunity_rounds as r
            set round_type = w.round_type, scheduled_date = w.scheduled_date,
                scheduled_time = w.scheduled_time, result = w.result, notes = w.notes,
                updated_at = now()
            from stored as s join wanted as w
                on w.opportunity_id = s.opportunity_id and w.round_number = s.round_number
            where r.user_id = owner and r.id = s.id
                and (s.round_type, s.scheduled_date, s.scheduled_time, s.result, s.notes)
                    is distinct from
                    (w.round_type, w.scheduled_date, w.scheduled_time, w.result, w.notes)
            returning r.id, r.opportunity_id, r.round_type,
                public.futuretracker_changes(to_jsonb(s), to_jsonb(r)) as differing
        ), created as (
            insert into public.opportunity_rounds as r (opportunity_id, user_id, round_number, round_type,
                scheduled_date, scheduled_time, result, notes, created_at, updated_at)
            select w.opportunity_id, owner, w.round_number, w.round_type, w.scheduled_date,
                w.scheduled_time, w.result, w.notes, coalesce(w.created_at, now()),
                greatest(w.created_at, coalesce(w.updated_at, w.created_at, now()))
            from wanted as w
            where not exists (
                select from stored as s
                where s.opportunity_id = w.opportunity_id and s.round_number = w.round_number
            )
            returning r.id, r.opportunity_id, r.round_type
        )
        select 'DELETE_ROUND', d.id, d.opportunity_id, d.round_type, '{}'::jsonb from deleted as d
        union all
        select 'UPDATE_ROUND', u.id, u.opportunity_id, u.round_type, u.differing from updated as u
        union all
        select 'CREATE_ROUND', c.id, c.opportunity_id, c.round_type, '{}' from created as c;
end
$$;

-- Postgres lets everybody execute a new function, and Supabase its Data API's roles by name.
revoke all on function futuretracker_replace_rounds(uuid, jsonb) from public;
do $$
declare
    other text;
begin
    for other in
        select rolname from pg_roles where rolname in ('anon', 'authenticated', 'service_role')
    loop
        execute format('revoke all on function futuretracker_replace_rounds(uuid, jsonb) from %I', other);
    end loop;
end
$$;
grant execute on function futuretracker_replace_rounds to futuretracker_api;
