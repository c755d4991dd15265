"""docs/operations/waf.md and the firewall's part of journal.md, on a real systemd and journal."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest

from tests.deploy.machine.edge_page import CURL, NAME, carry_out_page
from tests.deploy.machine.guide import commands
from tests.support.servers import ROOT
from tests.support.waiting import wait_for

if TYPE_CHECKING:
    from tests.deploy.machine.machine import Machine

pytestmark = pytest.mark.needs("nginx", "modsecurity")

PAGE = (ROOT / "docs/operations/waf.md").read_text()
INSTALLATION = PAGE.partition("\n## Install it\n")[2].partition("\n## ")[0]
ATTACK = f"{CURL} 'https://{NAME}/api/v1/health?x=<script>alert(1)</script>'"
STAND_INS = {
    # The packages are installed already.
    "apt-get install -y libnginx-mod-http-modsecurity modsecurity-crs": "true",
    f"curl -sI 'https://{NAME}/api/v1/health?x=<script>'": "true",
}
JOURNAL = (ROOT / "docs/operations/journal.md").read_text()
PART = JOURNAL.partition("\n## What the firewall refused\n")[2].partition("\n## ")[0]
DEFINITION, *RECIPES = [command.text for command in commands(PART)]
OUTPUTS = {
    "ruleIds[]": r"1 941100 ARGS:x\n",
    "| .ip'": r"1 127\.0\.0\.1\n",
    "REFUSED-ID": r'"127\.0\.0\.1","GET","/api/v1/health",\[.*941100.*\],"ARGS:x",\d+\]',
}


@pytest.fixture(scope="module")
def walled(fronted: Machine) -> Machine:
    """The machine after all commands of the page."""
    carry_out_page(fronted, INSTALLATION, STAND_INS)
    return fronted


@pytest.fixture(scope="module")
def refused(walled: Machine) -> str:
    """The id of a request that the firewall has refused, once its line is in the journal."""
    wait_for(lambda: "blocked_by_firewall" in walled.run(ATTACK))
    walled.run("journalctl --rotate --vacuum-time=1s -q", check=False)
    made: str = json.loads(walled.run(ATTACK))["requestId"]
    wait_for(lambda: made in walled.journal("futuretracker-waf"))
    return made


def test_every_replaced_command_is_in_the_document() -> None:
    assert set(STAND_INS) == {each.text for each in commands(INSTALLATION) if each.online}


def test_every_recipe_is_tested() -> None:
    found = {part: [each for each in RECIPES if part in each] for part in OUTPUTS}

    assert sorted(RECIPES) == sorted(each for (each,) in found.values())


@pytest.mark.parametrize("part", OUTPUTS)
def test_a_recipe_finds_what_it_says(walled: Machine, refused: str, part: str) -> None:
    [recipe] = [each for each in RECIPES if part in each]
    said = walled.run(f"{DEFINITION}\n{recipe.replace('REFUSED-ID', refused)}")

    assert re.search(OUTPUTS[part], said) or part != "REFUSED-ID", said
    assert re.search(OUTPUTS[part].replace("1 ", r"\d+ "), said), said


def test_nothing_of_the_request_stays_in_the_audit_log(walled: Machine, refused: str) -> None:
    assert walled.run("stat -c '%a %U %s' /run/futuretracker/waf/audit.log").split() == [
        *("600", "futuretracker-waf", "0")
    ]
    assert walled.state("futuretracker-waf", "ActiveState") == "active"
    assert walled.state("run-futuretracker-waf.mount", "ActiveState") == "active"


def test_prometheus_gets_the_count(walled: Machine, refused: str) -> None:
    shown = "curl -s http://127.0.0.1:9464/metrics"
    wait_for(lambda: 'futuretracker_waf_requests_total{outcome="refused"}' in walled.run(shown))


def test_the_weekly_check_runs_in_its_sandbox(walled: Machine) -> None:
    walled.run("systemctl start futuretracker-waf-rules.service", check=False)
    said = walled.journal("futuretracker-waf-rules")

    assert re.search("newest rules are in use|is available|older than a week", said), said


def test_honest_requests_pass(walled: Machine) -> None:
    assert json.loads(walled.run(f"{CURL} https://{NAME}/api/v1/health"))["environment"]
