"""What stands before and behind the change of a round, in one statement with it.

A lock on the opportunity goes before it: who changes rounds of the same one waits there, and then
sees what the other has done, as ``futuretracker_rounds_now`` looks anew (migration 0010). Behind it
come the opportunity's derived columns and the audit entry.

A pipeline of two statements would be one round trip too; but psycopg ends it with a Flush behind
the Sync, which takes a transaction pooler's connection, and Postgres does not answer it.
"""

from __future__ import annotations

from typing import Final, LiteralString

from futuretracker.database.queries.columns import V1

ROUND: Final[LiteralString] = """r.id, r.opportunity_id, r.round_number, r.round_type,
    r.scheduled_date, r.scheduled_time, r.result, r.notes, r.created_at, r.updated_at"""
SPEAKS: Final[LiteralString] = (
    "(select set_config('app.user_id', %(user_id)s::text, true) is not null)"
)
MINE: Final[LiteralString] = f"{SPEAKS} and user_id = %(user_id)s"
LOCKED: Final[LiteralString] = f"""
    with locked as (
        select id, user_id, category from opportunities
        where {MINE} and id = %(row_id)s
        for update
    )
"""
# Of ``written``, the round as it is now or as it was. The opportunity takes what its rounds say;
# the first match decides the status.
CONSEQUENCES: Final[LiteralString] = f"""
    after as materialized (
        select r.* from written as w, futuretracker_rounds_now(%(user_id)s, w.opportunity_id) as r
    ), derived as (
        select count(*) as rounds,
            min(round_number) filter (where result = 'rejected') as rejected,
            min(round_number) filter (where result = 'pending') as pending,
            case
                when bool_or(result = 'rejected') then 'rejected'
                when bool_or(result = 'cleared' and round_type = 'final') then 'selected'
                when bool_or(result = 'cleared' and round_type in
                    ('technical', 'hr', 'group_discussion', 'managerial')) then 'interviewed'
                when bool_or(result = 'cleared' and round_type in
                    ('resume_shortlisted', 'oa', 'assignment', 'technical_assignment'))
                    then 'shortlisted'
                else 'applied'
            end as status
        from after
    ), opportunity as (
        update opportunities set
            status = derived.status,
            rounds_status = case when derived.rounds > 0 then derived.status end,
            rejected_round_number = derived.rejected,
            current_round_number = case when derived.rejected is null then derived.pending end,
            updated_at = now()
        from derived
        where {MINE} and id = %(row_id)s and exists (select from written)
        returning opportunities.*
    ), audited as (
        insert into audit_log (user_id, actor, action, resource_id, details, request_id)
        select %(user_id)s, %(actor)s, %(action)s, id, %(details)s::jsonb, %(request_id)s
        from written
    )
    select locked.category, json_build_object(
        'opportunity', (select row_to_json(r) from opportunity, lateral (select {V1}) as r),
        'rounds', (
            select coalesce(json_agg(r order by round_number), '[]')
            from (select {ROUND} from after as r) as r
        )
    )::text, row_to_json(written)::text, written.id::text
    from locked left join written on true
"""
