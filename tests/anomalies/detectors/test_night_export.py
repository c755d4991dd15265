from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from futuretracker.anomalies.lines import parse
from tests.anomalies.detectors.life import DAY, HOME, HOUR, LINUX, MINUTE, Life
from tests.anomalies.watch import activity

if TYPE_CHECKING:
    from futuretracker.anomalies.observations import Observation

NOON = 12 * HOUR


def test_an_export_at_night_is_found() -> None:
    life = Life()
    for step in range(12):
        life.see(life.at + 3 * HOUR + 20 * step, reads=1, pages=1, bytes=50_000)

    assert life.kinds() == {"night-export"}
    alarm = life.first("night-export")
    assert alarm.figures["hour"] == 3
    assert "at 3:00 UTC, when the user is hardly ever active" in alarm.reason
    assert alarm.evidence


def exported(life: Life, at: float, rows: int) -> Observation:
    """Return what is seen of one request for an export, as the service logs it when it ends."""
    read = parse(
        activity(
            "user_1", 1_700_000_000, session="sess_laptop", ip=HOME, agent=LINUX, pages=1,
            bytes=500 * rows, rows=rows,
        )
    )  # fmt: skip
    assert read is not None
    return read.observation._replace(at=at, until=at + 5)


@pytest.mark.parametrize(
    ("hour", "rows", "expected"),
    [
        (3, 1500, {"night-export"}),
        (3, 90, set()),
        (15, 1500, set()),
        (15, 9000, {"scraping"}),
    ],
)
def test_one_request_for_an_export_counts_as_the_pages_that_it_replaces(
    hour: int, rows: int, expected: set[str]
) -> None:
    life = Life()
    life.observe(exported(life, life.at + hour * HOUR, rows))

    assert life.kinds() == expected


def test_the_same_export_during_the_day_is_no_alarm() -> None:
    life = Life()
    for step in range(12):
        life.see(life.at + 15 * HOUR + 20 * step, reads=1, pages=1, bytes=50_000)
    assert life.alarms == []


def test_a_night_of_work_is_no_alarm() -> None:
    life = Life()
    for step in range(40):
        life.see(life.at + 3 * HOUR + 60 * step, reads=3, pages=step % 4 == 0, ids=1, bytes=6000)
    assert life.alarms == []


@pytest.mark.parametrize(("known", "expected"), [(DAY - MINUTE, set()), (DAY, {"night-export"})])
def test_on_the_first_day_of_a_user_no_time_is_unusual(known: float, expected: set[str]) -> None:
    life = Life()
    newcomer = {"user": "user_2", "session": "sess_new"}
    at = life.at + 3 * HOUR
    life.see(at - known, reads=1, **newcomer)
    for step in range(12):
        life.see(at + step, reads=1, pages=1, bytes=50_000, **newcomer)
    assert life.kinds() == expected
