from __future__ import annotations

import pytest

from futuretracker.anomalies.rhythm import Rhythm
from tests.anomalies.detectors.life import HOUR, START

MONDAY, SUNDAY = 0, 6


@pytest.fixture
def rhythm() -> Rhythm:
    """Who is there at ten on working days, for six weeks."""
    rhythm = Rhythm()
    for day in range(6 * 7):
        if day % 7 < 5:
            rhythm.live(at_ten(day))
    return rhythm


def at_ten(day: int) -> int:
    """Return the hour, counted from the epoch, of a day after a Monday."""
    return int(START // HOUR) + 24 * day + 10


def test_a_weekday_without_activity_is_unusual_at_any_hour(rhythm: Rhythm) -> None:
    assert rhythm.share(at_ten(MONDAY), Rhythm(), knows_weekdays=True) == 1
    assert rhythm.share(at_ten(SUNDAY), Rhythm(), knows_weekdays=True) == 0


def test_weekdays_say_nothing_while_they_are_not_known(rhythm: Rhythm) -> None:
    assert rhythm.share(at_ten(SUNDAY), Rhythm(), knows_weekdays=False) == 1


def test_a_rare_weekday_lowers_the_share(rhythm: Rhythm) -> None:
    rhythm.live(at_ten(SUNDAY))
    share = rhythm.share(at_ten(SUNDAY), Rhythm(), knows_weekdays=True)
    assert share == pytest.approx(7 / 31)  # one of 31 days, where a seventh would be usual
