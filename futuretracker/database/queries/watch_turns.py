"""Whose turn it is to evaluate, and what: batches of the inbox, and rows of the audit table.

The row of ``watch_state`` is the lock of an evaluation, which is one transaction. It is a lock of
the transaction, not of the session, so it also works behind a pooler in transaction mode. Postgres
releases it as soon as it notices that the process or the host has gone, at the latest after
``idle_in_transaction_session_timeout``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from psycopg import Connection

# Rows of the audit table get their number before they are committed. A change is committed or
# cancelled within 2 s, so after this time no row with a smaller number can appear.
SETTLED = 15  # seconds


class Change(NamedTuple):
    """A row of the audit table; ``at`` in UNIX seconds."""

    id: int
    at: float
    actor: str
    action: str
    request_id: str
    client: str


class Waiting(NamedTuple):
    """A batch of the inbox. ``is_last``: no other one waits."""

    id: int
    host: str
    observations: list[dict[str, Any]]
    is_last: bool


def take_turn(conn: Connection[Any], *, host: str, lease: float) -> int | None:
    """Lock the state and return the last evaluated row of the audit table.

    Return None if another host evaluates, or has evaluated within ``lease`` seconds.
    """
    row = conn.execute(
        """
        select audit_id from watch_state
        where leader is null or leader = %(host)s
            or evaluated_at < clock_timestamp() - make_interval(secs => %(lease)s)
        for update skip locked
        """,
        {"host": host, "lease": lease},
    ).fetchone()
    return row[0] if row else None


def end_turn(conn: Connection[Any], *, host: str, audit_id: int) -> None:
    """Record the host that has evaluated, and the last row of the audit table that it took."""
    conn.execute(
        "update watch_state set leader = %s, evaluated_at = clock_timestamp(), audit_id = %s",
        [host, audit_id],
    )


def select_first_batch(conn: Connection[Any]) -> Waiting | None:
    """Return the batch of the inbox that begins first.

    The batches of one host are in order. So only one of each host is compared.
    """
    row = conn.execute(
        """
        with firsts as materialized (
            select min(id) as id, count(*) as number from watch_inbox group by host
        )
        select id, host, observations, (select sum(number) from firsts) = 1
        from watch_inbox where id in (select id from firsts)
        order by (observations -> 0 ->> 'at')::float8, id limit 1
        """
    ).fetchone()
    return Waiting(*row) if row else None


def delete_batch(conn: Connection[Any], *, batch_id: int) -> None:
    """Delete a batch that was evaluated."""
    conn.execute("delete from watch_inbox where id = %s", [batch_id])


def select_changes(conn: Connection[Any], *, after: int, until: float, limit: int) -> list[Change]:
    """Return the next rows of the audit table.

    They end before the first one that is not settled, or is newer than ``until`` (UNIX seconds).
    """
    cursor = conn.execute(
        """
        with next as materialized (
            select id, at, extract(epoch from at)::float8 as seconds, actor, action, request_id,
                coalesce(client, '') as client
            from audit_log where id > %(after)s order by id limit %(limit)s
        )
        select id, seconds, actor, action, request_id, client from next
        where id < coalesce((
            select min(id) from next
            where at > clock_timestamp() - make_interval(secs => %(settled)s)
                or seconds > %(until)s::float8
        ), 9223372036854775807)
        order by id
        """,
        {"after": after, "limit": limit, "settled": SETTLED, "until": until},
    )
    return [Change(*row) for row in cursor]
