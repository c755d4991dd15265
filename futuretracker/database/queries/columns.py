"""The columns of an opportunity in each API version, and the reader of a single JSON value.

Statements are put together from the literals of these modules. pyright checks that each part is a
``LiteralString``, so no input of a client can become SQL.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, LiteralString

from futuretracker.database.queries.statuses import ORIGINAL_STATUS, V1_STATUS
from futuretracker.database.queries.versions import Tagged

if TYPE_CHECKING:
    from psycopg import Cursor

TIME: Final[LiteralString] = '\'YYYY-MM-DD"T"HH24:MI:SS.US"+00:00"\''


def time_of(column: LiteralString, name: LiteralString) -> LiteralString:
    """Return a column of the result: a time in UTC, always with six digits after the second.

    ``to_json`` omits zeros at the end, which one time in ten has, and some clients expect a fixed
    width. Those times use ``to_char``. The others use ``to_json``, at a third of the cost.
    """
    return f"""case when {column} = {column}::timestamptz(5)
        then to_json(to_char({column} at time zone 'UTC', {TIME}))
        else to_json({column})
        end as {name}"""


TIMES: Final[LiteralString] = (
    time_of("created_at", "created_at") + "," + time_of("updated_at", "updated_at")
)
FIRST: Final[LiteralString] = "id, user_id, title, description, link, deadline, category"
ORIGINAL: Final[LiteralString] = f"{FIRST}, {ORIGINAL_STATUS} as status, notes, {TIMES}"
# A rejected opportunity has no current round, even if a user has set the status and a round is
# pending. ``rounds_status`` is the status that follows from the rounds, or null without rounds.
V1: Final[LiteralString] = (
    f"{FIRST}, {V1_STATUS} as status, notes, {TIMES}"
    """, campus_mode, applied_on, company, location, pay, contact, tags, time_zone,
    case when status is distinct from 'rejected' then current_round_number end
        as current_round_number,
    rejected_round_number,
    case when rounds_status is not null
            and not status_agrees(category, coalesce(status, 'applied'), rounds_status)
        then json_build_object('roundsStatus', rounds_status,
            'message', 'The interview rounds say ' || rounds_status)
        end as "statusConflict"
    """
)
# What a file has of an opportunity: what a user enters, and the times.
EXPORTED: Final[LiteralString] = f"""id, title, company, location, category, {V1_STATUS} as status,
    link, description, notes, deadline, applied_on, campus_mode, pay, contact, tags, time_zone,
    {TIMES}"""


def only_value(cursor: Cursor[Any]) -> bytes | None:
    """Return the first column of the first row, as the bytes that Postgres sent, or None."""
    result = cursor.pgresult
    return result.get_value(0, 0) if result is not None and result.ntuples else None


def tagged(cursor: Cursor[Any]) -> Tagged | None:
    """Return the first row, a tag and JSON, as the bytes that Postgres sent; None without a row."""
    result = cursor.pgresult
    if result is None or not result.ntuples:
        return None
    return Tagged((result.get_value(0, 0) or b"").decode(), result.get_value(0, 1))
