"""systemd accepts the units of anomaly detection, and they run in a sandbox."""

from __future__ import annotations

import re

import pytest

from futuretracker.config.table import SETTINGS
from tests.deploy.backups.test_units import UNITS, analyze, complaints, unit

pytestmark = pytest.mark.needs("systemd")
SERVICES = ("futuretracker-watch.service", "futuretracker-watch-once.service")
TIMER = "futuretracker-watch-once.timer"


@pytest.mark.parametrize("name", [*SERVICES, TIMER])
def test_systemd_accepts_the_unit(name: str) -> None:
    assert complaints(UNITS, name) == ""


@pytest.mark.parametrize("name", SERVICES)
def test_the_unit_is_sandboxed(name: str) -> None:
    status, said = analyze("security", "--offline=true", "--threshold=15", UNITS / name)

    assert status == 0, said


@pytest.mark.parametrize("name", SERVICES)
def test_the_unit_reads_the_journal_as_a_user_of_its_own(name: str) -> None:
    service = unit(name)["Service"]
    users = (UNITS / "sysusers.d/futuretracker.conf").read_text()

    assert service["SupplementaryGroups"] == "systemd-journal"
    assert f"/var/lib/{service['StateDirectory']}" == SETTINGS["ANOMALY_DIRECTORY"].default
    assert re.search(rf"^u {service['User']} ", users, re.MULTILINE)
    given = (UNITS / "watch.env.example").read_text()
    assert re.findall(r"^(\w+)=", given, re.MULTILINE) == ["WATCH_DATABASE_URL"]


@pytest.mark.parametrize("name", SERVICES)
def test_the_api_goes_first(name: str) -> None:
    service, api = unit(name)["Service"], unit("futuretracker-api.service")["Service"]

    assert service["CPUWeight"] == "idle"
    assert service["IOSchedulingClass"] == "idle"
    assert "CPUWeight" not in api
    # It would count within the unit only.
    assert "Nice" not in service


def test_the_timer_runs_it_every_five_minutes() -> None:
    calendar = unit(TIMER)["Timer"]["OnCalendar"]
    _, said = analyze("calendar", "--base-time=2027-01-01 00:00:01 UTC", "--iterations=2", calendar)

    assert re.findall(r"(?:Next elapse|Iter. #2): \w+ (.*)", said) == [
        "2027-01-01 00:05:00 UTC",
        "2027-01-01 00:10:00 UTC",
    ]
