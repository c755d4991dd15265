"""What the service stores about a user, for the export of the account."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, LiteralString

from futuretracker.database.queries.account_deletions import DUE_AT
from futuretracker.database.queries.columns import EXPORTED, only_value, time_of
from futuretracker.database.queries.history import CHANGES, CLIENT, FIRST_PAGE
from futuretracker.database.queries.key_changes import KEY
from futuretracker.database.queries.one_page import page_of, page_statement, parameters
from futuretracker.database.queries.owner import OWNED, SET_CLERK_USER, SET_USER
from futuretracker.database.queries.round_changes import ROUND
from futuretracker.database.queries.versions import NONE

if TYPE_CHECKING:
    from collections.abc import Mapping
    from uuid import UUID

    from psycopg import Connection

    from futuretracker.database.queries.one_page import Page, Place

# An opportunity in the trash, with its rounds, and until when it can be restored.
_TRASHED: Final[LiteralString] = f"""{EXPORTED},
    {time_of("deleted_at", "deleted_at")}, {time_of("expires_at", "expires_at")},
    (
        select coalesce(json_agg(shown order by round_number), '[]')
        from (
            select {ROUND} from jsonb_populate_recordset(null::opportunity_rounds, kept_rounds) as r
        ) as shown
    ) as rounds"""
_ACTIVITY: Final[LiteralString] = f"""{time_of("r.at", "at")}, r.action,
    r.resource_id as "resourceId", {CLIENT}, r.details, {CHANGES}"""


def select_profile(
    conn: Connection[Any], *, clerk_id: str, user_id: UUID, prefix: str
) -> bytes | None:
    """Return the account and its API keys, without secrets, as a JSON object.

    ``prefix`` is what comes before the id in the text of a key. Return None if there is no such
    user.
    """
    cursor = conn.execute(
        f"""
        select row_to_json(shown)::text
        from (
            select (
                select row_to_json(account)
                from (
                    select clerk_id as "userId", id as "internalUserId", email,
                        full_name as "fullName", avatar_url as "avatarUrl",
                        {time_of("created_at", '"createdAt"')}, {DUE_AT}
                ) as account
            ) as account, (
                select coalesce(json_agg(k), '[]')
                from (
                    select {KEY} from api_keys where {OWNED} order by api_keys.created_at desc, id
                ) as k
            ) as "apiKeys"
            from users
            where {SET_CLERK_USER} and clerk_id = %(clerk_id)s::text
        ) as shown
        """,
        {"clerk_id": clerk_id, "user_id": user_id, "prefix": prefix},
    )
    return only_value(cursor)


def select_trashed(
    conn: Connection[Any], *, user_id: UUID, days: int, limit: int, after: Place | None = None
) -> Page:
    """Return at most ``limit`` opportunities of the trash, the one that was deleted last first.

    They can be restored for ``days`` days. What ``prune`` has not removed yet is there as well.
    """
    start: LiteralString = ""
    if after:
        start = "and (deleted_at, id) < (%(after_key)s::timestamptz, %(after_id)s::uuid)"
    rows: LiteralString = f"""select o.*, t.deleted_at, t.deleted_at as key,
                t.deleted_at + make_interval(days => %(days)s::int) as expires_at,
                t.rounds as kept_rounds
            from (
                select * from trash where {OWNED} {start}
                order by deleted_at desc, id desc limit %(rows)s
            ) as t, jsonb_populate_record(null::opportunities, t.opportunity) as o
            order by t.deleted_at desc, t.id desc"""
    values = {
        "user_id": user_id,
        "days": days,
        "after_key": after and after.key,
        "after_id": after and after.id,
    }
    return _page(conn, page_statement(rows, _TRASHED), values, limit)


def select_activity(
    conn: Connection[Any], *, user_id: UUID, limit: int, after: Place | None = None
) -> Page:
    """Return at most ``limit`` audit entries of the user, the newest first."""
    rows: LiteralString = f"""
        select entry_id as version, entry_id as id, entry_at as at, entry_action as action,
            entry_resource as resource_id, entry_client as client, entry_details as details,
            entry_changes as changes, concat(entry_at, ' ', entry_id) as key
        from futuretracker_activity(case when {SET_USER} then %(user_id)s::uuid end,
            %(before_at)s::timestamptz, %(before_id)s::bigint, %(rows)s)
        order by entry_at desc, entry_id desc"""
    before_at, before_id = (after.key if after else FIRST_PAGE).rsplit(" ", 1)
    values = {"user_id": user_id, "before_at": before_at, "before_id": before_id}
    return _page(conn, page_statement(rows, _ACTIVITY), values, limit)


def _page(
    conn: Connection[Any], statement: LiteralString, values: Mapping[str, object], limit: int
) -> Page:
    terms = {**values, **parameters(kind="", known=NONE, limit=limit)}
    result = conn.execute(statement, terms).pgresult
    assert result is not None  # noqa: S101 - a select has a result
    return page_of(result, limit=limit, kind="")
