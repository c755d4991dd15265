"""Clients that hold every connection or file descriptor keep nobody out."""

from __future__ import annotations

import os
import resource
import signal
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.waiting import wait_for
from tests.support.wire import connect, head, parse, read_all

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

    from tests.support.servers import Service

    Serve = Callable[..., Service]

pytestmark = pytest.mark.event_loop("gunicorn accepts no more clients")
ASKING = head("GET", "/healthz", close=False)
HELD = {"asked once": ASKING, "ask for nothing": b"", "never end a head": ASKING[:-2]}


def hold(stack: ExitStack, service: Service, data: bytes, many: int) -> list[socket.socket]:
    return [stack.enter_context(connect(service, data)) for _ in range(many)]


def warnings_of(service: Service, text: str) -> list[str]:
    lines = [line for line in service.lines() if line["type"] == "LOG"]
    assert not any("Traceback" in str(line) for line in lines)
    return [line["message"] for line in lines if text in line["message"]]


@pytest.mark.parametrize("kind", HELD)
def test_a_new_client_is_served_although_others_hold_every_connection(
    serve: Serve, kind: str
) -> None:
    service = serve(WEB_CONCURRENCY="1", GUNICORN_CMD_ARGS="--worker-connections=20")
    with ExitStack() as stack:
        first, *_ = hold(stack, service, HELD[kind], 30)
        for _ in range(3):
            assert service.request("GET", "/healthz").status == 200
        while first.recv(65536):  # the one that has waited longest was closed
            pass

    assert len(warnings_of(service, "too many connections (20): closing idle ones")) == 1


def test_without_file_descriptors_a_new_client_is_served_and_the_worker_stays(
    serve: Serve,
) -> None:
    service = serve(WEB_CONCURRENCY="1")
    (worker,) = service.workers()
    highest = max(int(file.name) for file in Path(f"/proc/{worker}/fd").iterdir())
    _, hard = resource.prlimit(worker, resource.RLIMIT_NOFILE)
    resource.prlimit(worker, resource.RLIMIT_NOFILE, (highest + 10, hard))
    with ExitStack() as stack:
        hold(stack, service, ASKING, 60)
        for _ in range(3):
            assert service.request("GET", "/healthz").status == 200
        wait_for(lambda: warnings_of(service, "too many open files"))

    assert service.workers() == [worker]
    assert len(warnings_of(service, "too many open files")) == 1


def test_a_low_limit_of_open_files_leaves_room_for_the_database(serve: Serve, token: str) -> None:
    service = serve(WEB_CONCURRENCY="1")
    (first,) = service.workers()
    _, hard = resource.prlimit(first, resource.RLIMIT_NOFILE)
    resource.prlimit(service.process.pid, resource.RLIMIT_NOFILE, (96, hard))
    os.kill(first, signal.SIGKILL)
    wait_for(lambda: service.workers() not in ([], [first]))
    (worker,) = service.workers()
    with ExitStack() as stack:
        hold(stack, service, ASKING, 200)
        for n in range(5):
            row = {"title": f"Number {n}"}
            response = service.request("POST", "/api/opportunities", token=token, body=row)
            assert response.status == 201
        asking = head("GET", "/api/opportunities", f"Authorization: Bearer {token}")
        many = hold(stack, service, asking, 40)
        statuses = [parse(read_all(sock), "GET")[0].status for sock in many]

    assert statuses == [200] * 40
    assert service.workers() == [worker]
    assert warnings_of(service, "too many open files") == []
