"""A store that is distant for long is one warning, and one when it is near again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from futuretracker.store.pace import Pace

if TYPE_CHECKING:
    import pytest

FAR, NEAR = 0.02, 0.0001
DISTANT = "shared store is distant, each request waits for it"


def seconds(pace: Pace, *durations: float) -> None:
    """Let seconds pass, each with visits of one duration."""
    for duration in durations:
        for _ in range(3):
            pace.note(duration)
        pace.sample()


def test_ten_distant_seconds_are_one_warning(caplog: pytest.LogCaptureFixture) -> None:
    pace = Pace()
    seconds(pace, *[FAR] * 9)
    assert caplog.records == []
    seconds(pace, *[FAR] * 30)
    (record,) = caplog.records
    assert (record.getMessage(), vars(record)["cause"]) == (DISTANT, "20 ms a visit")

    seconds(pace, NEAR, *[FAR] * 9)
    assert [record.getMessage() for record in caplog.records] == [
        DISTANT,
        "shared store is near again",
    ]
    seconds(pace, FAR)
    assert [record.getMessage() for record in caplog.records][2:] == [DISTANT]


def test_seconds_without_visits_and_single_slow_visits_say_nothing(
    caplog: pytest.LogCaptureFixture,
) -> None:
    pace = Pace()
    for _ in range(20):
        seconds(pace, FAR, FAR, NEAR)
        pace.sample()

    assert caplog.records == []
