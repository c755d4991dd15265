"""The worker on the wire: whatever the bytes, an answer in our shape; nobody waits for others."""

from __future__ import annotations

import errno
import io
import json
import os
import signal
import socket
import struct
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from http.client import HTTPConnection, HTTPResponse
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import psycopg
import pytest

from tests import servers
from tests.conftest import ORIGIN
from tests.servers import Answer, Service
from tests.test_headers import EVERYWHERE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from futuretracker.issuer import Issuer

    Serve = Callable[..., Service]

ROWS = "/api/opportunities"
ONE_MIB = 2**20
numbers = count(1)


class Wire(io.BytesIO):
    """What came over the wire, for http.client to read one answer after the other."""

    def makefile(self, _mode: str) -> Wire:
        return self

    def close(self) -> None:
        """Stay open for the next answer."""


@pytest.fixture(scope="module")
def service(
    service_url: str, issuer: Issuer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Service]:
    """One worker, so that what holds it up holds everybody up."""
    folder = tmp_path_factory.mktemp("worker")
    settings = {
        "DATABASE_URL": service_url,
        "STORE_URL": f"lmdb://{folder / 'store'}",
        "WEB_CONCURRENCY": "1",
        "TRUSTED_PROXIES": "0",
        "CORS_ORIGIN": ORIGIN,
        **issuer.settings(),
    }
    with servers.gunicorn(settings, folder / "log") as running:
        yield running


@pytest.fixture
def token(issuer: Issuer) -> str:
    return issuer.token(f"user_wire{next(numbers)}x{os.getpid()}", ttl=3600, azp=ORIGIN)


def parse(data: bytes, *methods: str) -> list[Answer]:
    """Read the answers to requests with these methods; all of the bytes must belong to them."""
    wire = Wire(data)
    answers = []
    for method in methods:
        response = HTTPResponse(wire, method=method)  # type: ignore[arg-type]
        response.begin()
        answers.append(Answer.read(response))
    assert wire.read() == b""
    return answers


def head(method: str, path: str, *fields: str, version: str = "1.1", close: bool = True) -> bytes:
    last = ["Connection: close"] if close else []
    lines = [f"{method} {path} HTTP/{version}", "Host: localhost", *fields, *last, "", ""]
    return "\r\n".join(lines).encode()


def posting(token: str, *fields: str, close: bool = True) -> bytes:
    sent = [f"Authorization: Bearer {token}", "Content-Type: application/json", *fields]
    return head("POST", ROWS, *sent, close=close)


def chunked(*chunks: bytes) -> bytes:
    return b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in (*chunks, b""))


def connect(
    service: Service, data: bytes = b"", *, timeout: float = 15, receive_buffer: int = 0
) -> socket.socket:
    sock = socket.socket()
    if receive_buffer:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    sock.settimeout(timeout)
    sock.connect(("127.0.0.1", service.port))
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.sendall(data)
    return sock


def read_all(sock: socket.socket) -> bytes:
    return b"".join(iter(lambda: sock.recv(65536), b""))


def wait_for(condition: Callable[[], object], seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.02)


GET = b"GET /api/health HTTP/1.1\r\nHost: localhost\r\n"
MALFORMED = {
    "no request line": (b"GARBAGE\r\n\r\n", 400),
    "no version": (b"GET /api/health\r\n\r\n", 400),
    "an unknown version": (b"GET /api/health HTTP/9.9\r\n\r\n", 400),
    "TLS on a plain port": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400),
    "a raw byte in the target": (b"GET /api/\xff HTTP/1.1\r\nHost: localhost\r\n\r\n", 400),
    "a header without a colon": (GET + b"Nonsense\r\n\r\n", 400),
    "a space before the colon": (GET + b"X-Test : 1\r\n\r\n", 400),
    "a folded header": (GET + b"X-Test: 1\r\n 2\r\n\r\n", 400),
    "NUL in a header": (GET + b"X-Test: \0\r\n\r\n", 400),
    "two hosts": (GET + b"Host: elsewhere\r\n\r\n", 400),
    "two lengths": (GET + b"Content-Length: 0\r\nContent-Length: 1\r\n\r\n", 400),
    "a negative length": (GET + b"Content-Length: -1\r\n\r\n", 400),
    "a length that is no number": (GET + b"Content-Length: 0x10\r\n\r\n", 400),
    "a length and chunks": (
        GET + b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        400,
    ),
    "an unknown transfer coding": (GET + b"Transfer-Encoding: bogus\r\n\r\n", 501),
    "another expectation": (GET + b"Expect: a-miracle\r\n\r\n", 417),
    "a header too large": (GET + b"X-Test: " + b"x" * 9_000 + b"\r\n\r\n", 431),
    "a header far too large": (GET + b"X-Test: " + b"x" * 200_000 + b"\r\n\r\n", 431),
    "too many headers": (GET + b"X-Test: 1\r\n" * 200 + b"\r\n", 431),
    "a request line too long": (b"GET /" + b"x" * 9_000 + b" HTTP/1.1\r\n\r\n", 414),
    "a request line without an end": (b"GET /" + b"x" * 9_000, 414),
}


@pytest.mark.parametrize("kind", MALFORMED)
def test_what_is_no_request_is_refused_in_the_one_shape(service: Service, kind: str) -> None:
    data, status = MALFORMED[kind]
    received = service.raw(data)
    (answer,) = parse(received, "GET")

    assert answer.status == status
    assert set(answer.json) == {"error", "message"}
    assert all(isinstance(text, str) and text for text in answer.json.values())
    assert answer.headers["Content-Type"] == "application/json; charset=utf-8"
    assert answer.headers["Connection"] == "close"
    assert len(answer.headers["X-Request-Id"]) == 32
    assert answer.headers["Permissions-Policy"]
    assert {name: answer.headers.get(name) for name in EVERYWHERE} == EVERYWHERE
    assert b"<" not in received
    assert service.request("GET", "/healthz").status == 200


@pytest.mark.parametrize(
    "body", [b"zz\r\n{}\r\n0\r\n\r\n", b"-2\r\n{}\r\n0\r\n\r\n", b"2\r\n{}xx\r\n0\r\n\r\n"]
)
def test_a_bad_chunk_is_the_clients_mistake(service: Service, token: str, body: bytes) -> None:
    (answer,) = parse(
        service.raw(posting(token, "Transfer-Encoding: chunked", close=False) + body), "POST"
    )

    assert answer.status == 400
    assert answer.json["error"] == "Bad Request"
    assert {name: answer.headers.get(name) for name in EVERYWHERE} == EVERYWHERE
    assert service.request("GET", ROWS, token=token).json == []


def test_requests_in_one_packet_are_answered_in_their_order(service: Service, token: str) -> None:
    bodies = [json.dumps({"title": f"Number {n}"}).encode() for n in range(3)]
    data = b"".join(
        posting(token, f"Content-Length: {len(body)}", close=False) + body for body in bodies
    )
    data += head("GET", "/healthz", close=False) + head("GET", "/api/nothing", close=False)
    data += head("GET", ROWS, f"Authorization: Bearer {token}")
    answers = parse(service.raw(data), *["POST"] * 3, *["GET"] * 3)

    assert [answer.status for answer in answers] == [201, 201, 201, 200, 404, 200]
    titles = [f"Number {n}" for n in range(3)]
    assert [answer.json["title"] for answer in answers[:3]] == titles
    assert [row["title"] for row in answers[5].json] == titles[::-1]


def test_one_connection_serves_many_requests(service: Service, token: str) -> None:
    connection = HTTPConnection("127.0.0.1", service.port, timeout=5)
    connection.connect()
    first = connection.sock
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    for n in range(20):
        connection.request("POST", ROWS, body=json.dumps({"title": f"Number {n}"}), headers=headers)
        assert json.loads(connection.getresponse().read())["title"] == f"Number {n}"

    assert connection.sock is first
    connection.close()


@pytest.mark.parametrize("size", [1, 7])
def test_a_request_may_arrive_byte_by_byte(service: Service, token: str, size: int) -> None:
    body = b'{"title": "Slow but sure"}'
    data = posting(token, f"Content-Length: {len(body)}") + body
    with connect(service) as sock:
        for start in range(0, len(data), size):
            sock.sendall(data[start : start + size])
            time.sleep(0.0005)
        (answer,) = parse(read_all(sock), "POST")

    assert answer.status == 201
    assert answer.json["title"] == "Slow but sure"


def test_a_body_may_arrive_after_its_headers_and_in_pieces(service: Service, token: str) -> None:
    pieces = [b'{"title": "In', b" three", b' pieces"}']
    with connect(service, posting(token, f"Content-Length: {sum(map(len, pieces))}")) as sock:
        for piece in pieces:
            time.sleep(0.05)
            sock.sendall(piece)
        (answer,) = parse(read_all(sock), "POST")

    assert (answer.status, answer.json["title"]) == (201, "In three pieces")


CLOSING = head("GET", "/api/health")
SLOW = {
    "say nothing": b"",
    "send half a request": CLOSING[:-20],
    "send half a body": posting("TOKEN", "Content-Length: 9") + b"half",
    "send half of their chunks": posting("TOKEN", "Transfer-Encoding: chunked") + b"2\r\n{",
    "stay after the answer that ends the connection": CLOSING,
    "stay after an answer to nonsense": b"GARBAGE\r\n\r\n",
    "stay after an HTTP/1.0 answer": head("GET", "/api/health", version="1.0", close=False),
}


def check_that_nobody_waits(service: Service) -> None:
    """Ask on new connections, where the request follows a little later."""
    for _ in range(5):
        with connect(service, timeout=1) as sock:
            time.sleep(0.01)
            sock.sendall(CLOSING)
            (answer,) = parse(read_all(sock), "GET")
            assert answer.status == 200


@pytest.mark.parametrize("kind", SLOW)
def test_clients_hold_up_nobody_when_they(service: Service, token: str, kind: str) -> None:
    data = SLOW[kind].replace(b"TOKEN", token.encode())
    with ExitStack() as stack:
        for _ in range(6):
            stack.enter_context(connect(service, data))
        time.sleep(0.05)
        check_that_nobody_waits(service)


def test_a_client_that_does_not_read_holds_up_nobody(
    service: Service, token: str, owner: psycopg.Connection[object]
) -> None:
    me = service.request("GET", "/api/me", token=token).json
    owner.execute(
        "insert into opportunities (user_id, title, notes)"
        " select %s, 'Large', repeat('x', 4000) from generate_series(1, 3000)",
        [me["internalUserId"]],
    )
    asking = head("GET", ROWS, f"Authorization: Bearer {token}")
    with connect(service, asking, receive_buffer=4096) as sock:
        time.sleep(0.3)
        check_that_nobody_waits(service)
        (answer,) = parse(read_all(sock), "GET")

    assert len(answer.json) == 3000


def test_chunks_make_a_body(service: Service, token: str) -> None:
    data = posting(token, "Transfer-Encoding: chunked") + chunked(b'{"title":', b' "Chunked"}')
    (answer,) = parse(service.raw(data), "POST")

    assert (answer.status, answer.json["title"]) == (201, "Chunked")


@pytest.mark.parametrize("framing", ["length", "chunks"])
def test_a_body_of_one_mib_is_read_and_one_byte_more_is_refused(
    service: Service, token: str, framing: str
) -> None:
    def send(size: int) -> Answer:
        body = b'{"title": "Large"}'.ljust(size)
        if framing == "length":
            data = posting(token, f"Content-Length: {size}") + body
        else:
            pieces = [body[start : start + 65536] for start in range(0, size, 65536)]
            data = posting(token, "Transfer-Encoding: chunked") + chunked(*pieces)
        (answer,) = parse(service.raw(data), "POST")
        return answer

    assert send(ONE_MIB).status == 201
    refused = send(ONE_MIB + 1)
    assert refused.status == 413
    assert refused.json == {
        "error": "Payload Too Large",
        "message": "The request body must not exceed 1 MiB",
    }


def test_a_client_that_asks_first_is_told_to_continue(service: Service, token: str) -> None:
    body = b'{"title": "Patient"}'
    asking = posting(token, f"Content-Length: {len(body)}", "Expect: 100-continue")
    with connect(service, asking) as sock:
        assert sock.recv(65536) == b"HTTP/1.1 100 Continue\r\n\r\n"
        sock.sendall(body)
        (answer,) = parse(read_all(sock), "POST")

    assert (answer.status, answer.json["title"]) == (201, "Patient")


def test_http_1_0_is_answered_and_closed(service: Service) -> None:
    (answer,) = parse(service.raw(b"GET /api/health HTTP/1.0\r\n\r\n"), "GET")

    assert (answer.status, answer.json["status"]) == (200, "ok")
    assert answer.headers["Connection"] == "close"


def test_head_has_the_headers_of_get_and_no_body(service: Service, token: str) -> None:
    bearer = f"Authorization: Bearer {token}"
    for path, status in ((ROWS, 200), ("/healthz", 200), ("/api/nothing", 404)):
        data = head("HEAD", path, bearer, close=False) + head("GET", path, bearer)
        empty, full = parse(service.raw(data), "HEAD", "GET")
        assert (empty.status, empty.body) == (full.status, b"") == (status, b"")
        for name in ("Content-Length", "Content-Type"):
            assert empty.headers[name] == full.headers[name]


def test_a_request_whose_body_is_on_its_way_is_answered_in_full_before_the_end(
    serve: Serve, token: str
) -> None:
    service = serve(WEB_CONCURRENCY="1")
    kept = HTTPConnection("127.0.0.1", service.port, timeout=5)

    def readiness() -> Answer:
        kept.request("GET", "/readyz")
        return Answer.read(kept.getresponse())

    assert readiness().status == 200
    body = b'{"title": "The last one"}'
    with connect(service, posting(token, f"Content-Length: {len(body)}") + body[:9]) as sock:
        time.sleep(0.1)
        service.process.send_signal(signal.SIGTERM)
        while (probe := readiness()).status == 200:
            time.sleep(0.01)
        assert (probe.status, probe.json) == (503, {"status": "draining"})
        sock.sendall(body[9:])
        (answer,) = parse(read_all(sock), "POST")

    kept.close()
    assert (answer.status, answer.json["title"]) == (201, "The last one")
    assert service.process.wait(timeout=10) == 0


def test_a_request_in_the_middle_of_its_query_is_answered_in_full_before_the_end(
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
        service.process.send_signal(signal.SIGTERM)
        wait_for(lambda: "Handling signal: term" in service.output.read_text())
        holder.rollback()
        answer = patching.result()

    assert (answer.status, answer.json["title"]) == (200, "After")
    assert service.process.wait(timeout=10) == 0


def test_before_the_end_who_has_connected_is_answered_and_who_comes_later_is_refused_at_once(
    serve: Serve, token: str, owner_url: str, owner: psycopg.Connection[object]
) -> None:
    service = serve(WEB_CONCURRENCY="1")
    body = b'{"title": "In the queue"}'
    asking = posting(token, f"Content-Length: {len(body)}") + body
    locked = "select pid from pg_stat_activity where wait_event_type = 'Lock' and query like %s"

    def is_refused() -> bool:
        with socket.socket() as sock:
            return sock.connect_ex(("127.0.0.1", service.port)) == errno.ECONNREFUSED

    # A body that is on its way keeps the worker from ending, a locked table from accepting.
    with connect(service, asking[:-9]) as slow, psycopg.connect(owner_url) as holder:
        holder.execute("lock table opportunities in access exclusive mode")
        with ThreadPoolExecutor(1) as pool:
            reading = pool.submit(service.request, "GET", ROWS, token=token)
            wait_for(lambda: owner.execute(locked, ["%opportunities%"]).fetchone())
            queued = [connect(service, asking) for _ in range(20)]
            service.process.send_signal(signal.SIGTERM)
            wait_for(lambda: "Handling signal: term" in service.output.read_text())
            holder.rollback()
            assert reading.result().status == 200
        wait_for(is_refused)
        assert service.process.poll() is None
        slow.sendall(asking[-9:])
        answers = [answer for sock in (slow, *queued) for answer in parse(read_all(sock), "POST")]

    for sock in queued:
        sock.close()
    assert [answer.status for answer in answers] == [201] * 21
    assert service.process.wait(timeout=10) == 0


def test_a_write_that_waits_for_the_database_holds_up_nobody(
    service: Service, token: str, owner_url: str, owner: psycopg.Connection[object]
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
        wait_for(lambda: owner.execute(waiting, ["%update opportunities%"]).fetchone() >= (3,))
        assert service.request("GET", ROWS, token=token).json == [row]
        assert not any(write.done() for write in writes)
        holder.rollback()

    assert {write.result().status for write in writes} == {200}


class Held(NamedTuple):
    """Opportunities that nobody reaches until ``holder`` lets them go (0.5 s at the most)."""

    service: Service
    token: str
    holder: psycopg.Connection[object]
    owner: psycopg.Connection[object]

    def ask(self, asking: bytes) -> socket.socket:
        """Ask on a connection of its own, and see that Postgres lets it wait."""
        waiting = (
            "select pid from pg_stat_activity where wait_event_type = 'Lock' and query like %s"
        )
        sock = connect(self.service, head("GET", "/health", close=False))
        answer = HTTPResponse(sock)  # a connection that is kept is at the poller meanwhile
        answer.begin()
        answer.read()
        sock.sendall(asking)
        wait_for(lambda: self.owner.execute(waiting, ["%opportunities%"]).fetchone())
        return sock


@pytest.fixture
def held(
    service: Service, token: str, owner_url: str, owner: psycopg.Connection[object]
) -> Iterator[Held]:
    assert service.request("GET", ROWS, token=token).json == []
    with psycopg.connect(owner_url) as holder:
        holder.execute("lock table opportunities in access exclusive mode")
        yield Held(service, token, holder, owner)


def test_a_read_that_waits_for_the_database_holds_up_nobody(held: Held) -> None:
    with held.ask(head("GET", ROWS, f"Authorization: Bearer {held.token}")) as sock:
        assert held.service.request("GET", "/api/me", token=held.token).status == 200
        held.holder.rollback()
        (answer,) = parse(read_all(sock), "GET")

    assert answer.json == []


def test_the_next_request_may_come_while_one_waits(held: Held) -> None:
    mine = f"Authorization: Bearer {held.token}"
    with held.ask(head("GET", ROWS, mine, close=False)) as sock:
        sock.sendall(head("GET", "/api/me", mine))
        time.sleep(0.1)  # it is there before the first is answered
        held.holder.rollback()
        first, second = parse(read_all(sock), "GET", "GET")

    assert first.json == []
    assert second.json["userId"].startswith("user_wire")


@pytest.mark.parametrize("goodbye", [socket.SHUT_WR, None])
def test_a_client_that_goes_while_its_request_waits_costs_nothing(
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
    time.sleep(0.15)
    spent = cpu_seconds(worker) - before
    held.holder.rollback()
    wait_for(lambda: held.service.request("GET", ROWS, token=held.token).json)

    rows = held.service.request("GET", ROWS, token=held.token).json
    assert [row["title"] for row in rows] == ["Gone"]
    assert spent < 0.05  # it does not look at the connection again and again
    if goodbye is not None:
        sock.settimeout(2)
        (answer,) = parse(read_all(sock), "POST")
        assert answer.status == 201
        sock.close()


def cpu_seconds(process: int) -> float:
    """Return what a process has used so far."""
    user, system = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


@pytest.mark.parametrize("workers", [1, 2])
def test_a_worker_that_is_killed_is_replaced_and_the_service_goes_on(
    serve: Serve, token: str, workers: int
) -> None:
    service = serve(WEB_CONCURRENCY=str(workers))
    row = service.request("POST", ROWS, token=token, body={"title": "Kept"}).json
    victim, *others = service.workers()
    os.kill(victim, signal.SIGKILL)
    wait_for(lambda: victim not in service.workers())

    # With one worker the connection waits in the listener's queue for the next one.
    assert service.request("GET", ROWS, token=token).json == [row]
    wait_for(lambda: len(service.workers()) == workers)
    assert set(others) < set(service.workers())
    assert {service.request("GET", ROWS, token=token).status for _ in range(10)} == {200}
    assert service.process.poll() is None
