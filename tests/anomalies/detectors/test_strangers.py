from __future__ import annotations

from tests.anomalies.detectors.life import HOME, HOUR, MINUTE, PROXY, Life


def test_a_network_that_tries_many_keys_is_found() -> None:
    life = Life(weeks=0)
    for step in range(20):
        life.stranger(life.at + 10 * step, failures=2, credentials=1)

    alarm = life.first("credential-stuffing")
    assert (alarm.severity, alarm.subject) == ("high", "network:50.4.4.0/24")
    assert (alarm.user, alarm.action) == ("", "none")
    assert alarm.figures == {"failures": 24, "credentials": 12}
    assert "24 requests from 50.4.4.0/24 were refused within an hour" in alarm.reason
    assert alarm.evidence


def test_keys_that_many_networks_try_are_found() -> None:
    life = Life(weeks=0)
    for step in range(120):
        life.stranger(life.at + step, f"50.{step}.1.1", failures=2, credentials=2)
    assert life.first("credential-stuffing").subject == "service"


def test_refused_requests_without_different_credentials_are_no_alarm() -> None:
    life = Life(weeks=0)
    for step in range(500):
        life.stranger(life.at + 5 * step, failures=3)
    assert life.alarms == []


def test_a_developer_at_home_who_gets_the_key_wrong_is_no_alarm() -> None:
    life = Life(weeks=1)
    for step in range(20):
        life.stranger(life.at + MINUTE * step, HOME, failures=1, credentials=1)
    assert life.alarms == []


def test_a_burst_of_refused_webhooks_is_found() -> None:
    life = Life(weeks=0)
    for step in range(300):
        life.stranger(life.at + step, webhooks=1)

    alarm = life.first("webhook-burst")
    assert (alarm.severity, alarm.subject) == ("medium", "network:50.4.4.0/24")
    assert alarm.figures == {"webhooks": 10, "network": "50.4.4.0/24"}
    assert len(alarm.evidence) >= 5
    assert life.alarms[-1].severity == "high"


def test_webhooks_refused_from_everywhere_are_found() -> None:
    life = Life(weeks=0)
    for step in range(40):
        life.stranger(life.at + step, f"50.{step}.1.1", webhooks=1)
    assert life.first("webhook-burst").subject == "service"


def test_a_webhook_that_is_repeated_for_a_day_is_no_alarm() -> None:
    life = Life(weeks=0)
    for seconds in (0, 5, 305, 2105, 9305, 27305, 63305, 99305):
        life.stranger(life.at + seconds, PROXY, webhooks=1)
    assert life.alarms == []


def test_bots_that_try_a_few_paths_are_no_alarm() -> None:
    life = Life(weeks=0)
    for hour in range(48):
        life.stranger(life.at + hour * HOUR, f"50.{hour}.1.1", failures=6, credentials=1)
    assert life.alarms == []
