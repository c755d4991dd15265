"""Choose what one transaction evaluates: a batch of the inbox, and rows of the audit table.

A profile leaves out what is more than an hour older than its newest observation. So after an outage
both must be evaluated in about the order of their times: neither may get an hour ahead.
"""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING, Any, NamedTuple

from futuretracker.anomalies.batches import Batch, load
from futuretracker.database.queries.watch_turns import select_changes, select_first_batch

if TYPE_CHECKING:
    from psycopg import Connection

    from futuretracker.anomalies.observations import Observation
    from futuretracker.database.queries.watch_turns import Change, Waiting

# A batch needs about 0.3 s of CPU. On a busy host a transaction takes much longer, but must end
# before ``idle_in_transaction_session_timeout``, which is 30 s. So it evaluates one batch.
CHANGES = 1000  # rows of the audit table, in one transaction


class Turn(NamedTuple):
    """What one transaction evaluates. ``more``: as much as one may, so more may wait."""

    batch: Waiting | None
    observations: list[Observation]
    audit_id: int  # the last row of the audit table
    more: bool


def choose(conn: Connection[Any], *, audit_id: int, has_read: bool) -> Turn:
    """Choose what to evaluate after a row of the audit table.

    While lines wait in the inbox, or in their source (not ``has_read``), changes that are newer
    than the batch wait for them.
    """
    batch = select_first_batch(conn)
    lines = sorted(load([batch.observations])) if batch else []
    until = inf
    if not has_read or (batch and not batch.is_last):
        until = lines[-1].at if lines else -inf
    changes = select_changes(conn, after=audit_id, until=until, limit=CHANGES)
    is_full = len(changes) == CHANGES
    if lines and is_full and changes[-1].at < lines[0].at:
        batch, lines = None, []  # more changes may be older than the batch
    audit_id = changes[-1].id if changes else audit_id
    observations = sorted([*lines, *_observations(changes)])
    return Turn(batch, observations, audit_id, more=is_full or batch is not None)


def _observations(changes: list[Change]) -> list[Observation]:
    changed = Batch()
    changed.add_changes(changes)
    return changed.observations()
