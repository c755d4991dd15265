"""Which backups have had their time."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Hashable
    from datetime import datetime

    from futuretracker.config.backups import Keep


def expired(made: Collection[datetime], keep: Keep) -> set[datetime]:
    """Return those of the UTC times in ``made`` that nothing keeps.

    Kept is the newest of each of the last ``keep.daily`` days that have a backup, likewise of ISO
    weeks and months: a time without backups uses none of them up. The newest of all stays always.
    """
    kept = set(sorted(made)[-1:])
    kept |= _last(made, keep.daily, lambda time: time.date())
    kept |= _last(made, keep.weekly, lambda time: time.isocalendar()[:2])
    kept |= _last(made, keep.monthly, lambda time: (time.year, time.month))
    return set(made) - kept


def _last(
    made: Collection[datetime], periods: int, period: Callable[[datetime], Hashable]
) -> set[datetime]:
    newest = {period(time): time for time in sorted(made)}
    return set(sorted(newest.values(), reverse=True)[:periods])
