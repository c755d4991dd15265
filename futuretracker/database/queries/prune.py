"""What ``prune`` removes, a batch at a time, and when it has last run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from psycopg import Connection


# The steps of ``prune``, by their names in its result.
TRASH: Final = "trash"
KEYS: Final = "idempotencyKeys"
DELETIONS: Final = "accountDeletions"
ERASURES: Final = "erasures"
STEPS: Final = (TRASH, KEYS, DELETIONS, ERASURES)


class PruneRun(NamedTuple):
    """A step of ``prune``: when and how long ago it last finished, and what it removed then."""

    step: str
    age: timedelta
    finished_at: datetime
    removed: int


def delete_trash(conn: Connection[Any], limit: int, *, days: int) -> int:
    """Remove at most ``limit`` opportunities that were deleted more than ``days`` days ago.

    They are those of all users, the oldest first. Return their number.
    """
    row = conn.execute("select futuretracker_prune_trash(%s, %s)", [days, limit]).fetchone()
    assert row is not None  # noqa: S101 - a function returns a row
    removed: int = row[0]
    return removed


def insert_run(conn: Connection[Any], *, step: str, removed: int) -> None:
    """Note that a step has finished."""
    conn.execute("select futuretracker_pruned(%s, %s)", [step, removed])


def select_runs(conn: Connection[Any]) -> list[PruneRun]:
    """Return the steps that have ever finished."""
    cursor = conn.execute(
        "select step, now() - finished_at, finished_at, removed from prune_runs order by step"
    )
    return [PruneRun(*row) for row in cursor]
