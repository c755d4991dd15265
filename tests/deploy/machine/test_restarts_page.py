"""Run the commands of docs/operations/restarts.md on the machine."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from tests.deploy.machine.drop_in import API

if TYPE_CHECKING:
    from tests.deploy.machine.machine import Machine

PAGE = Path(__file__).parents[3] / "docs" / "operations" / "restarts.md"
COMMANDS = re.findall(r"^\$ (.*)$", PAGE.read_text(), re.MULTILINE)


def test_an_update_checks_first_and_then_restarts(deployed: Machine) -> None:
    before = deployed.state(API, "MainPID")
    said = [deployed.run(command) for command in COMMANDS]

    assert "passed: " in said[0]
    assert said[1:] == ["", ""]
    assert deployed.state("futuretracker-migrate.service", "Result") == "success"
    assert deployed.state(API, "MainPID") != before


def test_what_the_check_refuses_is_seen_before_the_restart(deployed: Machine) -> None:
    file = "/etc/futuretracker/api.env"
    deployed.run(f"cp -p {file} /run/api.env && echo THREADS=many >> {file}")
    try:
        said = deployed.run(f"{COMMANDS[0]} || echo refused", check=False)
    finally:
        deployed.run(f"mv /run/api.env {file}")

    assert "THREADS: must be a whole number from 1 to 64" in said
    assert said.endswith("refused\n")
