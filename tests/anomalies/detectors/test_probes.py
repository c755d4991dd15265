from __future__ import annotations

import pytest

from tests.anomalies.detectors.life import DAY, HOUR, MINUTE, Life

NOON = 12 * HOUR


def test_an_enumeration_of_ids_is_found() -> None:
    life = Life()
    for step in range(10):
        life.see(life.at + NOON + 10 * step, missing=5, ids=5)

    alarm = life.first("id-enumeration")
    assert (alarm.severity, alarm.subject) == ("high", "session:sess_laptop")
    assert (alarm.user, alarm.action) == ("user_1", "revoke-session")
    assert alarm.figures["missing"] == 15
    assert "15 requests within an hour asked for an id that does not exist" in alarm.reason
    assert set(alarm.evidence) == {f"request-{life.number - n}" for n in (7, 8, 9)}


def test_an_app_that_asks_for_what_was_deleted_is_no_alarm() -> None:
    life = Life()
    life.change(life.at + NOON, deletes=30)
    life.see(life.at + NOON + MINUTE, missing=30, ids=30, client="app", session="sess_phone")
    assert life.alarms == []


def test_a_few_missing_ids_among_many_are_no_alarm() -> None:
    life = Life()
    for step in range(20):
        life.see(life.at + NOON + 10 * step, reads=20, missing=2, ids=20)
    assert life.alarms == []


def test_a_slow_enumeration_is_found_after_some_days() -> None:
    life = Life()
    for hour in range(72):
        life.see(life.at + hour * HOUR, missing=2, ids=2)

    assert life.kinds() == {"slow-enumeration"}
    alarm = life.first("slow-enumeration")
    assert alarm.severity == "medium"
    assert "on 3 of the last 7 days" in alarm.reason
    assert alarm.first_seen <= life.at


@pytest.mark.parametrize(("deleted", "expected"), [(65, set()), (64, {"slow-enumeration"})])
def test_ids_that_the_user_has_deleted_are_not_guessed(deleted: int, expected: set[str]) -> None:
    life = Life()
    life.change(life.at - 3 * HOUR, deletes=deleted // 2)
    life.change(life.at - HOUR, deletes=deleted - deleted // 2)
    for hour in range(72):  # 144 ids, and 80 are too many
        life.see(life.at + hour * HOUR, missing=2, ids=2)
    assert life.kinds() == expected


def test_a_user_who_follows_old_links_is_no_alarm() -> None:
    life = Life()
    for day in range(20):
        life.see(life.at + day * DAY + NOON, missing=3, ids=3)
    assert life.alarms == []


def test_some_days_with_stale_links_are_no_alarm() -> None:
    life = Life()
    for day in range(6):
        life.see(life.at + day * DAY + NOON, missing=9, ids=9)
    assert life.alarms == []


def test_a_slow_enumeration_that_has_stopped_raises_no_alarm_later() -> None:
    life = Life()
    for hour in range(72):
        life.see(life.at + hour * HOUR, missing=2, ids=2)
    life.alarms.clear()
    life.see(life.at + 5 * DAY, missing=1, ids=1)
    assert life.alarms == []


def test_scraping_is_found() -> None:
    life = Life()
    for step in range(30):
        life.see(life.at + NOON + 10 * step, reads=5, pages=5, bytes=200_000)

    alarm = life.first("scraping")
    assert (alarm.severity, alarm.subject) == ("medium", "session:sess_laptop")
    assert int(alarm.figures["pages"]) >= 50
    assert "pages of lists" in alarm.reason
    assert alarm.evidence


def test_a_script_that_pages_through_everything_every_hour_is_no_alarm() -> None:
    life = Life()
    key = {"session": "key_abc", "client": "key:abc", "agent": "python-requests/2.32"}
    for hour in range(100):
        life.see(life.at + hour * HOUR, **key, reads=45, pages=45, bytes=900_000)
    assert life.alarms == []


def test_a_busy_evening_is_no_alarm() -> None:
    life = Life()
    for step in range(60):
        life.see(life.at + 20 * HOUR + 50 * step, reads=5, pages=2, ids=2, bytes=20_000)
    assert life.alarms == []
