"""The service under PM2: start, log, reload and stop."""

from __future__ import annotations

import json
import os
import threading
import time
from http.client import HTTPConnection
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.conftest import ORIGIN
from tests.deploy.pm2.conftest import ECOSYSTEM, NAME
from tests.deploy.started import status
from tests.support.waiting import wait_for

if TYPE_CHECKING:
    from futuretracker.commands.local.issuer import Issuer
    from tests.deploy.pm2.conftest import Pm2


def headers(issuer: Issuer) -> dict[str, str]:
    token = issuer.token(f"user_pm2x{os.getpid()}", ttl=600, azp=ORIGIN)
    return {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}


def workers(pid: int) -> set[str]:
    return set(Path(f"/proc/{pid}/task/{pid}/children").read_text().split())


def test_the_log_is_only_json_and_has_the_audit_line(running: Pm2, issuer: Issuer) -> None:
    connection = HTTPConnection("127.0.0.1", running.port, timeout=120)
    connection.request("POST", "/api/v1/opportunities", b'{"title": "By PM2"}', headers(issuer))
    assert connection.getresponse().status == 201
    connection.close()

    # PM2 writes the output to its files with a delay.
    deadline = time.monotonic() + 60
    lines: list[dict[str, Any]] = []
    while not any(line["type"] == "AUDIT" for line in lines) and time.monotonic() < deadline:
        log = running.home / f"logs/{NAME}-out.log"
        lines = [json.loads(line) for line in log.read_text().splitlines()]
    shown = running("logs", NAME, "--raw", "--nostream", "--lines", "100").splitlines()

    (audit,) = [line for line in shown if "AUDIT" in line]
    assert json.loads(audit)["outcome"] == "success"
    assert (running.home / f"logs/{NAME}-error.log").read_text() == ""


def test_a_reload_replaces_the_workers_and_keeps_gunicorn(running: Pm2) -> None:
    pid = running.process()["pid"]
    before = workers(pid)
    running("sendSignal", "SIGHUP", NAME)

    deadline = time.monotonic() + 120
    while before & workers(pid) and time.monotonic() < deadline:
        assert status(running.port, "/healthz") == 200
    assert not before & workers(pid)
    assert running.process()["pid"] == pid


def test_a_stop_lets_a_request_finish(running: Pm2, issuer: Issuer) -> None:
    body = json.dumps({"title": "It arrives in two parts"}).encode()
    stop = threading.Thread(target=running, args=("stop", NAME))
    connection = HTTPConnection("127.0.0.1", running.port, timeout=120)
    connection.putrequest("POST", "/api/v1/opportunities")
    for name, value in {**headers(issuer), "Content-Length": str(len(body))}.items():
        connection.putheader(name, value)
    connection.endheaders(body[:9])
    stop.start()
    output = running.home / f"logs/{NAME}-out.log"
    while "Handling signal: term" not in output.read_text():
        assert stop.is_alive()
    connection.send(body[9:])

    assert connection.getresponse().status == 201
    connection.close()
    stop.join()
    assert running.process()["pm2_env"]["status"] == "stopped"


def test_killing_pm2_leaves_no_process(running: Pm2) -> None:
    pid = running.process()["pid"]
    processes = [str(pid), *workers(pid), (running.home / "pm2.pid").read_text()]
    running("kill")

    # PM2 does not wait for its own exit. A zombie process has no command line.
    left = [Path(f"/proc/{pid}/cmdline") for pid in processes]
    wait_for(lambda: not [file for file in left if file.exists() and file.read_bytes()])


def test_a_wrong_setting_is_reported_and_not_retried_forever(pm2: Pm2) -> None:
    pm2("start", str(ECOSYSTEM), TRUSTED_PROXIES="many")

    deadline = time.monotonic() + 120
    while pm2.process()["pm2_env"]["status"] != "errored":
        assert time.monotonic() < deadline
    log = (pm2.home / f"logs/{NAME}-error.log").read_text()
    assert "TRUSTED_PROXIES" in log
    assert "Traceback" not in log


def test_pm2_contacts_no_server(running: Pm2) -> None:
    assert running.asked.read_text() == ""
