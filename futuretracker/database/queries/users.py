"""The table ``users``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from psycopg import Connection


class Profile(NamedTuple):
    """What Clerk knows of a user, and as of when."""

    email: str | None
    full_name: str | None
    avatar_url: str | None
    as_of: datetime


def upsert_user(conn: Connection[Any], *, clerk_id: str, email: str | None) -> UUID | None:
    """Return the internal id of a Clerk user; the first sight makes the row.

    None is for who has just been revoked, whose row is not made.

    Two processes that see a new user at the same time get the same row: the second one's insert
    meets the unique index and returns what is there.
    """
    cursor = conn.execute(
        """
        with known as materialized (
            select id from users
            where (select set_config('app.clerk_id', %(clerk_id)s::text, true) is not null)
                and clerk_id = %(clerk_id)s::text
        ), added as (
            insert into users (clerk_id, email)
            select %(clerk_id)s::text, %(email)s::text
            where not exists (select from known)
            on conflict (clerk_id) do update set updated_at = users.updated_at
            returning id
        )
        select id from known union all select id from added
        """,
        {"clerk_id": clerk_id, "email": email},
    )
    row = cursor.fetchone()
    return row[0] if row else None


def select_email(conn: Connection[Any], *, clerk_id: str) -> tuple[str | None] | None:
    """Return a user's e-mail address, None where it is not known; None for no such user."""
    cursor = conn.execute(
        """
        select email from users
        where (select set_config('app.clerk_id', %(clerk_id)s::text, true) is not null)
            and clerk_id = %(clerk_id)s::text
        """,
        {"clerk_id": clerk_id},
    )
    return cursor.fetchone()


def update_profile(conn: Connection[Any], *, event: str, clerk_id: str, profile: Profile) -> bool:
    """Take over a profile where the user is here; return False where the event was handled before.

    One that is older than what is there changes nothing.
    """
    cursor = conn.execute(
        """
        select futuretracker_refresh(%(event)s, %(clerk_id)s, %(email)s::text, %(full_name)s::text,
            %(avatar_url)s::text, %(as_of)s)
        """,
        {"event": event, "clerk_id": clerk_id, **profile._asdict()},
    )
    return bool(cursor.fetchone() == (True,))


def erase_user(
    conn: Connection[Any], *, event: str, clerk_id: str, seconds: int, request_id: str
) -> bool:
    """Refuse a user's tokens and erase the user's data, in one transaction.

    Return False where the event was handled before.
    """
    cursor = conn.execute(
        "select futuretracker_erase(%(event)s, %(clerk_id)s, %(seconds)s, %(request_id)s)",
        {"event": event, "clerk_id": clerk_id, "seconds": seconds, "request_id": request_id},
    )
    return bool(cursor.fetchone() == (True,))
