"""A slow client or a slow statement delays no other request."""

from __future__ import annotations

import os
import socket
import struct
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from http.client import HTTPResponse
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import psycopg
import pytest

from tests.conftest import ORIGIN
from tests.support.waiting import wait_for
from tests.support.wire import ROWS, connect, head, parse, posting, read_all

if TYPE_CHECKING:
    from collections.abc import Iterator

    from futuretracker.commands.local.issuer import Issuer
    from tests.support.servers import Service

CLOSING = head("GET", "/api/health")
SLOW = {
    "say nothing": b"",
    "send half a request": CLOSING[:-20],
    "send half a body": posting("TOKEN", "Content-Length: 9") + b"half",
    "send half of their chunks": posting("TOKEN", "Transfer-Encoding: chunked") + b"2\r\n{",
    "stay after a response that ends the connection": CLOSING,
    "stay after the response to a malformed request": b"GARBAGE\r\n\r\n",
    "stay after an HTTP/1.0 response": head("GET", "/api/health", version="1.0", close=False),
}


# A service that served one client after the other would close the connection of each slow client
# after two seconds or more. So many of them delay the others longer than these wait.
CLIENTS, WITHIN = 20, 30  # seconds


def check_that_others_are_served(service: Service) -> None:
    """Send requests on new connections, each a moment after it was opened."""
    for _ in range(5):
        with connect(service, timeout=WITHIN) as sock:
            time.sleep(0.01)
            sock.sendall(CLOSING)
            (response,) = parse(read_all(sock), "GET")
            assert response.status == 200


@pytest.mark.event_loop("each slow client occupies one of THREADS")
@pytest.mark.parametrize("kind", SLOW)
def test_others_are_served_while_clients(service: Service, token: str, kind: str) -> None:
    data = SLOW[kind].replace(b"TOKEN", token.encode())
    with ExitStack() as stack:
        for _ in range(CLIENTS):
            stack.enter_context(connect(service, data))
        time.sleep(0.05)
        check_that_others_are_served(service)


@pytest.mark.event_loop("each slow reader occupies one of THREADS")
def test_others_are_served_while_clients_do_not_read_their_responses(
    service: Service, token: str, issuer: Issuer, owner: psycopg.Connection[Any]
) -> None:
    other = issuer.token("user_otherreader", ttl=3600, azp=ORIGIN)
    me = service.request("GET", "/api/me", token=token).json
    owner.execute(
        "insert into opportunities (user_id, title, notes)"
        " select %s, 'Large', repeat('x', 4000) from generate_series(1, 3000)",
        [me["internalUserId"]],
    )
    asking = head("GET", ROWS, f"Authorization: Bearer {token}")
    with ExitStack() as stack:  # more than STATEMENTS
        socks = [connect(service, asking, receive_buffer=4096) for _ in range(6)]
        sock, *_ = map(stack.enter_context, socks)
        time.sleep(0.3)
        check_that_others_are_served(service)
        mine = service.request("POST", ROWS, token=other, body={"title": "Mine"}).json
        assert service.request("GET", ROWS, token=other).json == [mine]
        (response,) = parse(read_all(sock), "GET")

    assert len(response.json) == 3000


@pytest.mark.event_loop("slow statements occupy THREADS, reads wait behind them")
def test_reads_are_served_while_writes_wait_for_a_lock(
    service: Service, token: str, owner_url: str, owner: psycopg.Connection[Any]
) -> None:
    row = service.request("POST", ROWS, token=token, body={"title": "Before"}).json
    waiting = (
        "select count(*) from pg_stat_activity where wait_event_type = 'Lock' and query like %s"
    )
    with psycopg.connect(owner_url) as holder, ThreadPoolExecutor(6) as pool:
        holder.execute("select from opportunities where id = %s for update", [row["id"]])
        writes = [
            pool.submit(
                service.request, "PATCH", f"{ROWS}/{row['id']}", token=token, body={"title": title}
            )
            for title in ("One", "Two", "Three", "Four", "Five", "Six")
        ]
        wait_for(lambda: owner.execute(waiting, ["%update opportunities%"]).fetchone()[0] >= 3)
        assert service.request("GET", ROWS, token=token).json == [row]
        assert not any(write.done() for write in writes)
        holder.rollback()

    assert {write.result().status for write in writes} == {200}


class Held(NamedTuple):
    """Opportunities that are locked until ``holder`` rolls back."""

    service: Service
    token: str
    holder: psycopg.Connection[object]
    owner: psycopg.Connection[Any]

    def ask(self, asking: bytes) -> socket.socket:
        """Send a request on a new connection, and return when its statement waits for the lock."""
        waiting = (
            "select pid from pg_stat_activity where wait_event_type = 'Lock' and query like %s"
        )
        sock = connect(self.service, head("GET", "/health", close=False))
        response = HTTPResponse(sock)  # the request is then not the first one of its connection
        response.begin()
        response.read()
        sock.sendall(asking)
        wait_for(lambda: self.owner.execute(waiting, ["%opportunities%"]).fetchone())
        return sock


@pytest.fixture
def held(
    service: Service, token: str, owner_url: str, owner: psycopg.Connection[Any]
) -> Iterator[Held]:
    assert service.request("GET", ROWS, token=token).json == []
    with psycopg.connect(owner_url) as holder:
        holder.execute("lock table opportunities in access exclusive mode")
        yield Held(service, token, holder, owner)


def test_others_are_served_while_a_read_waits_for_a_lock(held: Held) -> None:
    with held.ask(head("GET", ROWS, f"Authorization: Bearer {held.token}")) as sock:
        assert held.service.request("GET", "/api/me", token=held.token).status == 200
        held.holder.rollback()
        (response,) = parse(read_all(sock), "GET")

    assert response.json == []


def test_the_next_request_may_arrive_while_one_waits(held: Held) -> None:
    mine = f"Authorization: Bearer {held.token}"
    with held.ask(head("GET", ROWS, mine, close=False)) as sock:
        sock.sendall(head("GET", "/api/me", mine))
        time.sleep(0.1)  # it arrives before the first response is sent
        held.holder.rollback()
        first, second = parse(read_all(sock), "GET", "GET")

    assert first.json == []
    assert second.json["userId"].startswith("user_wire")


@pytest.mark.parametrize("goodbye", [socket.SHUT_WR, None])
def test_a_client_that_disconnects_during_its_request_costs_no_cpu(
    held: Held, goodbye: int | None
) -> None:
    body = b'{"title": "Gone"}'
    sock = held.ask(posting(held.token, f"Content-Length: {len(body)}", close=False) + body)
    if goodbye is None:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        sock.close()  # a reset
    else:
        sock.shutdown(goodbye)
    (worker,) = held.service.workers()
    before = cpu_seconds(worker)
    time.sleep(1)
    used = cpu_seconds(worker) - before
    held.holder.rollback()
    wait_for(lambda: held.service.request("GET", ROWS, token=held.token).json)

    rows = held.service.request("GET", ROWS, token=held.token).json
    assert [row["title"] for row in rows] == ["Gone"]
    assert used < 0.1  # the loop is not woken again and again
    if goodbye is not None:
        sock.settimeout(60)
        (response,) = parse(read_all(sock), "POST")
        assert response.status == 201
        sock.close()


def cpu_seconds(process: int) -> float:
    """Return the CPU time of a process so far."""
    user, system = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")
