"""Everything in the service's journal is JSON, even when the service fails."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.deploy.machine.drop_in import API, changed

if TYPE_CHECKING:
    from tests.deploy.machine.machine import Machine

GUNICORN = "ExecStart=\nExecStart=/opt/futuretracker/.venv/bin/gunicorn"
LINES = "journalctl -q -o cat -t futuretracker-api _SYSTEMD_UNIT=futuretracker-api.service"
# Mistakes that `check` would find earlier: how to make them, and the expected message.
BROKEN = {
    "a setting": ("Environment=THREADS=many", "THREADS: must be a whole number from 1 to 64"),
    "an application": (f"{GUNICORN} wsgi:nothing", "Failed to find attribute 'nothing' in 'wsgi'"),
    "a certificate": (f"{GUNICORN} --certfile=/nowhere wsgi:app", "uncaught exception"),
    "a folder": (f"{GUNICORN} --worker-tmp-dir=/nowhere wsgi:app", "Unhandled exception in main"),
    "a module": (f"{GUNICORN} nowhere:app", "ModuleNotFoundError: No module named 'nowhere'"),
}


def lines(machine: Machine) -> list[dict[str, Any]]:
    """Return the service's journal lines; fail if one is not JSON."""
    machine.run("journalctl --sync")
    return [json.loads(line) for line in machine.run(LINES).splitlines()]


@pytest.mark.parametrize("kind", BROKEN)
def test_a_failed_start_is_a_systemd_failure_with_a_json_line(deployed: Machine, kind: str) -> None:
    change, said = BROKEN[kind]
    before = len(lines(deployed))
    with changed(deployed, f"ExecStartPre=\n{change}"):
        refused = deployed.run(f"systemctl restart {API}", check=False)
        told = lines(deployed)[before:]

    assert f"Job for {API} failed" in refused
    assert any(said in f"{line['message']}{line.get('exc_info')}" for line in told), told


def test_gunicorn_logs_its_start_and_stop_as_json(deployed: Machine) -> None:
    before = len(lines(deployed))
    deployed.run(f"systemctl restart {API}")
    told = {line["message"].partition(":")[0] for line in lines(deployed)[before:]}

    assert {"Handling signal", "Shutting down", "Listening at", "Booting worker with pid"} <= told
