"""The table ``users``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from uuid import UUID

    from psycopg import Connection


def upsert_user(conn: Connection[Any], *, clerk_id: str, email: str | None) -> UUID:
    """Return the internal id of a Clerk user; the first sight makes the row.

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
    assert row is not None  # noqa: S101 - either known or added
    user_id: UUID = row[0]
    return user_id


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
