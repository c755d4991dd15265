"""What stops a start: a sentence in the journal, and no loop."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from tests.cluster.processes import wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.deploy.machine.machine import Machine

API = "futuretracker-api.service"
DROP_IN = "run/systemd/system/futuretracker-api.service.d/broken.conf"


@contextmanager
def changed(machine: Machine, lines: str) -> Iterator[None]:
    """Restart the service with a drop-in; put it back afterwards."""
    file = machine.root / DROP_IN
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f"[Service]\n{lines}\n")
    try:
        machine.run(f"systemctl daemon-reload; systemctl restart {API}", check=False)
        yield
    finally:
        file.unlink()
        machine.run(f"systemctl daemon-reload; systemctl reset-failed {API}")
        machine.run(f"systemctl restart {API}")


BROKEN = {
    # EnvironmentFile comes after Environment: what is to win is passed by env(1) or a file.
    "a wrong setting": ("Environment=THREADS=many", "THREADS: Not a valid integer"),
    "a setting that is not there": ("UnsetEnvironment=DATABASE_URL", "DATABASE_URL: missing"),
    "a credential that nobody may read": (
        "UnsetEnvironment=DATABASE_URL\nEnvironment=DATABASE_URL_FILE=/etc/shadow",
        "DATABASE_URL",
    ),
    "a database that does not answer": (
        "EnvironmentFile=/tmp/elsewhere.env",
        "database",
    ),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_it_does_not_start_and_one_sentence_says_why(deployed: Machine, kind: str) -> None:
    lines, sentence = BROKEN[kind]
    (deployed.root / "tmp/elsewhere.env").write_text(
        "DATABASE_URL=postgresql://futuretracker_api@127.0.0.1:9/guide\n"
    )
    before = len(deployed.journal(API).splitlines())
    with changed(deployed, lines):
        assert deployed.state(API, "ActiveState") in {"failed", "activating"}
        said = deployed.journal(API).splitlines()[before:]

    print("\n".join(said))
    assert any(sentence in line for line in said), said
    assert not any("Traceback" in line for line in said)


def test_it_is_not_tried_faster_than_its_limit(deployed: Machine) -> None:
    with changed(deployed, "Environment=THREADS=many"):
        began, restarts = time.monotonic(), int(deployed.state(API, "NRestarts"))
        wait_for(lambda: int(deployed.state(API, "NRestarts")) >= restarts + 2, 40)
        assert time.monotonic() - began >= 10


def test_a_loop_ends(deployed: Machine) -> None:
    with changed(deployed, "Environment=THREADS=many\nRestartSec=100ms"):
        wait_for(lambda: deployed.state(API, "Result") == "start-limit-hit", 40)
        assert deployed.state(API, "ActiveState") == "failed"


def test_the_service_is_back(deployed: Machine) -> None:
    assert deployed.state(API, "ActiveState") == "active"
