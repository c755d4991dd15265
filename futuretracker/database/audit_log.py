"""Delete old entries of the table ``audit_log``, and measure the table; as its owner."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from futuretracker.database.audit_partitions import drop_due
from futuretracker.telemetry.progress import SILENT

if TYPE_CHECKING:
    from datetime import datetime

    from psycopg import Connection

    from futuretracker.telemetry.progress import Progress

BATCH = 5000  # entries; each batch is one short transaction
# There is no index on the time, but the order of the ids is that of the time, except for a few
# seconds. So read in the order of the key, and stop at a batch without an old entry.
DELETE = """
with batch as materialized (
    select id, at from audit_log where id > %(after)s order by id limit %(size)s
), deleted as (
    delete from audit_log where id in (select id from batch where at < %(before)s) returning id
)
select (select count(*) from deleted), max(id) filter (where at < %(before)s) is not null, max(id)
from batch
"""
MEASURE = """
select (select sum(pg_total_relation_size(relid))::bigint from pg_partition_tree('audit_log')),
    (select at from audit_log order by id limit 1)
"""
# The start of a month in UTC, so that the same entries are kept during a whole month.
CUTOFF = """
select (date_trunc('month', now() at time zone 'UTC') - make_interval(months => %s))
    at time zone 'UTC'
"""


class Measured(NamedTuple):
    """The size of the table with its indexes, in bytes, and the time of the oldest entry."""

    size: int
    oldest: datetime | None


def start_of_month(conn: Connection[Any], *, months_ago: int) -> datetime:
    """Return when the month began that was current so many months ago."""
    row = conn.execute(CUTOFF, [months_ago]).fetchone()
    assert row is not None  # noqa: S101 - there is always a month
    start: datetime = row[0]
    return start


def prune(conn: Connection[Any], *, before: datetime, progress: Progress = SILENT) -> int:
    """Delete the entries from before a time; return their number.

    Partitions that end by then are dropped. What is left is deleted in batches: entries of the
    first partition, which goes on for longer than a month, and of the default partition.

    ``conn`` commits each statement by itself, so what was deleted stays deleted if this is stopped.
    """
    progress.begin(f"Deleting audit entries from before {before:%Y-%m-%d}", "rows")
    total, after, goes_on = drop_due(conn, before=before), -1, True
    progress.advance(total)
    while goes_on:
        values = {"after": after, "size": BATCH, "before": before}
        row = conn.execute(DELETE, values).fetchone()
        assert row is not None  # noqa: S101 - an aggregate has a row
        deleted, goes_on, after = row
        total += deleted
        progress.advance(deleted)
    return total


def measure(conn: Connection[Any]) -> Measured:
    """Return the size of the table and the time of its oldest entry."""
    row = conn.execute(MEASURE).fetchone()
    assert row is not None  # noqa: S101 - the table has a size
    return Measured(*row)
