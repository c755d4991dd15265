"""Change or delete all opportunities that match the filters and the search of a list."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final, LiteralString, NamedTuple

from futuretracker.database.queries.batch import assignments
from futuretracker.database.queries.changes import execute_change
from futuretracker.database.queries.opportunities import changing
from futuretracker.database.queries.owner import OWNED, PERMANENTLY
from futuretracker.database.queries.pages import matching
from futuretracker.database.queries.search import HASH_JOINS, execute_search, execute_with

if TYPE_CHECKING:
    from collections.abc import Mapping
    from uuid import UUID

    from psycopg import Connection, Cursor

    from futuretracker.database.queries.audit import AuditEntry
    from futuretracker.database.queries.search import Groups

MOST: Final = 1000  # opportunities that one request changes
# A search that changes what it finds takes longer than one that reads.
CHANGE_WITHIN: Final[LiteralString] = "set local statement_timeout = '1s'"
SHOWN: Final[LiteralString] = "100"  # opportunities whose titles are returned
_LISTED: Final[LiteralString] = f"""(
        select coalesce(json_agg(json_build_object('id', id, 'title', title)), '[]')::text
        from (
            select id, title from shown order by created_at desc, id desc limit {SHOWN}
        ) as newest
    )"""


class Matches(NamedTuple):
    """How many opportunities match, how many were changed, and the newest of them as JSON."""

    matching: int
    changed: int
    listed: bytes


class Entry(NamedTuple):
    """SQL of the audit entries: details, what is read before the change, and what it changes."""

    details: LiteralString
    before: LiteralString
    changes: LiteralString


def select_matches(
    conn: Connection[Any], *, user_id: UUID, filters: Mapping[str, object], search: Groups
) -> Matches:
    """Return which opportunities match, and change nothing."""
    matches, terms = matching(filters, search)
    statement: LiteralString = f"""
        with shown as materialized (
            select id, title, created_at from opportunities where {matches}
        )
        select (select count(*) from shown), 0, {_LISTED}
    """
    execute = execute_search if search else _execute
    return _matches(execute(conn, statement, {**terms, "user_id": user_id}))


def update_matches(
    conn: Connection[Any],
    *,
    audit: AuditEntry,
    values: Mapping[str, object],
    filters: Mapping[str, object],
    search: Groups,
) -> Matches:
    """Update the fields in ``values`` of all that match, or of none if they are too many."""
    fields = changing(values)
    changes: LiteralString = f"""
            update opportunities
            set {assignments(values.keys(), "%(values)s::jsonb")}, updated_at = now()
            from locked
    """
    parameters = {"values": json.dumps(values), "action": "UPDATE_OPPORTUNITY"}
    differing: LiteralString = f"futuretracker_changes(before, {fields})"
    entry = Entry("'{}'", fields, differing)
    return _change(conn, changes, entry, audit, parameters, filters, search)


def delete_matches(
    conn: Connection[Any],
    *,
    audit: AuditEntry,
    filters: Mapping[str, object],
    search: Groups,
    permanent: bool = False,
) -> Matches:
    """Delete all that match, or none if they are too many. The audit entries keep the titles.

    A trigger moves them to the trash, unless they are deleted for good.
    """
    gone: LiteralString = f"(select * from locked where {PERMANENTLY}) as"
    changes: LiteralString = f"delete from opportunities using {gone if permanent else ''} locked"
    entry = Entry("jsonb_build_object('title', title)", "null", "null::jsonb")
    parameters = {"action": "DELETE_OPPORTUNITY"}
    return _change(conn, changes, entry, audit, parameters, filters, search)


def _change(  # noqa: PLR0913, PLR0917 - parts of a statement, and its parameters
    conn: Connection[Any],
    changes: LiteralString,
    entry: Entry,
    audit: AuditEntry,
    parameters: Mapping[str, object],
    filters: Mapping[str, object],
    search: Groups,
) -> Matches:
    """Change all that match, each with its audit entry.

    Rows are locked in the order of their ids, so that two requests do not wait for each other. One
    that has been changed meanwhile must still match.
    """
    matches, terms = matching(filters, search)
    ctes: LiteralString = f"""
        found as materialized (
            select id as found_id from opportunities where {matches} limit %(most)s + 1
        ), counted as materialized (
            select case when count(*) <= %(most)s then count(*)
                else (select count(*) from opportunities where {matches}) end as total
            from found
        ), locked as materialized (
            select id as locked_id, {entry.before} as before from opportunities
            where {matches} and id in (select found_id from found)
                and (select total from counted) <= %(most)s
            order by id
            for update
        ), shown as (
            {changes}
            where {OWNED} and id = locked_id
            returning id, title, created_at, {entry.changes} as changes
        ), audited as (
            insert into audit_log
                (user_id, actor, action, resource_id, details, request_id, client, changes)
            select %(user_id)s, %(actor)s, %(action)s, id, %(details)s::jsonb || {entry.details},
                %(request_id)s, %(client)s, changes
            from shown
            order by id
        )
    """
    result: LiteralString = f"select total, (select count(*) from shown), {_LISTED} from counted"
    given = {**terms, **audit.parameters(), **parameters, "most": MOST}
    execute = _change_found if search else _change_filtered
    return _matches(execute_change(conn, ctes, result, given, execute))


def _execute(
    conn: Connection[Any], statement: LiteralString, values: Mapping[str, object]
) -> Cursor[Any]:
    return conn.execute(statement, values, prepare=False)  # as for a list with filters


def _change_found(
    conn: Connection[Any], statement: LiteralString, values: Mapping[str, object]
) -> Cursor[Any]:
    return execute_search(conn, statement, values, f"{HASH_JOINS}; {CHANGE_WITHIN}")


def _change_filtered(
    conn: Connection[Any], statement: LiteralString, values: Mapping[str, object]
) -> Cursor[Any]:
    return execute_with(conn, HASH_JOINS, statement, values)


def _matches(cursor: Cursor[Any]) -> Matches:
    row = cursor.fetchone()
    assert row is not None  # noqa: S101 - the counts are always there
    total, changed, listed = row
    return Matches(total, changed, listed.encode())
