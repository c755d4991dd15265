"""The table ``trash``: deleted opportunities, which the trigger of migration 0027 puts there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, LiteralString, NamedTuple

from futuretracker.database.queries.changes import execute_change
from futuretracker.database.queries.columns import V1, time_of
from futuretracker.database.queries.one_page import (
    IS_NEW,
    conditional_statement,
    page_of,
    page_statement,
    parameters,
)
from futuretracker.database.queries.opportunities import Removed, as_json
from futuretracker.database.queries.owner import OWNED, PERMANENTLY, SET_USER
from futuretracker.database.queries.versions import ALWAYS, HOLDS, NONE, Tagged, representation

if TYPE_CHECKING:
    from uuid import UUID

    from psycopg import Connection

    from futuretracker.database.queries.audit import AuditEntry
    from futuretracker.database.queries.one_page import Page, Place
    from futuretracker.database.queries.versions import Condition, Versions

MOST: Final = 1000  # opportunities that one request deletes for good
# An opportunity as it was, and until when it can be restored.
SHOWN: Final[LiteralString] = (
    f"{V1}, {time_of('deleted_at', 'deleted_at')}, {time_of('expires_at', 'expires_at')}"
)
# What is older can be gone at any moment, so it counts as gone.
SINCE: Final[LiteralString] = "now() - make_interval(days => %(days)s::int)"
_AUDITED: Final[LiteralString] = """audited as (
            insert into audit_log
                (user_id, actor, action, resource_id, details, request_id, client)
            select %(user_id)s, %(actor)s, 'DELETE_OPPORTUNITY', id,
                %(details)s::jsonb || jsonb_build_object('title', title),
                %(request_id)s, %(client)s
            from removed
        )"""


class Emptied(NamedTuple):
    """How many opportunities were deleted for good, and how many are left in the trash."""

    deleted: int
    remaining: int


def select_trash(  # noqa: PLR0913 - each is a parameter of the route
    conn: Connection[Any],
    *,
    user_id: UUID,
    days: int,
    limit: int,
    after: Place | None = None,
    known: Versions = NONE,
) -> Page:
    """Return at most ``limit`` opportunities that were deleted in the last ``days`` days.

    The one that was deleted last comes first. ``known`` are the tags of pages that the client has.
    """
    start: LiteralString = ""
    if after:
        start = "and (deleted_at, id) < (%(after_key)s::timestamptz, %(after_id)s::uuid)"
    kept: LiteralString = f"{OWNED} and deleted_at > {SINCE} {start}"
    sorted_: LiteralString = "order by deleted_at desc, id desc limit %(rows)s"
    rows: LiteralString = f"""select o.*, t.deleted_at, t.deleted_at as key,
                t.deleted_at + make_interval(days => %(days)s::int) as expires_at
            from (select * from trash where {kept} {{}} {sorted_}) as t,
                jsonb_populate_record(null::opportunities, t.opportunity) as o
            order by t.deleted_at desc, t.id desc"""
    if known:
        statement = conditional_statement(
            f"""select id, (opportunity ->> 'version')::bigint as version
            from trash where {kept} {sorted_}""",
            rows.format(f"and {IS_NEW}"),
            SHOWN,
        )
    else:
        statement = page_statement(rows.format(""), SHOWN)
    kind = f"{representation(SHOWN)} {days}"
    values = {
        **parameters(kind=kind, known=known, limit=limit),
        "user_id": user_id,
        "days": days,
        "after_key": after and after.key,
        "after_id": after and after.id,
    }
    result = conn.execute(statement, values).pgresult
    assert result is not None  # noqa: S101 - a select has a result
    return page_of(result, limit=limit, kind=kind)


class Restored(NamedTuple):
    """An opportunity that was restored, and its title."""

    row: Tagged
    title: str


def restore_opportunity(
    conn: Connection[Any], *, audit: AuditEntry, row_id: UUID, days: int
) -> Restored | None:
    """Move an opportunity back from the trash, with its rounds; return None if it is not there.

    Raise UniqueViolation if its id is taken meanwhile.
    """
    ctes: LiteralString = f"""
        restored as materialized (
            select * from futuretracker_restore(%(user_id)s, %(row_id)s, {SINCE}) where {SET_USER}
        ), audited as (
            insert into audit_log
                (user_id, actor, action, resource_id, details, request_id, client)
            select user_id, %(actor)s, 'RESTORE_OPPORTUNITY', id,
                %(details)s::jsonb || jsonb_build_object('title', title), %(request_id)s,
                %(client)s
            from restored
        )
        """
    result: LiteralString = f"""
        select version::text, {as_json(V1)} as row, title from restored
        """
    values = {**audit.parameters(), "row_id": row_id, "days": days}
    found = execute_change(conn, ctes, result, values).fetchone()
    return Restored(Tagged(found[0], found[1].encode()), found[2]) if found else None


def delete_permanently(
    conn: Connection[Any], *, audit: AuditEntry, row_id: UUID, condition: Condition = ALWAYS
) -> Removed:
    """Delete an opportunity for good if the condition holds, wherever it is."""
    ctes: LiteralString = f"""
        locked as materialized (
            select id as found_id, {HOLDS} as holds from opportunities
            where {OWNED} and {PERMANENTLY} and id = %(row_id)s
            for update
        ), found as materialized (
            select found_id, holds from locked
            union all
            select id, {HOLDS}
            from (
                select id, (opportunity ->> 'version')::bigint as version from trash
                where {OWNED} and id = %(row_id)s
            ) as kept
            where not exists (select from locked)
        ), written as (
            delete from opportunities using found
            where {OWNED} and id = found_id and holds
            returning id, title
        ), emptied as (
            delete from trash using found
            where {OWNED} and id = found_id and holds
            returning id, title
        ), removed as materialized (
            select id, title from written
            union all
            select id, title from emptied where not exists (select from written)
        ), {_AUDITED}
        """
    result: LiteralString = "select title, holds from found left join removed on true"
    values = {**audit.parameters(), **condition.parameters(), "row_id": row_id}
    row = execute_change(conn, ctes, result, values).fetchone()
    if row is None:
        return Removed(None, exists=False)
    title, holds = row
    return Removed(title, exists=title is not None or not holds)  # else another request was faster


def empty_trash(conn: Connection[Any], *, audit: AuditEntry) -> Emptied:
    """Delete what is in the trash for good, the oldest first, but at most ``MOST`` at once."""
    ctes: LiteralString = f"""
        chosen as materialized (
            select id as chosen_id from trash where {OWNED} order by deleted_at, id limit %(most)s
        ), removed as (
            delete from trash using chosen where {OWNED} and id = chosen_id
            returning id, title
        ), {_AUDITED}
        """
    result: LiteralString = f"""
        select (select count(*) from removed) as deleted,
            (select count(*) from trash where {OWNED}) as present
        """
    values = {**audit.parameters(), "most": MOST}
    row = execute_change(conn, ctes, result, values).fetchone()
    assert row is not None  # noqa: S101 - the counts are always there
    deleted, present = row
    return Emptied(deleted, present - deleted)
