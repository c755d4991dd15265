"""A real attacker of the firewall is banned by what is written to a real journal, and unbanned."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.deploy.checks.journal import journal
from tests.deploy.fail2ban.host import guarded_host
from tests.support.servers import ROOT
from tests.support.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.deploy.checks.journal import Journal
    from tests.deploy.fail2ban.host import Host

__all__ = ["journal"]  # a fixture from another module
pytestmark = pytest.mark.needs(
    *("curl", "fail2ban", "ip", "modsecurity", "namespaces", "nft", "nginx", "root", "systemd")
)
JAIL = UNIT = "futuretracker-waf"
ATTACKER, OTHER = "203.0.113.7", "203.0.113.8"
ATTACK = "/api/v1/health"
# What curl ends with: no response in time; the server has closed the connection.
DROPPED, CLOSED = {"28"}, {"52", "56"}


@pytest.fixture
def guarded(journal: Journal, tmp_path: Path) -> Iterator[Host]:
    """A host on which ``waf-log`` writes to the journal that fail2ban reads."""
    # No unit writes these lines, so fail2ban selects them by their name, in a journal of the test.
    seen = tmp_path / "journal"
    jail = f"[{JAIL}]\nbackend = systemd[journalpath={seen}]\n"
    jail += f"journalmatch = SYSLOG_IDENTIFIER={UNIT}\n"
    journal.write("begin", "another")
    audit = tmp_path / "nginx/audit/audit.log"
    command = [sys.executable, "-m", "futuretracker", "waf-log", str(audit)]
    env = {**os.environ, "WAF_DIRECTORY": str(tmp_path)}
    output = journal.stream(UNIT).fileno()
    with (
        guarded_host(tmp_path, journal.folder(), jail) as it,
        subprocess.Popen(command, cwd=ROOT, env=env, stdout=output) as log,
    ):
        yield it
        log.terminate()


def attack(it: Host, source: str, times: int = 1) -> list[str]:
    return it.ask(source, f"{ATTACK}?x=<script>&y=", times=times)


def outcome(it: Host, source: str) -> str:
    """Return with what curl ends after an honest request."""
    [code] = it.ask(source, "/healthz", "--http1.1", "--max-time", "2", "-w", "%{exitcode}")
    return code


def test_an_attacker_of_the_firewall_is_banned_and_unbanned(guarded: Host) -> None:
    assert attack(guarded, OTHER, 29) == ["403"] * 29
    assert attack(guarded, ATTACKER, 30) == ["403"] * 30
    wait_for(lambda: ATTACKER in guarded.banned(JAIL))
    wait_for(lambda: ATTACKER in guarded.run("nft list ruleset"))

    assert outcome(guarded, ATTACKER) in DROPPED
    assert outcome(guarded, OTHER) == "0"
    # Without the kernel's part of the ban, nginx closes the connection.
    elements = f"inet f2b-table addr-set-{JAIL} {{ {ATTACKER} }}"
    guarded.run(f"nft delete element {elements}")
    assert outcome(guarded, ATTACKER) in CLOSED
    guarded.run(f"nft add element {elements}")

    guarded.run(f"fail2ban-client set {JAIL} unbanip {ATTACKER}")
    assert outcome(guarded, ATTACKER) == "0"
    assert ATTACKER not in guarded.run("nft list ruleset; ls /run/futuretracker-banned")
    assert "Total failed:\t59" in guarded.banned(JAIL)
