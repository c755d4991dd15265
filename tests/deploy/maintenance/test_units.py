"""systemd accepts the units; they run in a sandbox, with commands and settings that exist."""

from __future__ import annotations

import re

import pytest

from futuretracker.commands.catalogue import COMMANDS
from futuretracker.config.table import SETTINGS
from tests.deploy.backups.test_units import UNITS, analyze, complaints, unit

pytestmark = pytest.mark.needs("systemd")


NAMES = (
    "futuretracker-erase",
    "futuretracker-audit",
    "futuretracker-prune",
    "futuretracker-migrate",
)
TIMERS = NAMES[:3]


@pytest.mark.parametrize("name", NAMES)
def test_systemd_accepts_the_service(name: str) -> None:
    assert complaints(UNITS, f"{name}.service") == ""


@pytest.mark.parametrize("name", TIMERS)
def test_systemd_accepts_the_timer(name: str) -> None:
    assert complaints(UNITS, f"{name}.timer") == ""


@pytest.mark.parametrize("name", NAMES)
def test_the_unit_is_sandboxed(name: str) -> None:
    status, said = analyze(
        "security", "--offline=true", "--threshold=15", UNITS / f"{name}.service"
    )

    assert status == 0, said


@pytest.mark.parametrize(
    ("name", "command"),
    [
        ("futuretracker-erase", "erase --resume"),
        ("futuretracker-audit", "audit prune"),
        ("futuretracker-prune", "prune"),
        ("futuretracker-migrate", "migrate"),
    ],
)
def test_the_unit_runs_its_command(name: str, command: str) -> None:
    started = unit(f"{name}.service")["Service"]["ExecStart"]

    assert started == f"/opt/futuretracker/.venv/bin/python -m futuretracker {command}"
    assert command.partition(" ")[0] in COMMANDS


@pytest.mark.parametrize(
    ("name", "first", "second"),
    [
        ("futuretracker-erase", "2027-01-01 00:10:00 UTC", "2027-01-01 00:20:00 UTC"),
        ("futuretracker-audit", "2027-01-01 04:10:00 UTC", "2027-01-02 04:10:00 UTC"),
        ("futuretracker-prune", "2027-01-01 00:35:00 UTC", "2027-01-01 01:35:00 UTC"),
    ],
)
def test_the_timer_runs_as_often_as_it_says(name: str, first: str, second: str) -> None:
    calendar = unit(f"{name}.timer")["Timer"]["OnCalendar"]
    _, said = analyze("calendar", "--base-time=2027-01-01 00:00:00 UTC", "--iterations=2", calendar)

    found = re.findall(r"(?:Next elapse|Iter. #2|\(in UTC\)): \w+ (.*UTC)", said)
    assert found[0] == first
    assert found[-1] == second


@pytest.mark.parametrize("name", ["audit", "prune"])
def test_the_state_directory_is_the_default_of_the_setting_and_others_can_open_a_file(
    name: str,
) -> None:
    service = unit(f"futuretracker-{name}.service")["Service"]

    assert f"/var/lib/{service['StateDirectory']}" == SETTINGS[f"{name.upper()}_DIRECTORY"].default
    assert (service["User"], service["StateDirectoryMode"]) == (f"futuretracker-{name}", "0711")
    users = (UNITS / "sysusers.d" / "futuretracker.conf").read_text()
    assert re.search(rf"^u futuretracker-{name} ", users, re.MULTILINE)


def test_systemd_does_not_end_a_migration() -> None:
    """It would be rolled back, and begin again at the next start."""
    assert unit("futuretracker-migrate.service")["Service"]["TimeoutStartSec"] == "infinity"
