from __future__ import annotations

from typing import Any

from tests.anomalies.detectors.life import DAY, HOUR, Life

KEY = {"session": "key_abc", "client": "key:abc", "agent": "python-requests/2.32"}
SERVER = "60.5.5.5"


class Script(Life):
    """A user whose script has run every hour for a week."""

    def __init__(self, addresses: Any = lambda _: SERVER) -> None:
        super().__init__(weeks=1)
        for hour in range(7 * 24):
            self.run(hour, addresses(hour))
        self.at += 7 * DAY

    def run(self, hour: float, address: str, **given: Any) -> None:
        at = self.at + hour * HOUR
        self.see(at, address=address, reads=3, pages=3, bytes=60_000, **(KEY | given))


def test_a_key_that_appears_in_many_networks_is_found() -> None:
    script = Script()
    for hour in range(4):
        script.run(hour, SERVER)
        script.run(hour + 0.5, f"7{hour}.1.1.1")

    alarm = script.first("leaked-key")
    assert (alarm.severity, alarm.subject, alarm.user) == ("high", "key:abc", "user_1")
    assert alarm.action == "suspend-key"
    assert alarm.figures["networks"] == 2
    assert "from 2 new networks within two days" in alarm.reason
    assert "Its old networks use it too" in alarm.reason
    assert alarm.evidence


def test_a_script_that_moves_to_another_server_is_no_alarm() -> None:
    script = Script()
    for hour in range(48):
        script.run(hour, "71.1.1.1")
    assert script.alarms == []


def test_a_script_that_moves_and_gets_some_addresses_there_is_no_alarm() -> None:
    script = Script()
    for hour in range(48):
        script.run(hour, f"7{hour % 4}.1.1.1")
    assert script.alarms == []


def test_a_function_in_a_cloud_is_no_alarm() -> None:
    script = Script(lambda hour: f"{80 + hour % 40}.{hour}.1.1")
    for hour in range(48):
        script.run(hour, f"{80 + hour % 40}.{200 + hour}.1.1")
    assert script.alarms == []


def test_a_key_in_another_program_and_network_is_found_at_once() -> None:
    script = Script()
    script.run(0, "71.1.1.1", agent="Go-http-client/2.0")
    assert script.kinds() == {"new-client"}
    assert script.alarms[0].subject == "key:abc"


def test_a_user_who_tries_the_key_with_curl_at_home_is_no_alarm() -> None:
    script = Script()
    script.run(0, SERVER, agent="curl/8.5.0")
    assert script.alarms == []
