"""``prune`` removes what is due."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from futuretracker.checks.finding import ok, warning
from futuretracker.checks.items.database import connection
from futuretracker.database.queries.prune import STEPS, select_runs

if TYPE_CHECKING:
    from futuretracker.checks.finding import Finding
    from futuretracker.checks.subject import Subject

RECENT = dt.timedelta(days=1)  # a timer starts it every hour
FIX = (
    "Enable futuretracker-prune.timer, or run `python -m futuretracker prune` from any scheduler."
    " docs/operations/maintenance.md says what it removes."
)


def recent(subject: Subject) -> Finding:
    """Read when each step last finished."""
    with connection(subject.config.database.primary) as conn:
        ages = {run.step: run.age for run in select_runs(conn)}
    if not ages:
        return warning("prune has never run.", FIX)
    if late := [step for step in STEPS if ages.get(step, dt.timedelta.max) > RECENT]:
        return warning(f"prune has not finished for more than a day: {', '.join(late)}.", FIX)
    oldest = max(ages[step] for step in STEPS)
    return ok(f"prune finished {oldest.total_seconds() / 60:.0f} minutes ago.")
