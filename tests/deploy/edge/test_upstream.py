"""Between proxy and service, connections are kept and no request is sent twice."""

from __future__ import annotations

import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from tests.deploy.edge.visitor import request_on
from tests.support.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest

    from tests.deploy.edge.conftest import Begin
    from tests.deploy.edge.visitor import Edge
    from tests.support.servers import Service

ROWS = "/api/v1/opportunities"
CONNECTED = "03"


def connections(socket_file: Path) -> set[str]:
    """Return the inodes of the service's connections at its socket file."""
    lines = [line.split() for line in Path("/proc/net/unix").read_text().splitlines()]
    return {line[6] for line in lines if line[5] == CONNECTED and line[7:] == [str(socket_file)]}


def test_connections_to_the_service_are_kept(edge: Edge, socket_file: Path) -> None:
    with closing(edge.connect()) as sock:
        request_on(sock, "GET", "/healthz")
        first = connections(socket_file)
        assert first
        for _ in range(20):
            assert request_on(sock, "GET", "/healthz").status == 200
        assert connections(socket_file) == first


def test_a_long_search_has_a_next_page(edge: Edge, token: str) -> None:
    """Its Link header repeats the search: about 6 KB."""
    for title in ("one row", "another row"):
        assert edge.request("POST", ROWS, token=token, body={"title": title}).status == 201
    found = edge.request("GET", f"{ROWS}?limit=1&q={'%0A' * 2040}row", token=token)

    assert found.status == 200
    assert "%0A" * 2040 in str(found.header("Link"))


def test_a_write_is_not_retried_after_its_worker_died(
    begin: Begin,
    serve: Callable[..., Service],
    token: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """Proxies retry by themselves on a kept connection, so this test uses one."""
    file = tmp_path_factory.mktemp("s") / "s"
    service = serve(socket_file=file, TRUSTED_PROXIES="1", WEB_CONCURRENCY="1")
    with (
        begin(socket_file=file) as edge,
        closing(edge.connect()) as sock,
        ThreadPoolExecutor(1) as pool,
    ):
        made = request_on(sock, "POST", ROWS, token=token, body={"title": "one"}).json["id"]
        for method, path in (("DELETE", f"{ROWS}/{made}"), ("POST", ROWS)):
            wait_for(lambda: request_on(sock, "GET", ROWS, token=token).status == 200)
            [worker] = service.workers()
            os.kill(worker, signal.SIGSTOP)
            headers = {"X-Idempotency-Key": "one"}
            asked = pool.submit(request_on, sock, method, path, token=token, headers=headers)
            time.sleep(0.2)  # until the request waits in the worker
            os.kill(worker, signal.SIGKILL)
            # A new worker would respond.
            assert asked.result().status == 502
        wait_for(lambda: request_on(sock, "GET", f"{ROWS}/{made}", token=token).status == 200)
    writes = [line for line in service.lines() if line["type"] == "REQUEST"]
    assert len(writes) == 1


def test_a_write_with_a_key_is_carried_out_once(edge: Edge, token: str) -> None:
    headers = {"Idempotency-Key": "one-create"}
    first, second = (
        edge.request("POST", ROWS, token=token, body={"title": "one"}, headers=headers)
        for _ in range(2)
    )

    assert (first.status, second.status) == (201, 201)
    assert second.json == first.json
    assert second.header("Idempotent-Replayed") == "true"


def test_an_incomplete_body_never_reaches_the_service(edge: Edge, service: Service) -> None:
    starts = {
        "length": b"Content-Length: 4000\r\n\r\n{}",
        "chunked": b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n",
    }
    for name, rest in starts.items():
        with closing(edge.connect()) as sock:
            sock.sendall(
                f"POST /api/v1/cut-{name} HTTP/1.1\r\nHost: api.example.com\r\n".encode() + rest
            )
            time.sleep(0.1)
    edge.request("POST", "/api/v1/after-the-cuts")

    paths = [line["path"] for line in service.lines() if line["type"] == "REQUEST"]
    assert "/api/v1/after-the-cuts" in paths
    assert not [path for path in paths if "/cut-" in path]
