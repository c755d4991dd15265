"""The table ``erasures``: the users whose data is being erased."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from uuid import UUID

    from psycopg import Connection

STEP = 0.3  # seconds; far below the role's statement_timeout, and other writes may wait for it


class Erasure(NamedTuple):
    """A queued user: Clerk's id, and the internal id unless the user never sent a request."""

    clerk_id: str
    user_id: UUID | None


def begin_erasure(
    conn: Connection[Any], *, event: str | None, clerk_id: str, seconds: int, request_id: str
) -> bool:
    """Revoke a user's tokens, and put the user into the queue of those to erase.

    Return False if the event was handled before.
    """
    cursor = conn.execute(
        """
        select futuretracker_begin_erasure(%(event)s::text, %(clerk_id)s, %(seconds)s,
            %(request_id)s)
        """,
        {"event": event, "clerk_id": clerk_id, "seconds": seconds, "request_id": request_id},
    )
    return bool(cursor.fetchone() == (True,))


def continue_erasure(conn: Connection[Any], *, clerk_id: str) -> bool:
    """Erase data of a queued user for about ``STEP`` seconds; return whether nothing is left."""
    cursor = conn.execute(
        "select futuretracker_continue_erasure(%(clerk_id)s, %(milliseconds)s)",
        {"clerk_id": clerk_id, "milliseconds": int(STEP * 1000)},
    )
    return bool(cursor.fetchone() == (True,))


def select_erasures(conn: Connection[Any]) -> list[Erasure]:
    """Return the queued users, the one that waits longest first."""
    cursor = conn.execute("select clerk_id, user_id from erasures order by requested_at, clerk_id")
    return [Erasure(*row) for row in cursor]
