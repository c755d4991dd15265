"""The partitions of the table ``audit_log``, one for each month; as its owner.

``audit_log_first`` is the table of before migration 0033, and ``audit_log_default`` has the entries
of months without a partition.
"""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from psycopg import sql
from psycopg.errors import LockNotAvailable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from psycopg import Connection

# A database may have another style, in which the driver cannot read the times of the partitions.
READABLE_TIMES: Final = "set datestyle to iso"
AHEAD: Final = 3  # months after this one that have partitions
PATIENCE: Final = 60.0  # seconds
PAUSE: Final = 1.0  # seconds between two tries, in which the requests that the last one delayed run
# Requests that write wait for at most 500 ms for a lock, and this must not make them wait longer.
LOCK_TIMEOUT = "select set_config('lock_timeout', '300ms', true)"
# The size of a table whose index is built in a tenth of a second, during which writes to it wait.
SMALL: Final = 16 << 20
PARTITIONS = """
select c.relname,
    substring(pg_get_expr(c.relpartbound, c.oid) from 'TO \\(''(.+)''\\)')::timestamptz,
    pg_relation_size(c.oid), exists (
        select from pg_index as x join pg_class as named on named.oid = x.indexrelid
        where x.indrelid = c.oid and x.indisvalid and named.relname = c.relname || '_history'
    )
from pg_inherits as i join pg_class as c on c.oid = i.inhrelid
where i.inhparent = to_regclass('public.audit_log')
order by 2 nulls last
"""
INDEX = """
create index {how} {index} on public.{table}
    ((coalesce(details ->> 'opportunityId', resource_id::text)) collate "C", at)
    where action <> 'CREATE_OPPORTUNITY'
"""
BUILDING = """
select from pg_stat_progress_create_index
where datname = current_database() and command = 'CREATE INDEX CONCURRENTLY'
"""
ONE_AT_A_TIME = f"""
{LOCK_TIMEOUT}, pg_advisory_xact_lock(hashtextextended('futuretracker audit partitions', 0))
"""
COMING_MONTH = """
select date_trunc('month', now() at time zone 'UTC' + make_interval(months => %s))
    at time zone 'UTC'
"""


class Partition(NamedTuple):
    """A partition, its end (None for the default partition), and its size without indexes in bytes.

    ``has_history`` says whether it has the index that histories read.
    """

    name: str
    ends: datetime | None
    size: int
    has_history: bool


def select_partitions(conn: Connection[Any]) -> list[Partition]:
    """Return the partitions by their end, the default partition last; none before 0033."""
    return [Partition(*row) for row in conn.execute(PARTITIONS)]


def select_coming_month(conn: Connection[Any], *, months: int) -> datetime:
    """Return when the month begins, in UTC, that comes so many months after this one."""
    row = conn.execute(COMING_MONTH, [months]).fetchone()
    assert row is not None  # noqa: S101 - there is always a month
    start: datetime = row[0]
    return start


def keep_up(conn: Connection[Any]) -> int:
    """Create the partitions of the coming months and missing indexes; return how many partitions.

    Requests go on meanwhile. If nothing is missing, this only reads. ``conn`` commits each
    statement by itself. Raise LockNotAvailable if another session is in the way.
    """
    found = select_partitions(conn)
    ends = [partition.ends for partition in found if partition.ends]
    added = 0
    if ends and ends[-1] <= select_coming_month(conn, months=AHEAD):
        row = conn.execute("select futuretracker_add_audit_partitions(%s)", [AHEAD]).fetchone()
        assert row is not None  # noqa: S101 - the function returns a number
        added = row[0]
    for partition in found:
        if not partition.has_history:
            _build_index(conn, partition)
    return added


def patiently(step: Callable[[], int]) -> int:
    """Return what the step returns; try again for a minute while another session is in the way."""
    until = time.monotonic() + PATIENCE
    while True:
        try:
            return step()
        except LockNotAvailable:
            if time.monotonic() + PAUSE > until:
                raise
        time.sleep(PAUSE)


def drop_due(conn: Connection[Any], *, before: datetime) -> int:
    """Drop the partitions that end by then; return how many entries they had.

    Raise LockNotAvailable if another session is in the way for a minute. What is dropped stays so.
    """
    due = [found for found in select_partitions(conn) if found.ends and found.ends <= before]
    return sum(patiently(partial(_drop, conn, found)) for found in due)


def _drop(conn: Connection[Any], partition: Partition) -> int:
    """Drop a partition, which nobody adds entries to any more."""
    # With its end, Postgres does not read later partitions.
    count = "select count(*) from audit_log where at < %s and tableoid = %s::regclass"
    row = conn.execute(count, [partition.ends, f"public.{partition.name}"]).fetchone()
    assert row is not None  # noqa: S101 - an aggregate has a row
    with conn.transaction():
        conn.execute(LOCK_TIMEOUT)
        drop = sql.SQL("drop table public.{}").format(sql.Identifier(partition.name))
        conn.execute(drop)
    number: int = row[0]
    return number


def _build_index(conn: Connection[Any], partition: Partition) -> None:
    """Build the index of the histories; replace one that was interrupted."""
    names = {
        "index": sql.Identifier(f"{partition.name}_history"),
        "table": sql.Identifier(partition.name),
    }
    if partition.size > SMALL:
        _build_concurrently(conn, names)
        return
    with conn.transaction():
        conn.execute(ONE_AT_A_TIME)
        conn.execute(sql.SQL("drop index if exists public.{index}").format(**names))
        conn.execute(sql.SQL(INDEX).format(how=sql.SQL(""), **names))


def _build_concurrently(conn: Connection[Any], names: Mapping[str, sql.Identifier]) -> None:
    """Build it while others write. If another process builds it, leave it to that one."""
    # A statement_timeout of the owner would end a build that takes minutes. It waits for older
    # transactions, and nobody waits for it. There is no transaction, so no ``set local``.
    conn.execute("set statement_timeout = 0; set lock_timeout = '60s'")
    try:
        if conn.execute(BUILDING).fetchone() is None:
            drop = sql.SQL("drop index concurrently if exists public.{index}")
            conn.execute(drop.format(**names))
            conn.execute(sql.SQL(INDEX).format(how=sql.SQL("concurrently"), **names))
    finally:
        conn.execute("reset statement_timeout; reset lock_timeout")
