"""Decide which backups have expired."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Hashable
    from datetime import datetime

    from futuretracker.config.backups import Keep

# Several backups of a day are kept for this long: each was made for a reason.
RECENT = timedelta(days=1)


def expired(made: Collection[datetime], keep: Keep) -> set[datetime]:
    """Return those of the UTC times in ``made`` that no rule keeps.

    The newest backup of each of the last ``keep.daily`` days that have one is kept; likewise for
    ISO weeks and for months. Days without backups do not count. All backups of the 24 hours before
    the newest one are kept.
    """
    kept = {time for time in made if max(made) - time < RECENT}
    kept |= _last(made, keep.daily, lambda time: time.date())
    kept |= _last(made, keep.weekly, lambda time: time.isocalendar()[:2])
    kept |= _last(made, keep.monthly, lambda time: (time.year, time.month))
    return set(made) - kept


def _last(
    made: Collection[datetime], periods: int, period: Callable[[datetime], Hashable]
) -> set[datetime]:
    newest = {period(time): time for time in sorted(made)}
    return set(sorted(newest.values(), reverse=True)[:periods])
