"""docs/anomalies.md on a real systemd: its installation, its commands, and the recipes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from psycopg.conninfo import make_conninfo

from tests.conftest import numbers
from tests.deploy.machine.edge_page import carry_out_page
from tests.deploy.machine.guide import commands
from tests.deploy.machine.socket_file import send
from tests.deploy.machine.test_recipes import PAGE as JOURNAL
from tests.support.servers import ROOT
from tests.support.waiting import wait_for

if TYPE_CHECKING:
    from futuretracker.commands.local.issuer import Issuer
    from tests.deploy.machine.machine import Machine

UNIT = "futuretracker-watch"
PAGE = (ROOT / "docs/anomalies.md").read_text()
SYSTEMD = PAGE.partition("\n**With systemd.**")[2].partition("\n**From a timer.**")[0]
FINDINGS = PAGE.partition("\n## Work with findings\n")[2].partition("\n## ")[0]
UNDO = PAGE.partition("\n## Let it act by itself\n")[2].partition("\n## ")[0]
ROWS = "/api/v1/opportunities"
PART = JOURNAL.read_text().partition("\n## Unusual access\n")[2].partition("\n## ")[0]
[DEFINITION] = [each.text for each in commands(PART) if each.text.startswith("anomalies() {")]
RECIPES = [each.text for each in commands(PART) if each.text.startswith("anomalies ")]
ACTIONS = "id-enumeration=revoke-session:dry-run"


@pytest.fixture(scope="module")
def found(deployed: Machine, database: str, issuer: Issuer) -> str:
    """The id of a finding about a user who asks for ids that do not exist."""
    url = make_conninfo(database, user="futuretracker_watch")
    editor = "editor /etc/futuretracker/watch.env"
    written = f'WATCH_DATABASE_URL="{url}"\nANOMALY_ACTIONS={ACTIONS}\n'
    (deployed.root / "tmp/watch.env").write_text(written)
    stand_in = "cp /tmp/watch.env /etc/futuretracker/watch.env"
    carry_out_page(deployed, SYSTEMD, {editor: stand_in})
    wait_for(lambda: "this host evaluates" in deployed.journal(UNIT))
    token = issuer.token(f"user_probing{next(numbers)}", ttl=3600, azp="https://app.example.com")
    for _ in range(60):
        assert send(deployed, "GET", f"{ROWS}/{uuid4()}", token=token).status == 404
    try:
        wait_for(lambda: '"ANOMALY_ACTION"' in deployed.journal(UNIT), what="it is found")
    except AssertionError as error:
        numbers_file = "/var/lib/futuretracker-watch/anomalies.json"
        error.add_note(deployed.run(f"cat {numbers_file}; journalctl -u {UNIT} -n 20", check=False))
        raise
    [finding] = set(re.findall(r"anom_\w+", deployed.journal(UNIT)))
    return finding


def test_the_recipes_show_the_finding_and_what_was_done(deployed: Machine, found: str) -> None:
    findings, actions = RECIPES

    assert re.search(
        rf'"{found}","id-enumeration","high","session:sess_\w+","\d+ requests ',
        deployed.run(f"{DEFINITION}\n{findings}"),
    )
    assert f'"{found}","revoke-session"' in deployed.run(f"{DEFINITION}\n{actions}")


def test_every_command_about_findings_works(deployed: Machine, found: str) -> None:
    environment = "systemd-run -q --pipe --wait -p EnvironmentFile=/etc/futuretracker/watch.env"
    said = [
        deployed.run(
            f"{environment} -p WorkingDirectory=/opt/futuretracker /opt/futuretracker/"
            + command.text.replace("FINDING-ID", found),
            check=False,
        )
        for command in commands(FINDINGS + UNDO)
    ]
    shown = dict(zip(("list", "show", "accept", "dismiss", "undo"), said, strict=True))

    assert found in shown["list"]
    assert "dry-run" in shown["show"]
    assert all(found in shown[each] for each in ("accept", "dismiss"))
    assert "There is nothing to undo" in shown["undo"]


def test_the_service_shows_the_numbers_of_the_watch(deployed: Machine, found: str) -> None:
    assert found
    wait_for(
        lambda: (
            'futuretracker_anomaly_findings{kind="id-enumeration",severity="high"'
            in deployed.run("curl -s http://127.0.0.1:9464/metrics")
        )
    )
