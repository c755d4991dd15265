"""systemd accepts the firewall's units; they run in a sandbox, and agree with the rules' files."""

from __future__ import annotations

import re

import pytest

from futuretracker.commands.waf_log import AUDIT_LOG
from futuretracker.config.table import SETTINGS
from tests.deploy.backups.test_units import UNITS, analyze, complaints, unit
from tests.deploy.edge.waf.waf_server import WAF

pytestmark = pytest.mark.needs("systemd")

SERVICES = ("futuretracker-waf.service", "futuretracker-waf-rules.service")
MOUNT = "run-futuretracker-waf.mount"


@pytest.mark.parametrize("name", [*SERVICES, "futuretracker-waf-rules.timer", MOUNT])
def test_systemd_accepts_the_unit(name: str) -> None:
    assert complaints(UNITS, name) == ""


@pytest.mark.parametrize("name", SERVICES)
def test_the_unit_is_sandboxed(name: str) -> None:
    status, said = analyze("security", "--offline=true", "--threshold=15", UNITS / name)

    assert status == 0, said


def test_nginx_the_unit_and_the_command_name_the_same_file() -> None:
    service = unit(SERVICES[0])["Service"]
    [written] = re.findall(r"(?m)^SecAuditLog (\S+)$", (WAF / "main.conf").read_text())
    created = (UNITS / "tmpfiles.d/futuretracker-waf.conf").read_text()

    assert service["ExecStart"].split()[-1] == written == str(AUDIT_LOG)
    assert unit(MOUNT)["Mount"]["Where"] == str(AUDIT_LOG.parent) == service["ReadWritePaths"]
    assert re.search(rf"(?m)^f {AUDIT_LOG} 0600 {service['User']} ", created)
    assert re.search(rf"(?m)^d {AUDIT_LOG.parent} +0710 root ", created)


def test_the_user_and_the_folder_are_those_of_the_settings() -> None:
    service = unit(SERVICES[0])["Service"]
    users = (UNITS / "sysusers.d/futuretracker.conf").read_text()

    assert f"/var/lib/{service['StateDirectory']}" == SETTINGS["WAF_DIRECTORY"].default
    assert re.search(rf"(?m)^u {service['User']} ", users)


def test_the_rules_are_checked_weekly() -> None:
    calendar = unit("futuretracker-waf-rules.timer")["Timer"]["OnCalendar"]
    _, said = analyze("calendar", "--base-time=2027-01-01 00:00:00 UTC", "--iterations=2", calendar)

    assert re.findall(r"(?:Next elapse|Iter. #2): \w+ (.*)", said) == [
        "2027-01-04 06:00:00 UTC",
        "2027-01-11 06:00:00 UTC",
    ]
