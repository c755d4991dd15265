"""What a client may send, how slowly, and how long the server waits for it."""

from __future__ import annotations

import socket
import time
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

import pytest
from gunicorn.http.errors import LimitRequestHeaders, NoMoreData

from futuretracker.server import connection as module
from futuretracker.server.acceptor import ACCEPT_MOST, PAUSE
from futuretracker.server.connection import HEAD_MOST, Connection, IncompleteHead, Patience
from futuretracker.server.strict_request import CHUNKS_MOST
from tests.server.loops import TestLoop, running_loop
from tests.support.servers import ROOT

if TYPE_CHECKING:
    import re
    from collections.abc import Callable, Iterator

loop = pytest.fixture(running_loop)
HEAD = b"GET / HTTP/1.1\r\nHost: x\r\n"
KIB = 1024


@pytest.fixture
def ends() -> Iterator[tuple[socket.socket, socket.socket]]:
    here, there = socket.socketpair()
    with here, there:
        yield here, there


@pytest.fixture
def client(ends: tuple[socket.socket, socket.socket]) -> socket.socket:
    return ends[1]


@pytest.fixture
def server(loop: TestLoop, ends: tuple[socket.socket, socket.socket]) -> Connection:
    loop.loop.turn(0)  # the loop looks at the clock
    return Connection(loop.loop, ends[0], ("192.0.2.7", 1), ("127.0.0.1", 3001))


def trickle(loop: TestLoop, client: socket.socket) -> float:
    """Send a byte every 20 ms until the connection gives up; return how many seconds it took."""
    began = time.monotonic()
    while not loop.results:
        assert time.monotonic() - began < 60
        client.send(b"x")
        loop.loop.turn(0)
        time.sleep(0.02)
    return time.monotonic() - began


def test_a_trickle_does_not_renew_the_time_for_a_head(
    loop: TestLoop, client: socket.socket, server: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "HEAD_WITHIN", 0.5)
    loop.start(lambda: server.complete_head(b"G"))

    assert trickle(loop, client) >= 0.5
    assert isinstance(loop.results[0], IncompleteHead)


def test_a_head_may_have_32_kib(loop: TestLoop, client: socket.socket, server: Connection) -> None:
    loop.start(lambda: server.complete_head(HEAD))
    client.sendall((b"X: " + b"x" * HEAD_MOST)[: HEAD_MOST - len(HEAD) - 4] + b"\r\n\r\nbody")
    loop.run_until(1)
    loop.start(lambda: server.complete_head(HEAD))
    client.sendall(b"x" * HEAD_MOST)
    loop.run_until(2)

    assert len(loop.results[0]) == HEAD_MOST
    assert loop.results[0].endswith(b"\r\n\r\n")
    assert isinstance(loop.results[1], LimitRequestHeaders)


@pytest.mark.parametrize("size", [1, 100])
def test_each_byte_of_a_growing_head_is_searched_once(
    loop: TestLoop,
    client: socket.socket,
    server: Connection,
    monkeypatch: pytest.MonkeyPatch,
    size: int,
) -> None:
    searched = 0

    def search(head: bytearray, start: int) -> re.Match[bytes] | None:
        nonlocal searched
        searched += len(head) - start
        return found(head, start)

    found = module._END  # noqa: SLF001
    monkeypatch.setattr(module, "_END", search)
    pieces = [b"x" * size] * (8000 // size)
    loop.start(lambda: server.complete_head(HEAD))
    for piece in [b"X: ", *pieces, b"\r\n\r", b"\n"]:
        client.send(piece)
        loop.loop.turn(1)

    assert len(loop.results[0]) == len(HEAD) + 8007
    assert searched <= 3 * len(pieces) + 8007 + 100


def test_a_client_that_leaves_ends_a_head(
    loop: TestLoop, client: socket.socket, server: Connection
) -> None:
    loop.start(lambda: server.complete_head(b"G"))
    client.close()
    loop.run_until(1)

    assert isinstance(loop.results[0], NoMoreData)


def read_body(server: Connection) -> Callable[[], bytes]:
    def read() -> bytes:
        server.begin_body()
        while server.recv(8 * KIB):
            pass
        return b""

    return read


def test_a_trickle_does_not_renew_the_time_for_a_body(
    loop: TestLoop, client: socket.socket, server: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "for_body", partial(Patience, 0.5, 1000))
    loop.start(read_body(server))

    assert trickle(loop, client) >= 0.5
    assert isinstance(loop.results[0], TimeoutError)


def test_a_body_that_arrives_at_the_least_rate_may_take_long(
    loop: TestLoop, client: socket.socket, server: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "for_body", partial(Patience, 0.2, 1))
    loop.start(read_body(server))
    for _ in range(20):
        client.send(b"x")
        loop.loop.turn(0)
        time.sleep(0.02)
    assert loop.results == []
    client.shutdown(socket.SHUT_WR)
    loop.run_until(1)

    assert isinstance(loop.results[0], NoMoreData)


def test_the_time_counts_while_the_server_waits() -> None:
    patience = Patience(10.0, 16 * KIB)
    patience.count(4.0, 0)
    assert patience.seconds == 6.0
    patience.count(1.0, 32 * KIB)
    assert patience.seconds == 7.0


def test_a_client_that_does_not_read_ends_a_response(
    loop: TestLoop, client: socket.socket, server: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "for_response", partial(Patience, 0.5, 10 * KIB * KIB))
    loop.start(lambda: server.sendall(b"x" * 8 * KIB * KIB))
    began = time.monotonic()
    while not loop.results:  # a little is read all the time
        loop.loop.turn(0.02)
        client.recv(100)
        assert time.monotonic() - began < 60

    assert isinstance(loop.results[0], TimeoutError)
    assert time.monotonic() - began >= 0.5


def test_the_parts_of_a_response_share_its_time(
    loop: TestLoop, client: socket.socket, server: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "for_response", partial(Patience, 0.5, 10**12))

    def send() -> None:
        server.begin_response()
        for _ in range(1000):
            server.sendall(b"x" * 300 * KIB)

    loop.start(send)
    began = time.monotonic()
    while not loop.results:  # the time would do for each part
        loop.loop.turn(0.02)
        client.recv(100 * KIB)
        assert time.monotonic() - began < 60

    assert isinstance(loop.results[0], TimeoutError)


def test_a_client_that_reads_at_the_least_rate_gets_the_whole_response(
    loop: TestLoop, client: socket.socket, server: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "for_response", partial(Patience, 0.2, KIB))
    loop.start(lambda: server.sendall(b"x" * KIB * KIB))
    client.setblocking(False)
    size = 0
    while size < KIB * KIB:
        loop.loop.turn(0)
        time.sleep(0.02)
        with suppress(BlockingIOError):
            size += len(client.recv(64 * KIB))
    loop.run_until(1)

    assert loop.results == [None]


def test_a_trickle_does_not_renew_the_time_until_the_client_closes(
    loop: TestLoop, client: socket.socket, server: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LINGER_WITHIN", 0.5)
    loop.start(server.finish)

    assert trickle(loop, client) >= 0.5
    assert loop.results == [None]


def test_a_client_that_sends_on_and_on_is_disconnected(
    loop: TestLoop, client: socket.socket, server: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LINGER_WITHIN", 600.0)
    monkeypatch.setattr(module, "LINGER_MOST", 1_000_000)
    loop.start(server.finish)
    client.setblocking(False)
    size = 0
    while not loop.results:
        size += client.send(b"x" * 60_000)
        loop.loop.turn(0)

    assert 1_000_000 <= size < 1_500_000


def test_no_more_of_a_body_is_read_ahead_than_it_may_have(
    loop: TestLoop, client: socket.socket, server: Connection
) -> None:
    server.begin_body()
    server.allow_body(1)
    server.end_body()  # so it returns what has arrived
    client.setblocking(False)
    received, most = 0, module.SURPLUS + 1
    while received < most:
        with suppress(BlockingIOError):
            client.send(b"x" * 60_000)
        received += len(server.recv(10 * KIB * KIB))

    assert received == most
    client.send(b"x")
    with pytest.raises(module.BodyTooLarge):
        server.recv(10 * KIB * KIB)


def test_the_document_states_the_limits() -> None:
    table = (ROOT / "docs/server.md").read_text()
    body, response = module.for_body(), module.for_response()
    surplus = module.BODY_MOST // KIB - KIB

    for text in (
        f"| request line | {module.LINE_MOST} bytes | 414 |",
        f"| request line and headers | {HEAD_MOST // KIB} KiB, 100 headers,",
        f"| time for them, from the first byte | {module.HEAD_WITHIN:g} s | 408 |",
        f"| time for the body | {body.seconds:g} s, and 1 s for each {body.rate // KIB} KiB that",
        f"| chunks of a body | {CHUNKS_MOST} | 400 |",
        f"| a body with its chunks' sizes and its trailers | {surplus} KiB more than a body |",
        f"| {response.seconds:g} s, and 1 s for each {response.rate // KIB} KiB that was sent |",
        f"| {module.LINGER_WITHIN:g} s, {module.LINGER_MOST // KIB // KIB} MiB from the client |",
        f"75 s; {module.CLOSE_WITHIN:g} s while the worker stops",
        f"{ACCEPT_MOST} that have waited longest are closed, and accepting pauses for {PAUSE:g} s",
    ):
        assert text in table
