from __future__ import annotations

from futuretracker.anomalies.counts import COUNTED, HOUR, Hour, Values


def deletes(number: int) -> Values:
    return [number if name == "deletes" else 0 for name in COUNTED]


def test_an_hour_takes_what_comes_one_hour_late_and_nothing_older() -> None:
    hour = Hour()
    for at in (5 * HOUR, 4 * HOUR, 4 * HOUR - 1, 0):
        hour.add(at, deletes(7))
    assert hour.slot == 5
    assert hour.now == hour.before == deletes(7)
