"""The table ``anomaly_actions``: what to do about a finding, what was done, and what was undone.

Functions carry out and undo what changes a session, a key or a user (migrations 0024 and 0037).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, LiteralString, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from psycopg import Connection


class Plan(NamedTuple):
    """An action to add. ``detail`` is set if there is nothing to do: a dry-run, or no target."""

    finding_id: str
    action: str
    subject: str
    dry_run: bool
    detail: str = ""
    body: str | None = None


class Due(NamedTuple):
    """An action to carry out, and how often it was tried before."""

    id: int
    finding_id: str
    action: str
    subject: str
    body: str | None
    attempts: int


class Act(NamedTuple):
    """An action of a finding, as an operator sees it."""

    id: int
    action: str
    subject: str
    dry_run: bool
    detail: str
    body: str | None
    planned_at: datetime
    attempts: int
    done_at: datetime | None
    failed_at: datetime | None
    undone_at: datetime | None


def plan_action(conn: Connection[Any], *, plan: Plan) -> bool:
    """Add an action to a finding; return False if it has it, or if the finding was erased.

    A dry-run is done with this. An action with a detail and no dry-run has failed.
    """
    cursor = conn.execute(
        """
        insert into anomaly_actions
            (finding_id, action, subject, dry_run, detail, body, done_at, failed_at)
        select id, %(action)s, %(subject)s, %(dry_run)s, %(detail)s, %(body)s,
            case when %(dry_run)s then now() end,
            case when not %(dry_run)s and %(detail)s <> '' then now() end
        from anomaly_findings where id = %(finding_id)s
        on conflict (finding_id, action) do nothing
        """,
        plan._asdict(),
    )
    return cursor.rowcount == 1


def select_due(conn: Connection[Any], *, recent: int) -> list[Due]:
    """Return the actions to carry out now, the oldest first. Dismissed findings have none.

    Nor has a finding that was last seen more than ``recent`` seconds ago, except for its webhook.
    """
    cursor = conn.execute(
        """
        select a.id, a.finding_id, a.action, a.subject, a.body, a.attempts
        from anomaly_actions as a join anomaly_findings as f on f.id = a.finding_id
        where a.done_at is null and a.failed_at is null and a.next_at <= now()
            and f.state <> 'dismissed'
            and (a.action = 'webhook' or f.last_seen > now() - make_interval(secs => %s))
        order by a.id limit 100
        """,
        [recent],
    )
    return [Due(*row) for row in cursor]


def begin_attempt(conn: Connection[Any], *, act_id: int, pause: int) -> None:
    """Count an attempt; if it fails, the next one is after ``pause`` seconds."""
    conn.execute(
        "update anomaly_actions set attempts = attempts + 1,"
        " next_at = now() + make_interval(secs => %s) where id = %s",
        [pause, act_id],
    )


def carry_out(conn: Connection[Any], *, act_id: int, seconds: int) -> str:
    """Carry out an action and write its audit entry; return ``done``, ``gone`` or ``nothing``.

    It is ``gone`` if there is no such key or user. There is ``nothing`` to do if it was done or
    cancelled before.
    """
    return _outcome(conn, "select futuretracker_act(%s, %s)", [act_id, seconds])


def note_action(conn: Connection[Any], *, act_id: int, detail: str, failed: bool = False) -> None:
    """Store what came of an action. One that has ``failed`` is not tried again."""
    conn.execute(
        "update anomaly_actions set detail = %s,"
        " failed_at = case when %s then now() else failed_at end where id = %s",
        [detail, failed, act_id],
    )


def undo_action(conn: Connection[Any], *, act_id: int) -> str:
    """Undo an action; return ``undone``, ``kept``, ``gone`` or ``nothing``.

    It is ``kept`` if another finding or another revocation asks for the same, and ``gone`` if the
    API key does not exist any more. There is an audit entry only if something was restored.
    """
    return _outcome(conn, "select futuretracker_undo(%s)", [act_id])


def cancel_action(conn: Connection[Any], *, act_id: int, detail: str) -> bool:
    """Make sure that an action is not carried out; return False if it was, or has failed."""
    cursor = conn.execute(
        "update anomaly_actions set failed_at = now(), detail = %s"
        " where id = %s and done_at is null and failed_at is null",
        [detail, act_id],
    )
    return cursor.rowcount == 1


def select_actions(conn: Connection[Any], *, finding_id: str) -> list[Act]:
    """Return the actions of a finding, in order."""
    cursor = conn.execute(
        """
        select id, action, subject, dry_run, detail, body, planned_at, attempts, done_at,
            failed_at, undone_at
        from anomaly_actions where finding_id = %s order by id
        """,
        [finding_id],
    )
    return [Act(*row) for row in cursor]


def _outcome(conn: Connection[Any], query: LiteralString, values: Sequence[object]) -> str:
    row = conn.execute(query, values).fetchone()
    assert row is not None  # noqa: S101 - a function returns a row
    outcome: str = row[0]
    return outcome
