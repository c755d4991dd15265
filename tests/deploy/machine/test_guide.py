from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tests.deploy.machine.conftest import STAND_INS
from tests.deploy.machine.guide import commands

if TYPE_CHECKING:
    from tests.deploy.machine.machine import Machine


def test_what_takes_a_commands_place_has_one_in_the_guide() -> None:
    assert set(STAND_INS) <= {command.text for command in commands()}


def test_the_service_runs_and_responds_at_its_socket(deployed: Machine) -> None:
    assert deployed.state("futuretracker-api.service", "ActiveState") == "active"
    asked = "curl -s --unix-socket /run/futuretracker-api.sock http://localhost/api/health"
    assert json.loads(deployed.run(asked))["environment"] == "production"


def test_the_checklist_says_what_is_ready_and_what_is_not(deployed: Machine) -> None:
    """No proxy stands before the service yet, and no backup has been made."""
    said = deployed.run("cat /tmp/checked")
    verdicts = {line.split()[1]: line.split()[0] for line in said.splitlines()[:-1]}

    ready = ("environment-complete", "database-reachable", "database-role", "migrations-applied")
    assert {verdicts[item] for item in ready} == {"ok"}, said
    of_the_store = ("store-usable", "store-private", "limits-counted")
    assert {verdicts[item] for item in of_the_store} == {"ok"}, said
    assert verdicts["backup-recent"] == "error", said
    assert verdicts["https"] in {"error", "unknown"}, said


def test_the_store_is_checked_as_the_services_user(deployed: Machine) -> None:
    said = deployed.run(
        "systemd-run --quiet --pipe --wait -p User=futuretracker"
        " -p EnvironmentFile=/etc/futuretracker/api.env -p WorkingDirectory=/opt/futuretracker"
        " /opt/futuretracker/.venv/bin/python -m futuretracker check --deploy",
        check=False,
    )
    verdicts = {line.split()[1]: line.split()[0] for line in said.splitlines()[:-1]}

    of_the_store = ("store-usable", "store-private", "store-shared", "limits-counted")
    assert {verdicts.get(item) for item in of_the_store} == {"ok"}, said


def test_the_socket_units_port_has_the_figures_and_nothing_of_the_api(deployed: Machine) -> None:
    ask = "curl -s -o /dev/null -w '%{http_code}' http://127.0.0.1:9464"

    assert "futuretracker_requests_total" in deployed.run("curl -s http://127.0.0.1:9464/metrics")
    assert deployed.run(f"{ask}/api/v1/health") == "404"
    by_file = "--unix-socket /run/futuretracker-api.sock http://127.0.0.1:9464/metrics"
    assert deployed.run(f"curl -s -o /dev/null -w '%{{http_code}}' {by_file}") == "404"
