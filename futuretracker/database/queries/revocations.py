"""The table ``revocations``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, TypeAlias

if TYPE_CHECKING:
    from psycopg import Connection

Kind: TypeAlias = Literal["session", "user"]


def select_revocations(conn: Connection[Any]) -> frozenset[str]:
    """Return Clerk's ids of the sessions and users whose tokens are revoked.

    The tokens of a user are refused for as long as the user's data is being erased.
    """
    cursor = conn.execute(
        """
        select subject from revocations where expires_at > now()
        union all select clerk_id from erasures
        """
    )
    return frozenset(subject for (subject,) in cursor)


def insert_revocation(
    conn: Connection[Any], *, event: str | None, kind: Kind, subject: str, seconds: int
) -> bool:
    """Revoke the tokens of a session or a user; return False if the event was handled before."""
    cursor = conn.execute(
        "select futuretracker_revoke(%(event)s::text, %(kind)s, %(subject)s, %(seconds)s)",
        {"event": event, "kind": kind, "subject": subject, "seconds": seconds},
    )
    return bool(cursor.fetchone() == (True,))
