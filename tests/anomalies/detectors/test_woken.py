from __future__ import annotations

import pytest

from tests.anomalies.detectors.life import CAFE, DAY, HOUR, IPHONE, MINUTE, PAUSES, Life


def tidy_up(life: Life, at: float, number: int) -> None:
    for pause in PAUSES[:number]:
        at += pause
        life.change(at, deletes=1)


def test_an_account_that_wakes_up_elsewhere_and_deletes_is_found() -> None:
    life = Life()
    at = life.at + 90 * DAY
    life.see(at, address=CAFE, session="sess_other", agent=IPHONE, reads=3, pages=1)
    for step in range(4):
        life.change(at + MINUTE * (1 + step), deletes=1)

    alarm = life.first("woken-account")
    assert (alarm.severity, alarm.subject) == ("high", "user:user_1")
    assert alarm.figures == {"days": 90, "deletes": 3}
    assert "not used for 90 days" in alarm.reason
    assert len(alarm.evidence) == 3  # of the deletes


def test_a_student_who_comes_back_on_the_same_computer_is_no_alarm() -> None:
    life = Life()
    at = life.at + 90 * DAY
    life.visit(at)
    tidy_up(life, at + 5 * MINUTE, 15)
    assert life.alarms == []


def test_a_student_who_has_moved_may_tidy_up_the_next_day() -> None:
    life = Life()
    at = life.at + 90 * DAY
    life.visit(at, address=CAFE)
    life.visit(at + DAY, address=CAFE)
    tidy_up(life, at + DAY + 5 * MINUTE, 12)
    assert life.alarms == []


@pytest.mark.parametrize(
    ("hours", "most"),
    [(0, 3), (1.9, 3), (2, 19), (47, 19)],
    ids=["at once", "after two hours less", "after two hours", "two days later"],
)
def test_a_student_who_has_moved_may_delete_some(hours: float, most: int) -> None:
    life = Life()
    at = life.at + 90 * DAY
    life.see(at, address=CAFE)
    life.change(at + hours * HOUR, deletes=most)
    assert life.alarms == []

    life.change(at + hours * HOUR + MINUTE, deletes=1)
    assert life.kinds() == {"woken-account"}
    assert life.alarms[0].figures["deletes"] == most + 1


@pytest.mark.parametrize(("seconds", "expected"), [(0, {"woken-account"}), (1, set())])
def test_two_days_after_it_woke_an_account_is_one_like_any_other(
    seconds: int, expected: set[str]
) -> None:
    life = Life()
    at = life.at + 90 * DAY
    life.see(at, address=CAFE, agent=IPHONE, session="sess_other")
    life.change(at + 2 * DAY + seconds, deletes=25)
    assert life.kinds() == expected
