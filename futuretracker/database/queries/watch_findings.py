"""The table ``anomaly_findings``, as ``watch`` reads and writes it. Times are UNIX seconds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from psycopg.types.json import Jsonb

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from psycopg import Connection

COLUMNS = """id, kind, severity, subject, coalesce(clerk_id, ''), reason, figures, evidence,
    extract(epoch from first_seen)::float8, extract(epoch from last_seen)::float8, times, state,
    pattern, strength, action"""


class Counted(NamedTuple):
    """How many findings there are of a kind."""

    kind: str
    severity: str
    state: str
    number: int


def select_known(
    conn: Connection[Any], *, subjects: Iterable[str], users: Iterable[str]
) -> list[tuple[Any, ...]]:
    """Return the findings about these subjects and users that new alarms may belong to."""
    return conn.execute(
        f"select {COLUMNS} from anomaly_findings"
        " where subject = any(%(subjects)s) or clerk_id = any(%(users)s) order by last_seen desc",
        {"subjects": list(subjects), "users": list(users)},
    ).fetchall()


def upsert_finding(
    conn: Connection[Any], *, values: dict[str, Any], announced: bool | None
) -> None:
    """Save a finding, unless its user no longer exists. None: it was announced if it was before.

    What an operator has decided meanwhile stays.
    """
    conn.execute(
        """
        insert into anomaly_findings (id, kind, severity, subject, clerk_id, reason, figures,
            evidence, first_seen, last_seen, times, state, pattern, strength, action, announced)
        select %(id)s, %(kind)s, %(severity)s, %(subject)s, nullif(%(user)s, ''), %(reason)s,
            %(figures)s, %(evidence)s, to_timestamp(%(first_seen)s), to_timestamp(%(last_seen)s),
            %(times)s, %(state)s, %(pattern)s, %(strength)s, %(action)s,
            coalesce(%(announced)s::boolean, false)
        where %(user)s = '' or exists (select from users where clerk_id = %(user)s)
        on conflict (id) do update
            set severity = excluded.severity, reason = excluded.reason, figures = excluded.figures,
                evidence = excluded.evidence, first_seen = excluded.first_seen,
                last_seen = excluded.last_seen, times = excluded.times,
                pattern = excluded.pattern, strength = excluded.strength,
                action = excluded.action,
                announced = coalesce(%(announced)s::boolean, anomaly_findings.announced)
        """,
        {
            **values,
            "figures": Jsonb(values["figures"]),
            "evidence": list(values["evidence"]),
            "announced": announced,
        },
    )


def select_to_announce(conn: Connection[Any], *, limit: int) -> list[tuple[Any, ...]]:
    """Return findings without a line of type ANOMALY, the oldest first."""
    return conn.execute(
        f"select {COLUMNS} from anomaly_findings where not announced order by first_seen, id"
        " limit %s for update skip locked",
        [limit],
    ).fetchall()


def mark_announced(conn: Connection[Any], *, ids: Sequence[str]) -> None:
    """Record that the lines of these findings were written."""
    conn.execute("update anomaly_findings set announced = true where id = any(%s)", [list(ids)])


def count_findings(conn: Connection[Any]) -> list[Counted]:
    """Return the number of findings by kind, severity and state."""
    cursor = conn.execute(
        "select kind, severity, state, count(*) from anomaly_findings"
        " group by 1, 2, 3 order by 1, 2, 3"
    )
    return [Counted(*row) for row in cursor]
