"""The table ``users``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from futuretracker.database.queries.account_deletions import DUE_AT
from futuretracker.database.queries.owner import SET_CLERK_USER

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from psycopg import Connection


class Profile(NamedTuple):
    """A user's profile at Clerk, as of a point in time."""

    email: str | None
    full_name: str | None
    avatar_url: str | None
    as_of: datetime


def upsert_user(conn: Connection[Any], *, clerk_id: str, email: str | None) -> UUID | None:
    """Return the internal id of a Clerk user; insert the user on the first request.

    Return None for a user whose tokens have just been revoked; no row is inserted then.

    If two processes insert the same new user at once, both get the same row: the second insert
    finds the first one by the unique index.
    """
    cursor = conn.execute(
        f"""
        with known as materialized (
            select id from users
            where {SET_CLERK_USER} and clerk_id = %(clerk_id)s::text
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


def select_user(conn: Connection[Any], *, clerk_id: str) -> UUID | None:
    """Return the internal id of a Clerk user, or None; this also works in a read-only database."""
    cursor = conn.execute(
        f"""
        select id from users
        where {SET_CLERK_USER} and clerk_id = %(clerk_id)s::text
        """,
        {"clerk_id": clerk_id},
    )
    row = cursor.fetchone()
    return row[0] if row else None


def select_account(
    conn: Connection[Any], *, clerk_id: str, user_id: UUID
) -> tuple[str | None, str | None] | None:
    """Return a user's e-mail address, and when the deletion of the account is due, or None.

    Return None in place of both if there is no such user.
    """
    cursor = conn.execute(
        f"""
        select email, {DUE_AT} from users
        where {SET_CLERK_USER} and clerk_id = %(clerk_id)s::text
        """,
        {"clerk_id": clerk_id, "user_id": user_id},
    )
    return cursor.fetchone()


def update_profile(conn: Connection[Any], *, event: str, clerk_id: str, profile: Profile) -> bool:
    """Update a user's profile, if the user exists and the profile is newer than the stored one.

    Return False if the event was handled before.
    """
    cursor = conn.execute(
        """
        select futuretracker_refresh(%(event)s, %(clerk_id)s, %(email)s::text, %(full_name)s::text,
            %(avatar_url)s::text, %(as_of)s)
        """,
        {"event": event, "clerk_id": clerk_id, **profile._asdict()},
    )
    return bool(cursor.fetchone() == (True,))
