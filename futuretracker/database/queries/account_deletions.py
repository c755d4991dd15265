"""The table ``account_deletions``: the users who have asked for the deletion of their account."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, LiteralString

from futuretracker.database.queries.changes import execute_change
from futuretracker.database.queries.columns import only_value, time_of
from futuretracker.database.queries.owner import OWNED, SET_USER

if TYPE_CHECKING:
    from psycopg import Connection

    from futuretracker.database.queries.audit import AuditEntry

# When the deletion of the user of the statement is due, as JSON; null if none was asked for.
DUE_AT: Final[LiteralString] = f"""(
        select {time_of("due_at", "due_at")} from account_deletions where {OWNED}
    ) as "deletionDueAt" """


def insert_deletion(conn: Connection[Any], *, audit: AuditEntry, days: int) -> bytes:
    """Ask for the deletion of an account in ``days`` days; return ``deletionDueAt`` as JSON.

    If it was asked for before, the time stays, and there is no other audit entry.
    """
    ctes: LiteralString = f"""
        written as (
            insert into account_deletions (user_id, due_at)
            select %(user_id)s, now() + make_interval(days => %(days)s::int) where {SET_USER}
            on conflict (user_id) do update set due_at = account_deletions.due_at
            returning user_id, {time_of("due_at", '"deletionDueAt"')},
                requested_at = now() as is_new
        ), audited as (
            insert into audit_log
                (user_id, actor, action, resource_id, details, request_id, client)
            select user_id, %(actor)s, 'DELETE_ACCOUNT', user_id,
                %(details)s::jsonb || jsonb_build_object('deletionDueAt', "deletionDueAt"),
                %(request_id)s, %(client)s
            from written where is_new
        )
        """
    result: LiteralString = """
        select row_to_json(shown)::text as row from (select "deletionDueAt" from written) as shown
        """
    values = {**audit.parameters(), "days": days}
    row = only_value(execute_change(conn, ctes, result, values))
    assert row is not None  # noqa: S101 - an insert that does not raise returns its row
    return row


def delete_deletion(conn: Connection[Any], *, audit: AuditEntry) -> bool:
    """Cancel the deletion of an account; return False if there is nothing to cancel."""
    ctes: LiteralString = f"""
        cancelled as (
            delete from account_deletions where {OWNED} returning user_id
        ), audited as (
            insert into audit_log
                (user_id, actor, action, resource_id, details, request_id, client)
            select user_id, %(actor)s, 'RESTORE_ACCOUNT', user_id, %(details)s, %(request_id)s,
                %(client)s
            from cancelled
        )
        """
    result: LiteralString = "select true as is_cancelled from cancelled"
    return execute_change(conn, ctes, result, audit.parameters()).fetchone() is not None


def begin_due_erasures(conn: Connection[Any], limit: int, *, seconds: int, request_id: str) -> int:
    """Begin the erasure of at most ``limit`` users whose deletion is due; return their number.

    Their tokens are refused for ``seconds``, and until everything is erased.
    """
    row = conn.execute(
        "select futuretracker_begin_due_erasures(%s, %s, %s)", [limit, seconds, request_id]
    ).fetchone()
    assert row is not None  # noqa: S101 - a function returns a row
    begun: int = row[0]
    return begun
