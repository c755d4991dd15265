from __future__ import annotations

from typing import Any

import pytest

from tests.anomalies.detectors.life import CAFE, DAY, HOUR, MINUTE, PAUSES, Life


def test_a_mass_delete_is_found_while_it_happens() -> None:
    life = Life()
    for step in range(20):
        life.change(life.at + 10 * HOUR + 10 * step, deletes=5)

    alarm = life.first("mass-delete")
    assert alarm.severity == "high"
    assert alarm.subject == "user:user_1"
    assert alarm.figures["deletes"] == 40
    assert "40 opportunities were deleted within an hour" in alarm.reason
    assert alarm.last_seen - life.at < 10 * HOUR + 2 * MINUTE
    assert f"request-{life.number}" not in alarm.evidence
    assert len(alarm.evidence) >= 5


def test_who_tidies_up_rejected_applications_is_no_alarm() -> None:
    life = Life()
    for step in range(15):
        life.change(life.at + 10 * HOUR + 8 * step, deletes=1)
    assert life.alarms == []


def test_a_program_that_deletes_as_slowly_as_a_person_is_found() -> None:
    life = Life()
    at = life.at + 10 * HOUR
    for step in range(14):
        at += 40 * (0.7 + 0.6 * (step * 5 % 14) / 13)  # as random.uniform(0.7, 1.3) does
        life.change(at, deletes=1)

    alarm = life.first("mass-delete")
    assert (alarm.severity, alarm.subject) == ("high", "user:user_1")
    assert alarm.figures["deletes"] == 11
    assert alarm.reason.startswith("11 opportunities were deleted one by one, each 30 to 50 s")
    assert life.at + 10 * HOUR <= alarm.first_seen < alarm.last_seen <= at
    assert alarm.pattern == "web evenly"


@pytest.mark.parametrize(
    ("given", "pauses"),
    [
        ({}, PAUSES),
        ({}, (5, 4, 6, 5, 5, 4, 7, 5, 6, 5, 4, 5)),  # down a list
        ({}, (40, 40, 40, 40, 40, 600, 40, 40, 40, 40, 40)),
        ({"client": "key:abc"}, (40,) * 12),
        ({"writes": 1, "deletes": 0}, (40,) * 12),
    ],
)
def test_uneven_and_fast_deletes_are_no_alarm(
    given: dict[str, Any], pauses: tuple[int, ...]
) -> None:
    life = Life()
    at = life.at + 10 * HOUR
    for pause in pauses:
        at += pause
        life.change(at, **({"deletes": 1} | given))
    assert life.alarms == []


def test_deletes_at_once_are_not_even_ones() -> None:
    life = Life()
    for step in range(12):
        life.change(life.at + 10 * HOUR + 40 * step, deletes=1 + step % 2)
    assert life.alarms == []


def test_a_script_that_replaces_everything_each_night_is_no_alarm() -> None:
    life = Life()
    key = {"session": "key_abc", "client": "key:abc", "agent": "curl/8"}
    for day in range(5):
        at = life.at + day * DAY + 3 * HOUR
        life.see(at, **key, reads=2)
        for step in range(6):
            life.change(at + 10 + step, client="key:abc", deletes=5, writes=5)
    assert life.alarms == []


def test_fewer_deletes_are_too_many_on_a_new_network() -> None:
    life = Life()
    at = life.at + 10 * HOUR
    life.visit(at, address=CAFE)
    life.change(at + 5 * MINUTE, deletes=29)
    assert life.alarms == []

    life.change(at + 6 * MINUTE, deletes=1)
    alarm = life.first("mass-delete")
    assert alarm.figures["deletes"] == 30
    assert "The network is new for the user" in alarm.reason


def test_an_hour_after_a_new_network_as_many_deletes_as_ever_are_no_alarm() -> None:
    life = Life()
    at = life.at + 10 * HOUR
    life.see(at, address=CAFE)
    life.change(at + HOUR, deletes=39)
    assert life.alarms == []

    life.change(at + HOUR + MINUTE, deletes=1)
    assert life.kinds() == {"mass-delete"}
