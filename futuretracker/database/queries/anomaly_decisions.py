"""The findings that an operator lists, and what the operator decides about them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, LiteralString, NamedTuple

if TYPE_CHECKING:
    from datetime import datetime

    from psycopg import Connection

_COLUMNS: Final[LiteralString] = """id, kind, severity, subject, coalesce(clerk_id, ''), reason,
    figures, evidence, first_seen, last_seen, times, state, pattern, strength, action, decided_at,
    note"""


class Decided(NamedTuple):
    """A finding, with what was decided about it."""

    id: str
    kind: str
    severity: str
    subject: str
    user: str
    reason: str
    figures: dict[str, float | int | str]
    evidence: list[str]
    first_seen: datetime
    last_seen: datetime
    times: int
    state: str
    pattern: str
    strength: float
    action: str
    decided_at: datetime | None
    note: str


def list_findings(
    conn: Connection[Any], *, state: str | None, kind: str | None, since: datetime | None, most: int
) -> list[Decided]:
    """Return findings, the newest first, at most so many. None stands for any."""
    cursor = conn.execute(
        f"""
        select {_COLUMNS} from anomaly_findings
        where (%(state)s::text is null or state = %(state)s)
            and (%(kind)s::text is null or kind = %(kind)s)
            and (%(since)s::timestamptz is null or last_seen >= %(since)s)
        order by last_seen desc, id limit %(most)s
        """,
        {"state": state, "kind": kind, "since": since, "most": most},
    )
    return [Decided(*row) for row in cursor]


def find_finding(conn: Connection[Any], *, finding_id: str) -> Decided | None:
    """Return the finding with this id, or None."""
    row = conn.execute(
        f"select {_COLUMNS} from anomaly_findings where id = %s", [finding_id]
    ).fetchone()
    return Decided(*row) if row else None


def decide(conn: Connection[Any], *, finding_id: str, state: str, note: str) -> Decided | None:
    """Set the state of a finding that has another one; return it, or None if it has not."""
    row = conn.execute(
        f"""
        update anomaly_findings set state = %(state)s, decided_at = now(), note = %(note)s
        where id = %(id)s and state <> %(state)s
        returning {_COLUMNS}
        """,
        {"id": finding_id, "state": state, "note": note},
    ).fetchone()
    return Decided(*row) if row else None
