"""The list of the original API: whole, however long, and in little memory."""

from __future__ import annotations

import json
import re
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from http.client import HTTPConnection, HTTPResponse, IncompleteRead
from pathlib import Path
from threading import Event
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest

from futuretracker.api import streaming
from futuretracker.limits import AtOnce
from futuretracker.web.turns import ClientGone
from tests.support.wire import head, parse

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import psycopg

    from tests.conftest import User
    from tests.support.servers import Service

PATH = "/api/opportunities"
MIB = 2**20


@pytest.fixture
def service(serve: Callable[..., Service]) -> Service:
    """One worker, so that its memory shows the whole load."""
    return serve(WEB_CONCURRENCY="1", patient=True)


def insert(owner: psycopg.Connection[Any], user: User, amount: int, *, length: int = 20) -> str:
    """Insert opportunities, numbered from the newest; return the internal id of the user."""
    user_id: str = user.get("/api/v1/me").json["internalUserId"]
    owner.execute(
        """
        insert into opportunities (user_id, title, notes, created_at)
        select %(user)s, 'Row ' || n, repeat('x', %(length)s), now() - n * interval '1 second'
        from generate_series(0, %(amount)s - 1) as n
        """,
        {"user": user_id, "length": length, "amount": amount},
    )
    return user_id


@contextmanager
def begun(service: Service, user: User) -> Iterator[HTTPResponse]:
    """Send the request; the test reads the body."""
    with closing(HTTPConnection("127.0.0.1", service.port, timeout=60)) as connection:
        connection.request("GET", PATH, headers={"Authorization": f"Bearer {user.token}"})
        yield connection.getresponse()


def titles(body: bytes) -> list[str]:
    return [row["title"] for row in json.loads(body)]


@pytest.mark.parametrize("amount", [0, 1, 199, 200, 201, 1200, 3000])
def test_the_list_is_whole_and_newest_first(
    service: Service, owner: psycopg.Connection[Any], alice: User, amount: int
) -> None:
    insert(owner, alice, amount)
    with begun(service, alice) as response:
        body = response.read()

    assert titles(body) == [f"Row {n}" for n in range(amount)]
    assert response.headers["Content-Type"] == "application/json; charset=utf-8"
    if amount <= 200:
        assert response.headers["Content-Length"] == str(len(body))
    else:
        assert response.headers["Transfer-Encoding"] == "chunked"


def test_the_connection_serves_further_requests_after_a_streamed_list(
    service: Service, owner: psycopg.Connection[Any], alice: User
) -> None:
    insert(owner, alice, 500)
    request = head("GET", PATH, f"Authorization: Bearer {alice.token}", close=False)
    last = head("GET", PATH, f"Authorization: Bearer {alice.token}")
    responses = parse(service.raw(request + request + last), "GET", "GET", "GET")

    assert [len(titles(response.body)) for response in responses] == [500] * 3


def test_http_1_0_gets_the_list_without_chunks(
    service: Service, owner: psycopg.Connection[Any], alice: User
) -> None:
    insert(owner, alice, 500)
    request = head("GET", PATH, f"Authorization: Bearer {alice.token}", version="1.0")
    header, _, body = service.raw(request).partition(b"\r\n\r\n")

    assert b"Transfer-Encoding" not in header
    assert b"Connection: close" in header
    assert len(titles(body)) == 500


def test_a_response_to_head_has_no_body(
    service: Service, owner: psycopg.Connection[Any], alice: User
) -> None:
    insert(owner, alice, 500)
    request = head("HEAD", PATH, f"Authorization: Bearer {alice.token}")
    header, end, rest = service.raw(request).partition(b"\r\n\r\n")

    assert header.startswith(b"HTTP/1.1 200")
    assert b"Content-Length" not in header
    assert (end, rest) == (b"\r\n\r\n", b"")


def test_opportunities_that_are_deleted_meanwhile_leave_a_valid_array(
    service: Service, owner: psycopg.Connection[Any], alice: User
) -> None:
    """The list is larger than the buffers of the connection, so that the end is read later."""
    user_id = insert(owner, alice, 6000, length=5000)
    with begun(service, alice) as response:
        start = response.read(MIB)
        owner.execute("delete from opportunities where user_id = %s and title > 'Row 2'", [user_id])
        insert(owner, alice, 1)
        found = titles(start + response.read())

    assert len(found) == len(set(found)) < 6000
    assert found[0] == "Row 0"


def test_a_list_that_cannot_be_read_to_its_end_is_broken_off(
    service: Service, owner: psycopg.Connection[Any], alice: User
) -> None:
    insert(owner, alice, 6000, length=5000)
    with begun(service, alice) as response:
        response.read(MIB)
        with owner.transaction():
            owner.execute("lock table opportunities in access exclusive mode")
            with pytest.raises(IncompleteRead):
                response.read()

    assert service.request("GET", "/api/health").status == 200
    assert not [line for line in service.lines() if line.get("level") == "ERROR"]


def whole_list(service: Service, user: User, tries: int) -> list[str]:
    """Read the list; if it is broken off, try again."""
    for _ in range(tries - 1):
        with suppress(IncompleteRead), begun(service, user) as response:
            return titles(response.read())
    with begun(service, user) as response:
        return titles(response.read())


def test_a_long_list_is_whole_while_others_use_the_database(
    serve: Callable[..., Service],
    owner: psycopg.Connection[Any],
    alice: User,
    make_user: Callable[..., User],
) -> None:
    """All waits of the list's 160 parts together take longer than one request may wait.

    On a busy machine a single wait may take as long, so that the client has to try again.
    """
    service = serve(
        WEB_CONCURRENCY="1",
        STATEMENTS="1",
        RATE_LIMIT_GENERAL="1000000 per 1 minute",
        TESTS_TURN_PATIENCE="3",
        TESTS_LIST_PART=str(MIB // 8),
        patient=True,
    )
    insert(owner, alice, 20_000, length=1000)
    others = [make_user() for _ in range(4)]
    for other in others:
        insert(owner, other, 200, length=5000)
    over = Event()

    def ask_until_over(user: User) -> None:
        while not over.is_set():
            service.request("GET", PATH, token=user.token)

    with ThreadPoolExecutor(4) as threads:
        asking = [threads.submit(ask_until_over, other) for other in others]
        try:
            found = whole_list(service, alice, tries=5)
        finally:
            over.set()
        for each in asking:
            each.result()

    assert found == [f"Row {n}" for n in range(20_000)]


def test_a_list_ends_without_an_error_if_its_client_leaves_while_a_part_waits(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The worker logs every exception of a stream but those of the connection."""
    part = SimpleNamespace(items=b"[{}]", next=("", ""))

    def read_part(*_place: object) -> None:
        raise ClientGone

    monkeypatch.setattr(streaming, "current_app", SimpleNamespace(at_once=AtOnce()))
    stream = streaming.one_array(streaming.parts_of(cast("Any", part), cast("Any", read_part)))
    assert next(stream) == b"[{}"
    with pytest.raises(ConnectionResetError):
        next(stream)


def test_eight_lists_of_50000_opportunities_take_little_memory(
    service: Service, owner: psycopg.Connection[Any], make_user: Callable[..., User]
) -> None:
    """The whole lists are 8 times 32 MiB. A user may have three in progress."""
    users = [make_user() for _ in range(4)]
    for user in users:
        insert(owner, user, 50_000, length=400)

    def length(user: User) -> int:
        with begun(service, user) as response:
            return len(response.read())

    with ThreadPoolExecutor(8) as threads:
        lengths = list(threads.map(length, [*users, *users]))
    [worker] = service.workers()
    status = Path(f"/proc/{worker}/status").read_text()
    # Other tests read the whole table, so that it must not stay large.
    owner.execute("delete from opportunities where notes = repeat('x', 400)")
    owner.execute("vacuum opportunities")

    assert min(lengths) > 30 * MIB
    assert int(re.findall(r"VmHWM:\s+(\d+) kB", status)[0]) < 150 * 1024
