"""Reloads, restarts, dead and hung workers: what a client behind nginx notices."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from tests.conftest import numbers
from tests.deploy.machine.drop_in import API, changed
from tests.deploy.machine.eventful import workers
from tests.deploy.machine.front import nginx
from tests.deploy.machine.load import ROWS, Load
from tests.deploy.machine.socket_file import SocketFile, send, service_socket
from tests.support.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from futuretracker.commands.local.issuer import Issuer
    from tests.deploy.machine.machine import Machine

CLIENTS = 8
TIMEOUT = 3  # seconds; the deployed value is 30
HASTY = f"ExecStart=\nExecStart=/opt/futuretracker/.venv/bin/gunicorn --timeout {TIMEOUT} wsgi:app"


@pytest.fixture
def token(issuer: Issuer) -> Callable[[], str]:
    """Sign a token for a new user."""
    azp = "https://app.example.com"
    return lambda: issuer.token(f"user_restarts{next(numbers)}", ttl=3600, azp=azp)


@pytest.fixture(scope="module")
def port(deployed: Machine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """nginx's port."""
    with nginx(tmp_path_factory.mktemp("nginx"), service_socket(deployed)) as port:
        yield port


@pytest.fixture
def load(port: int, token: Callable[[], str]) -> Load:
    return Load(port, [token() for _ in range(CLIENTS)])


def tell(what: str, load: Load) -> None:
    """Print a measurement; pytest shows it with -s."""
    print(  # noqa: T201 - a measurement
        f"{what}: {len(load.tries)} requests, {len(load.failed())} failed, slowest response"
        f" {load.slowest():.2f} s"
    )


def wait_for_new_workers(machine: Machine, old: set[int]) -> None:
    wait_for(lambda: len(new := set(workers(machine))) == 2 and not new & old)


def test_a_reload_loses_no_request(deployed: Machine, load: Load) -> None:
    with load.running():
        for _ in range(2):
            old = set(workers(deployed))
            deployed.run("systemctl reload futuretracker-api")
            wait_for_new_workers(deployed, old)

    tell("reload twice", load)
    assert load.failed() == []


def test_a_restart_loses_no_request(deployed: Machine, load: Load) -> None:
    before = deployed.state(API, "MainPID")
    with load.running():
        deployed.run("systemctl restart futuretracker-api")

    tell("restart", load)
    assert deployed.state(API, "MainPID") != before
    assert load.failed() == []


def test_a_restart_finishes_requests_and_queues_new_connections(
    deployed: Machine, token: Callable[[], str]
) -> None:
    body = b'{"title": "Slow but sure"}'
    slow = SocketFile(service_socket(deployed))
    slow.putrequest("POST", ROWS)
    slow.putheader("Authorization", f"Bearer {token()}")
    slow.putheader("Content-Length", str(len(body)))
    slow.endheaders(body[:9])
    time.sleep(0.1)
    with ThreadPoolExecutor(2) as pool:
        restarted = pool.submit(deployed.run, f"systemctl restart {API}")
        wait_for(lambda: deployed.state(API, "ActiveState") == "deactivating")
        time.sleep(0.5)
        late = pool.submit(send, deployed, "GET", ROWS, token=token())
        time.sleep(0.5)
        assert not restarted.done()
        assert not late.done()
        slow.send(body[9:])
        assert slow.getresponse().status == 201
        restarted.result()
    slow.close()

    assert late.result().status == 200


def test_a_killed_worker_loses_only_its_requests_in_progress(deployed: Machine, load: Load) -> None:
    with load.running():
        victim = workers(deployed)[0]
        deployed.run(f"kill -KILL {victim}")
        wait_for(lambda: len(now := workers(deployed)) == 2 and victim not in now)
        replaced = time.monotonic()

    tell("kill -9 of a worker", load)
    assert len(load.failed()) <= CLIENTS
    assert all(each.began < replaced for each in load.failed())


def test_a_hung_worker_is_replaced_and_delays_only_its_connections(
    deployed: Machine, load: Load
) -> None:
    with changed(deployed, HASTY):
        deployed.run(f"systemctl restart {API}")
        with load.running():
            victim = workers(deployed)[0]
            stopped_at = time.monotonic()
            deployed.run(f"kill -STOP {victim}")
            wait_for(lambda: len(now := workers(deployed)) == 2 and victim not in now)
            replaced_after = time.monotonic() - stopped_at
            said = deployed.journal(API)

    tell(f"a hung worker, replaced after {replaced_after:.1f} s", load)
    assert replaced_after > TIMEOUT - 1
    assert f"WORKER TIMEOUT (pid:{victim})" in said
    assert len(load.failed()) <= CLIENTS
    # nginx has not given up first, which it does after 35 s.
    assert 504 not in {each.status for each in load.failed()}


def test_connections_wait_while_a_dead_gunicorn_is_replaced(deployed: Machine, load: Load) -> None:
    with changed(deployed, "RestartSec=1"):
        with load.running():
            deployed.run(f"kill -KILL {deployed.state(API, 'MainPID')}")
            wait_for(lambda: deployed.state(API, "NRestarts") == "1" and workers(deployed))
            load.more()
            replaced = time.monotonic()
        restarts = deployed.state(API, "NRestarts")

    tell("kill -9 of gunicorn", load)
    assert restarts == "1"
    assert len(load.failed()) <= CLIENTS
    assert all(each.began < replaced for each in load.failed())


def test_new_code_runs_after_a_restart_but_not_after_a_reload(deployed: Machine) -> None:
    file = "/opt/futuretracker/futuretracker/api/views/health.py"
    said = {}
    deployed.run(f"cp {file} /var/tmp/health.py && sed -i s/ok/new/ {file}")
    try:
        for action in ("reload", "restart"):
            old = set(workers(deployed))
            deployed.run(f"systemctl {action} {API}")
            wait_for_new_workers(deployed, old)
            said[action] = send(deployed, "GET", "/healthz").json["status"]
    finally:
        deployed.run(f"cp /var/tmp/health.py {file} && systemctl restart {API}")

    assert said == {"reload": "ok", "restart": "new"}
