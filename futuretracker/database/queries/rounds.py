"""The table ``opportunity_rounds``; each change also updates the opportunity of the round."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final, LiteralString, NamedTuple

from futuretracker.database.queries.changes import execute_change
from futuretracker.database.queries.columns import V1
from futuretracker.database.queries.one_page import (
    IS_NEW,
    conditional_statement,
    page_of,
    page_statement,
    parameters,
)
from futuretracker.database.queries.owner import OWNED, SET_USER
from futuretracker.database.queries.round_changes import (
    LOCK_OPPORTUNITY,
    LOCK_ROUND,
    ROUND,
    ROUND_CHANGES,
    result_of,
    update_opportunity,
)
from futuretracker.database.queries.versions import ALWAYS, NONE, representation

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date
    from uuid import UUID

    from psycopg import Connection

    from futuretracker.database.queries.audit import AuditEntry
    from futuretracker.database.queries.one_page import Page, Place
    from futuretracker.database.queries.versions import Condition, Versions

# The names in camelCase are the old ones.
UPCOMING: Final[LiteralString] = """r.id, r.opportunity_id, r.title as opportunity_title,
    r.round_number, r.round_type, r.scheduled_date, r.scheduled_time, r.time_zone, r.result,
    r.opportunity_id as "opportunityId", r.title as "opportunityTitle",
    r.round_number as "roundNumber", r.round_type as "roundType",
    r.scheduled_date as "scheduledDate", r.scheduled_time as "scheduledTime"
"""
# A further column of an opportunity: its rounds. ``owning`` is the opportunity's own row.
EXPORTED_ROUNDS: Final[LiteralString] = f"""(
        select coalesce(json_agg(shown order by round_number), '[]')
        from (
            select {ROUND}
            from (select id as owning_id, user_id as owning_user) as owning
                join opportunity_rounds as r
                    on r.opportunity_id = owning_id and r.user_id = owning_user
        ) as shown
    ) as rounds"""
# A day without a time comes after all times of that day.
SLOT: Final[LiteralString] = "r.scheduled_date, coalesce(r.scheduled_time, '24:00'), r.round_number"


class Outcome(NamedTuple):
    """The result of a query about the rounds of one opportunity.

    ``found`` says whether the user has such an opportunity, ``category`` is its category, and
    ``holds`` says whether the condition of the change does.
    ``body`` is JSON: after a read the array of all rounds, after a change
    ``{opportunity, rounds}``, or None if there is no such round. ``round`` is the changed round as
    JSON, and ``round_id`` is its id.
    """

    found: bool = False
    category: str | None = None
    holds: bool = True
    body: bytes | None = None
    round: bytes | None = None
    round_id: str | None = None


def insert_round(  # noqa: PLR0913 - each is a parameter of the route
    conn: Connection[Any],
    *,
    audit: AuditEntry,
    row_id: UUID,
    values: Mapping[str, object],
    columns: LiteralString = V1,
    condition: Condition = ALWAYS,
) -> Outcome:
    """Add a round to an internship; a round without a number becomes the last one.

    Raise UniqueViolation if the number is taken.
    """
    return _change(
        conn,
        f"""
        {LOCK_OPPORTUNITY}, written as (
            insert into opportunity_rounds as r (opportunity_id, user_id, round_number, round_type,
                scheduled_date, scheduled_time, result, notes)
            select o.id, o.user_id,
                coalesce(n.round_number, (
                    select coalesce(max(round_number), 0) + 1
                    from futuretracker_rounds_now(o.user_id, o.id)
                )),
                n.round_type, n.scheduled_date, n.scheduled_time, n.result, n.notes
            from locked as o,
                jsonb_populate_record(null::opportunity_rounds, %(values)s::jsonb) as n
            where o.category = 'internship' and o.holds
            returning {ROUND}
        ), {update_opportunity()}
        """,
        result_of(columns),
        audit,
        {
            **condition.parameters(),
            "row_id": row_id,
            "values": json.dumps(values),
            "action": "CREATE_ROUND",
        },
    )


def update_round(  # noqa: PLR0913 - each is a parameter of the route
    conn: Connection[Any],
    *,
    audit: AuditEntry,
    row_id: UUID,
    round_id: UUID,
    values: Mapping[str, object],
    columns: LiteralString = V1,
    condition: Condition = ALWAYS,
) -> Outcome:
    """Update the fields in ``values``; raise UniqueViolation if the number is taken."""
    return _change(
        conn,
        f"""
        {LOCK_OPPORTUNITY}, {LOCK_ROUND}, written as (
            update opportunity_rounds as r
            set (round_number, round_type, scheduled_date, scheduled_time, result, notes) = (
                    select n.round_number, n.round_type, n.scheduled_date, n.scheduled_time,
                        n.result, n.notes
                    from jsonb_populate_record(r, %(values)s::jsonb) as n
                ),
                updated_at = now()
            from locked as o, before
            where {SET_USER} and r.user_id = %(user_id)s
                and r.opportunity_id = o.id and r.id = before.id
                and o.category = 'internship' and o.holds
            returning {ROUND}
        ), {update_opportunity(ROUND_CHANGES)}
        """,
        result_of(columns),
        audit,
        {
            **condition.parameters(),
            "row_id": row_id,
            "round_id": round_id,
            "values": json.dumps(values),
            "action": "UPDATE_ROUND",
        },
    )


def delete_round(  # noqa: PLR0913 - each is a parameter of the route
    conn: Connection[Any],
    *,
    audit: AuditEntry,
    row_id: UUID,
    round_id: UUID,
    columns: LiteralString = V1,
    condition: Condition = ALWAYS,
) -> Outcome:
    """Delete a round."""
    return _change(
        conn,
        f"""
        {LOCK_OPPORTUNITY}, written as (
            delete from opportunity_rounds as r using locked as o
            where {SET_USER} and r.user_id = %(user_id)s
                and r.opportunity_id = o.id and r.id = %(round_id)s
                and o.category = 'internship' and o.holds
            returning {ROUND}
        ), {update_opportunity()}
        """,
        result_of(columns),
        audit,
        {
            **condition.parameters(),
            "row_id": row_id,
            "round_id": round_id,
            "action": "DELETE_ROUND",
        },
    )


def _change(
    conn: Connection[Any],
    ctes: LiteralString,
    result: LiteralString,
    audit: AuditEntry,
    values: Mapping[str, object],
) -> Outcome:
    row = execute_change(conn, ctes, result, {**audit.parameters(), **values}).fetchone()
    if row is None:
        return Outcome()
    category, holds, body, changed, round_id = row
    if changed is None:
        return Outcome(found=True, category=category, holds=holds)
    return Outcome(True, category, holds, body.encode(), changed.encode(), round_id)


def select_rounds(conn: Connection[Any], *, user_id: UUID, row_id: UUID) -> Outcome:
    """Return the rounds of an opportunity as a JSON array, ordered by number."""
    cursor = conn.execute(
        f"""
        select category, (
            select coalesce(json_agg(r order by round_number), '[]')
            from (
                select {ROUND} from opportunity_rounds as r
                where user_id = %(user_id)s and opportunity_id = %(row_id)s
            ) as r
        )::text
        from opportunities where {OWNED} and id = %(row_id)s
        """,
        {"user_id": user_id, "row_id": row_id},
    )
    row = cursor.fetchone()
    if row is None:
        return Outcome()
    return Outcome(found=True, category=row[0], body=row[1].encode())


def select_upcoming_rounds(  # noqa: PLR0913 - each is a parameter of the route
    conn: Connection[Any],
    *,
    user_id: UUID,
    first: date,
    last: date,
    limit: int,
    after: Place | None = None,
    known: Versions = NONE,
) -> Page:
    """Return at most ``limit`` pending rounds from these days, the soonest first.

    ``known`` are the tags of pages that the client has. A change of a round also changes the
    version of its opportunity, which the tag is made of.
    """
    start: LiteralString = ""
    place: Mapping[str, object] = {}
    if after:
        start = f"""and ({SLOT}, r.id)
            > (%(day)s::date, %(time)s::time, %(number)s::bigint, %(after_id)s::uuid)"""
        day, time, number = after.key.split(" ")
        place = {"day": day, "time": time, "number": number, "after_id": after.id}
    coming: LiteralString = f"""from (
                select * from opportunity_rounds
                where {OWNED} and result = 'pending'
                    and scheduled_date between %(first)s and %(last)s
            ) as r join opportunities as o on o.id = r.opportunity_id
            where o.user_id = %(user_id)s and o.category = 'internship' {start}"""
    sorted_: LiteralString = f"order by {SLOT}, r.id limit %(rows)s"
    row: LiteralString = f"r.*, o.title, o.time_zone, o.version, concat_ws(' ', {SLOT}) as key"
    if known:
        statement = conditional_statement(
            f"select r.id, o.version {coming} {sorted_}",
            f"select {row} {coming} and {IS_NEW} {sorted_}",
            UPCOMING,
        )
    else:
        statement = page_statement(f"select {row} {coming} {sorted_}", UPCOMING)
    kind = f"{representation(UPCOMING)} {first} {last}"
    values = parameters(kind=kind, known=known, limit=limit)
    cursor = conn.execute(
        statement, {**place, **values, "user_id": user_id, "first": first, "last": last}
    )
    result = cursor.pgresult
    assert result is not None  # noqa: S101 - a select has a result
    return page_of(result, limit=limit, kind=kind)
