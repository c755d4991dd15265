"""A worker that stops serves the requests that have arrived; a killed worker is replaced."""

from __future__ import annotations

import errno
import os
import signal
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from typing import TYPE_CHECKING

import psycopg
import pytest

from tests.support.servers import Response
from tests.support.waiting import wait_for
from tests.support.wire import ROWS, connect, parse, posting, read_all

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.servers import Service

    Serve = Callable[..., Service]


def terminate(service: Service) -> None:
    service.process.send_signal(signal.SIGTERM)
    wait_for(lambda: "Handling signal: term" in service.output.read_text())


def test_a_request_whose_body_is_still_arriving_is_served_before_the_end(
    serve: Serve, token: str
) -> None:
    service = serve(WEB_CONCURRENCY="1")
    kept = HTTPConnection("127.0.0.1", service.port, timeout=60)

    def readiness() -> Response:
        kept.request("GET", "/readyz")
        return Response.read(kept.getresponse())

    assert readiness().status == 200
    body = b'{"title": "The last one"}'
    with connect(service, posting(token, f"Content-Length: {len(body)}") + body[:9]) as sock:
        time.sleep(0.1)
        service.process.send_signal(signal.SIGTERM)
        while (probe := readiness()).status == 200:
            time.sleep(0.01)
        assert (probe.status, probe.json) == (503, {"status": "draining"})
        sock.sendall(body[9:])
        (response,) = parse(read_all(sock), "POST")

    kept.close()
    assert (response.status, response.json["title"]) == (201, "The last one")
    assert service.process.wait(timeout=60) == 0


def test_a_request_whose_query_is_running_is_served_before_the_end(
    serve: Serve, token: str, owner_url: str, owner: psycopg.Connection[object]
) -> None:
    service = serve(WEB_CONCURRENCY="1")
    row = service.request("POST", ROWS, token=token, body={"title": "Before"}).json
    waiting = "select from pg_stat_activity where wait_event_type = 'Lock' and query like %s"
    with psycopg.connect(owner_url) as holder, ThreadPoolExecutor(1) as pool:
        holder.execute("select from opportunities where id = %s for update", [row["id"]])
        change = {"title": "After"}
        patching = pool.submit(
            service.request, "PATCH", f"{ROWS}/{row['id']}", token=token, body=change
        )
        wait_for(lambda: owner.execute(waiting, ["%update opportunities%"]).fetchone() is not None)
        terminate(service)
        holder.rollback()
        response = patching.result()

    assert (response.status, response.json["title"]) == (200, "After")
    assert service.process.wait(timeout=60) == 0


@pytest.mark.event_loop("gunicorn resets the connections that wait in the kernel's queue")
def test_before_the_end_open_connections_are_served_and_new_ones_are_refused(
    serve: Serve, token: str, owner_url: str, owner: psycopg.Connection[object]
) -> None:
    service = serve(WEB_CONCURRENCY="1")
    body = b'{"title": "In the queue"}'
    asking = posting(token, f"Content-Length: {len(body)}") + body
    locked = "select pid from pg_stat_activity where wait_event_type = 'Lock' and query like %s"

    def is_refused() -> bool:
        with socket.socket() as sock:
            return sock.connect_ex(("127.0.0.1", service.port)) == errno.ECONNREFUSED

    # The slow body keeps the worker from ending, and the locked table one statement.
    with connect(service, asking[:-9]) as slow, psycopg.connect(owner_url) as holder:
        holder.execute("lock table opportunities in access exclusive mode")
        with ThreadPoolExecutor(1) as pool:
            reading = pool.submit(service.request, "GET", ROWS, token=token)
            wait_for(lambda: owner.execute(locked, ["%opportunities%"]).fetchone())
            queued = [connect(service, asking) for _ in range(20)]
            terminate(service)
            holder.rollback()
            assert reading.result().status == 200
        wait_for(is_refused)
        assert service.process.poll() is None
        slow.sendall(asking[-9:])
        responses = [
            response for sock in (slow, *queued) for response in parse(read_all(sock), "POST")
        ]

    for sock in queued:
        sock.close()
    assert [response.status for response in responses] == [201] * 21
    assert service.process.wait(timeout=60) == 0


@pytest.mark.parametrize("workers", [1, 2])
def test_a_worker_that_is_killed_is_replaced_and_the_service_goes_on(
    serve: Serve, token: str, workers: int
) -> None:
    service = serve(WEB_CONCURRENCY=str(workers))
    row = service.request("POST", ROWS, token=token, body={"title": "Kept"}).json
    victim, *others = service.workers()
    os.kill(victim, signal.SIGKILL)
    wait_for(lambda: victim not in service.workers())

    # With one worker, the connection waits in the listener's queue for the next worker.
    assert service.request("GET", ROWS, token=token).json == [row]
    wait_for(lambda: len(service.workers()) == workers)
    assert set(others) < set(service.workers())
    assert {service.request("GET", ROWS, token=token).status for _ in range(10)} == {200}
    assert service.process.poll() is None
