from __future__ import annotations

import pytest

from tests.anomalies.detectors.life import (
    CAFE,
    DAY,
    HOME,
    HOUR,
    IPHONE,
    LINUX,
    MINUTE,
    MOBILE,
    PROXY,
    Life,
)

NOON = 12 * HOUR


def test_a_session_in_two_places_is_found() -> None:
    life = Life()
    for step in range(6):
        life.see(life.at + NOON + 20 * step, reads=2)
        life.see(life.at + NOON + 20 * step + 3, reads=2, address=PROXY)

    alarm = life.first("stolen-token")
    assert (alarm.severity, alarm.subject) == ("high", "session:sess_laptop")
    assert (alarm.user, alarm.action) == ("user_1", "revoke-session")
    assert alarm.figures["network"] == "50.4.4.0/24"
    assert "At the same time" in alarm.reason
    assert alarm.evidence
    assert alarm.last_seen < life.at + NOON + MINUTE


def test_a_session_on_another_computer_and_network_is_found_at_once() -> None:
    life = Life()
    life.visit(life.at + NOON)
    (alarm, *_) = life.see(life.at + NOON + 5 * MINUTE, address=PROXY, agent=IPHONE, reads=1)
    assert alarm.kind == "stolen-token"
    assert "with Safari/iPhone instead of Firefox/Linux" in alarm.reason


def test_a_telephone_that_leaves_its_wifi_is_no_alarm() -> None:
    life = Life()
    phone = {"session": "sess_phone", "agent": IPHONE}
    at = life.at + NOON
    for minute, address in enumerate((HOME, HOME, MOBILE, HOME, MOBILE, MOBILE)):
        life.see(at + minute * MINUTE, address=address, reads=2, **phone)
    assert life.alarms == []


def test_a_laptop_and_a_telephone_at_the_same_time_are_no_alarm() -> None:
    life = Life()
    for step in range(30):
        life.see(life.at + NOON + 20 * step, reads=2)
        life.see(
            life.at + NOON + 20 * step + 3,
            reads=2,
            address=MOBILE,
            session="sess_phone",
            agent=IPHONE,
        )
    assert life.alarms == []


def test_a_mobile_network_with_many_blocks_is_no_alarm() -> None:
    life = Life()
    for step in range(40):
        address = f"30.2.{step}.7"
        life.see(
            life.at + NOON + 30 * step, reads=1, address=address, session="sess_ph", agent=IPHONE
        )
    assert life.alarms == []


def test_a_mobile_network_that_others_use_is_not_new() -> None:
    life = Life()
    for number in range(5):
        life.see(life.at, user=f"user_{number + 2}", session=f"sess_{number}", address=MOBILE)
    for step in range(3):
        life.see(life.at + NOON + 20 * step, reads=2)
        life.see(life.at + NOON + 20 * step + 9, reads=2, address=MOBILE)
    assert life.alarms == []


def test_a_journey_is_no_alarm() -> None:
    life = Life()
    life.visit(life.at + 8 * HOUR)
    life.visit(life.at + 10 * HOUR, address=CAFE)
    life.visit(life.at + 14 * HOUR, address=PROXY)
    life.visit(life.at + DAY, address=PROXY)
    assert life.alarms == []


def test_jumps_between_new_networks_are_found() -> None:
    life = Life()
    for step in range(8):
        life.see(life.at + NOON + MINUTE * step, reads=1, address=(CAFE, PROXY)[step % 2])

    alarm = life.first("impossible-switching")
    assert (alarm.severity, alarm.subject) == ("medium", "session:sess_laptop")
    assert "Nobody travels so fast" in alarm.reason
    assert alarm.evidence


def test_a_session_behind_ever_new_proxies_is_found() -> None:
    life = Life()
    for step in range(6):
        life.see(life.at + NOON + MINUTE * step, reads=1, address=f"5{step}.9.9.9")
    assert life.kinds() == {"impossible-switching"}


def test_a_connection_with_ipv4_and_ipv6_is_no_alarm() -> None:
    life = Life()
    for step in range(12):
        address = (CAFE, "2a02:8071:1::5")[step % 2]
        life.see(life.at + NOON + 20 * step, reads=1, address=address)
    assert life.alarms == []


@pytest.mark.parametrize("agent", ["python-requests/2.32.3", "curl/8.5.0"])
def test_a_session_that_a_program_uses_is_found(agent: str) -> None:
    life = Life()
    (alarm,) = life.see(life.at + NOON, reads=1, agent=agent)
    assert (alarm.kind, alarm.severity) == ("new-client", "medium")
    assert alarm.subject == "session:sess_laptop"
    assert agent.split("/", maxsplit=1)[0] in alarm.reason
    assert alarm.evidence == (f"request-{life.number}",)


def test_a_browser_update_is_no_alarm() -> None:
    life = Life()
    life.visit(life.at + NOON, agent=LINUX.replace("142", "143"))
    assert life.alarms == []


def test_a_new_telephone_is_no_alarm() -> None:
    life = Life()
    life.visit(life.at + NOON, agent=IPHONE, session="sess_new", address=MOBILE)
    assert life.alarms == []


def test_a_telephone_that_asks_for_the_desktop_site_is_no_alarm() -> None:
    life = Life()
    life.visit(life.at + NOON, agent=IPHONE, session="sess_phone")
    life.visit(
        life.at + 3 * DAY,
        agent="Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605 Safari/605.1.15",
        session="sess_phone",
    )
    assert life.alarms == []
