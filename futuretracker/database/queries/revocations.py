"""What is in force against sessions and users: revocations, and the lower rate limit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from psycopg import Connection

Kind: TypeAlias = Literal["session", "user"]


class Restrictions(NamedTuple):
    """Clerk's ids of the sessions and users whose tokens are refused, and of users to slow down."""

    refused: frozenset[str] = frozenset()
    slowed: frozenset[str] = frozenset()


def select_restrictions(conn: Connection[Any]) -> Restrictions:
    """Return what is in force now.

    The tokens of a user are refused for as long as the user's data is being erased.
    """
    rows = conn.execute(
        """
        select subject, true from revocations where expires_at > now()
        union all select clerk_id, true from erasures
        union all select clerk_id, false from slowed_users where ends_at > now()
        """
    ).fetchall()
    refused = frozenset(subject for subject, is_refused in rows if is_refused)
    return Restrictions(refused, frozenset(user for user, is_refused in rows if not is_refused))


def insert_revocation(
    conn: Connection[Any], *, event: str | None, kind: Kind, subject: str, seconds: int
) -> bool:
    """Revoke the tokens of a session or a user; return False if the event was handled before."""
    cursor = conn.execute(
        "select futuretracker_revoke(%(event)s::text, %(kind)s, %(subject)s, %(seconds)s)",
        {"event": event, "kind": kind, "subject": subject, "seconds": seconds},
    )
    return bool(cursor.fetchone() == (True,))
