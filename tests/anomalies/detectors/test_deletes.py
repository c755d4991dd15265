from __future__ import annotations

from tests.anomalies.detectors.life import CAFE, DAY, HOUR, IPHONE, MINUTE, Life


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


def test_a_script_that_replaces_everything_each_night_is_no_alarm() -> None:
    life = Life()
    key = {"session": "key_abc", "client": "key:abc", "agent": "curl/8"}
    for day in range(5):
        at = life.at + day * DAY + 3 * HOUR
        life.see(at, **key, reads=2)
        for step in range(6):
            life.change(at + 10 + step, client="key:abc", deletes=5, writes=5)
    assert life.alarms == []


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
    for step in range(15):
        life.change(at + MINUTE * (5 + step), deletes=1)
    assert life.alarms == []


def test_a_student_who_has_moved_may_tidy_up_the_next_day() -> None:
    life = Life()
    at = life.at + 90 * DAY
    life.visit(at, address=CAFE)
    life.visit(at + DAY, address=CAFE)
    for step in range(12):
        life.change(at + DAY + MINUTE * (5 + step), deletes=1)
    assert life.alarms == []
