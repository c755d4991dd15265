"""Failed starts: one message in the journal, and no endless loop."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from tests.deploy.machine.drop_in import API, changed
from tests.deploy.machine.socket_file import send
from tests.support.waiting import wait_for

if TYPE_CHECKING:
    from tests.deploy.machine.machine import Machine

ENDED = "Start request repeated too quickly"
NOBODY = "/tmp/nobody.env"
BROKEN = {
    "a wrong setting": ("Environment=THREADS=many", "THREADS: must be a whole number from 1 to 64"),
    "a setting that is not there": ("UnsetEnvironment=DATABASE_URL", "DATABASE_URL: missing"),
    "a credential that it may not read": (
        "UnsetEnvironment=DATABASE_URL\nEnvironment=DATABASE_URL_FILE=/etc/shadow",
        "DATABASE_URL_FILE",
    ),
    "a database that refuses the service": (
        f"EnvironmentFile={NOBODY}",
        "DATABASE_URL is refused",
    ),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_a_failed_start_logs_one_message(deployed: Machine, kind: str) -> None:
    lines, sentence = BROKEN[kind]
    settings = (deployed.root / "etc/futuretracker/api.env").read_text()
    (deployed.root / NOBODY[1:]).write_text(settings.replace("dbname=guide", "dbname=none"))
    before = len(deployed.journal(API).splitlines())
    with changed(deployed, lines):
        said = deployed.run(f"systemctl restart {API}", check=False)
        assert "failed" in said
        assert deployed.state(API, "ActiveState") in {"failed", "activating"}
        told = deployed.journal(API).splitlines()[before:]

    assert any(sentence in line for line in told), "\n".join(told)
    assert not any("Traceback" in line for line in told), "\n".join(told)


def test_a_start_without_the_database_serves_what_a_running_service_does(
    deployed: Machine,
) -> None:
    elsewhere = "DATABASE_URL=postgresql://futuretracker_api@127.0.0.1:9/guide\n"
    (deployed.root / NOBODY[1:]).write_text(elsewhere)
    before = len(deployed.journal(API).splitlines())
    with changed(deployed, f"EnvironmentFile={NOBODY}"):
        deployed.run(f"systemctl restart {API}")
        alive, ready, known = (
            send(deployed, "GET", path) for path in ("/healthz", "/readyz", "/api/health/deps")
        )
        told = deployed.journal(API).splitlines()[before:]

    assert (alive.status, ready.status, known.status) == (200, 503, 503)
    assert known.json["checks"]["database"] == "unavailable"
    assert any("The database behind DATABASE_URL does not respond" in line for line in told)


def test_a_start_is_retried_after_ten_seconds(deployed: Machine) -> None:
    with changed(deployed, "Environment=THREADS=many"):
        began = time.monotonic()
        deployed.run(f"systemctl restart {API}", check=False)
        restarts = int(deployed.state(API, "NRestarts"))
        wait_for(lambda: int(deployed.state(API, "NRestarts")) > restarts)
        assert time.monotonic() - began >= 10


def test_retries_stop(deployed: Machine) -> None:
    before = deployed.journal(API).count(ENDED)
    with changed(deployed, "Environment=THREADS=many\nRestartSec=100ms"):
        deployed.run(f"systemctl restart {API}", check=False)
        wait_for(lambda: deployed.journal(API).count(ENDED) > before)
        assert deployed.state(API, "ActiveState") == "failed"


def test_the_service_runs_again_afterwards(deployed: Machine) -> None:
    assert deployed.state(API, "ActiveState") == "active"
