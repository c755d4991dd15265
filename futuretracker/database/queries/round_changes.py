"""The SQL before and after a change of an interview round, which make one statement with it.

Before the change, the statement locks the opportunity. Concurrent changes to rounds of the same
opportunity therefore run one after another. ``futuretracker_rounds_now`` reads with a new snapshot
(migration 0010), so each change sees the one before. After the change, the statement updates the
derived columns of the opportunity and inserts the audit entry.

A psycopg pipeline of two statements would be one round trip as well. But psycopg ends a pipeline
with a Flush after the Sync. A transaction pooler has released the connection by then, and Postgres
does not respond to the Flush.
"""

from __future__ import annotations

from typing import Final, LiteralString

from futuretracker.database.queries.columns import time_of
from futuretracker.database.queries.owner import OWNED, SET_USER
from futuretracker.database.queries.statuses import DECIDED, applied_on
from futuretracker.database.queries.versions import HOLDS

ROUND: Final[LiteralString] = f"""r.id, r.opportunity_id, r.round_number, r.round_type,
    r.scheduled_date, r.scheduled_time, r.result, r.notes,
    {time_of("r.created_at", "created_at")}, {time_of("r.updated_at", "updated_at")}"""
LOCK_OPPORTUNITY: Final[LiteralString] = f"""
    locked as (
        select id, user_id, category, status, applied_on, {HOLDS} as holds
        from opportunities
        where {OWNED} and id = %(row_id)s
        for update
    )
"""
# This comes between them if a round is updated: what it was before, for the audit entry.
LOCK_ROUND: Final[LiteralString] = f"""before as materialized (
            select r.* from opportunity_rounds as r join locked as o on o.id = r.opportunity_id
            where {SET_USER} and r.user_id = %(user_id)s and r.id = %(round_id)s
            for update of r
        )"""
ROUND_CHANGES: Final[LiteralString] = """coalesce((
            select futuretracker_changes(to_jsonb(b), to_jsonb(w)) from before as b, written as w
        ), '{}')"""
# What follows from the rounds of an opportunity, as aggregates. For the status, the first condition
# that holds decides.
FIRST_REJECTED: Final[LiteralString] = "min(round_number) filter (where result = 'rejected')"
FIRST_PENDING: Final[LiteralString] = "min(round_number) filter (where result = 'pending')"
FOLLOWING_STATUS: Final[LiteralString] = """case
                when bool_or(result = 'rejected') then 'rejected'
                when bool_or(result = 'cleared' and round_type = 'final') then 'selected'
                when bool_or(result = 'cleared' and round_type in
                    ('technical', 'hr', 'group_discussion', 'managerial')) then 'interviewed'
                when bool_or(result = 'cleared' and round_type in
                    ('resume_shortlisted', 'oa', 'assignment', 'technical_assignment'))
                    then 'shortlisted'
                else 'applied'
            end"""
# This comes after ``written``, which returns the changed or deleted round. The status of the
# opportunity follows from its rounds. A decision that no round records stays; if it contradicts the
# rounds, ``statusConflict`` says so.
_UPDATE_OPPORTUNITY: Final[LiteralString] = f"""
    after as materialized (
        select r.* from written as w, futuretracker_rounds_now(%(user_id)s, w.opportunity_id) as r
    ), derived as (
        select count(*) as rounds, {FIRST_REJECTED} as rejected, {FIRST_PENDING} as pending,
            {FOLLOWING_STATUS} as status
        from after
    ), opportunity as (
        update opportunities set
            status = case when opportunities.status in {DECIDED} then opportunities.status
                else derived.status end,
            applied_on = {applied_on("applied_on", "opportunities.status", "derived.status")},
            rounds_status = case when derived.rounds > 0 then derived.status end,
            rejected_round_number = derived.rejected,
            current_round_number = case when derived.rejected is null then derived.pending end,
            updated_at = now()
        from derived
        where {OWNED} and id = %(row_id)s and exists (select from written)
        returning opportunities.*
    )
"""


def update_opportunity(round_changes: LiteralString = "'{}'::jsonb") -> LiteralString:
    """Return the CTEs after the change; the audit entry also has what the round has changed to."""
    return f"""{_UPDATE_OPPORTUNITY}, audited as (
        insert into audit_log
            (user_id, actor, action, resource_id, details, request_id, client, changes)
        select %(user_id)s, %(actor)s, %(action)s, written.id, %(details)s::jsonb, %(request_id)s,
            %(client)s, {round_changes} || futuretracker_changes(
                jsonb_build_object('status', locked.status, 'applied_on', locked.applied_on),
                jsonb_build_object('status', opportunity.status,
                    'applied_on', opportunity.applied_on)
            )
        from written cross join locked cross join opportunity
    )
    """


def result_of(columns: LiteralString) -> LiteralString:
    """Return what the statement selects; its JSON has these columns of the opportunity."""
    return f"""
    select locked.category, locked.holds, json_build_object(
        'opportunity', (select row_to_json(r) from opportunity, lateral (select {columns}) as r),
        'rounds', (
            select coalesce(json_agg(r order by round_number), '[]')
            from (select {ROUND} from after as r) as r
        )
    )::text, row_to_json(written)::text, written.id::text
    from locked left join written on true
"""
