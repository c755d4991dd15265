"""The ACTIVITY lines: what each session did, from where and with which program."""

from __future__ import annotations

import itertools
import json
import signal
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from flask import Flask

from futuretracker.anomalies.lines import parse
from futuretracker.web import activity
from futuretracker.web.lifecycle import draining
from futuretracker.web.request import REQUEST_ID, Request, Session, current
from tests.support.events import recorded_events
from tests.support.waiting import wait_for
from tests.telemetry.metrics.scrape import TOKEN

if TYPE_CHECKING:
    from collections.abc import Callable

    import psycopg

    from tests.conftest import User
    from tests.support.servers import Service

    Serve = Callable[..., Service]

ROWS = "/api/v1/opportunities"
FIELDS = [
    "timestamp", "type", "since", "userId", "session", "client", "ip", "agent", "requests",
    "reads", "missing", "ids", "pages", "bytes", "rows", "requestIds",
]  # fmt: skip
COUNTED = ("requests", "reads", "missing", "ids", "pages", "bytes")
FIREFOX, CURL = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Firefox/140.0", "curl/8.14.1"
WORKERS = pytest.mark.parametrize("worker", ["event-loop", "stock"])


def lines_of(service: Service, number: signal.Signals = signal.SIGTERM) -> list[dict[str, Any]]:
    """Stop a service; return the ACTIVITY lines that it has written until its end."""
    service.process.send_signal(number)
    service.process.wait(timeout=60)
    return [line for line in service.lines() if line["type"] == "ACTIVITY"]


def total(lines: list[dict[str, Any]]) -> dict[str, int]:
    return {name: sum(line[name] for line in lines) for name in COUNTED}


@WORKERS
def test_a_mix_of_requests_is_counted(serve: Serve, alice: User, worker: str) -> None:
    service = serve(WEB_CONCURRENCY="1", WORKER=worker)
    own = alice.create()["id"]
    unknown = [str(uuid4()) for _ in range(4)]
    paths = [
        f"{ROWS}?limit=1", f"{ROWS}?q=intern", "/api/v1/analytics", "/api/v1/me", f"{ROWS}/{own}",
        *(f"{ROWS}/{row}" for row in unknown), f"{ROWS}/{unknown[0]}/rounds", f"{ROWS}/1",
    ]  # fmt: skip
    answers = [service.request("GET", path, token=alice.token) for path in paths]
    changed = service.request("PATCH", f"{ROWS}/{own}", token=alice.token, body={"notes": "n"})
    bodies = sum(len(each.body) for each in [*answers, changed])
    (line,) = lines_of(service)

    assert list(line) == FIELDS
    assert (line["userId"], line["client"], line["ip"]) == (alice.id, "web", "127.0.0.1")
    assert line["session"].startswith("sess_")
    # The ids: its own one, four unknown ones, and one that is no UUID.
    expected = {"requests": 12, "reads": 5, "missing": 5, "ids": 6, "pages": 4, "bytes": bodies}
    assert total([line]) == expected
    missing = [answer.headers["X-Request-Id"] for answer in answers[5:10]]
    assert line["requestIds"] == missing[:1:-1]
    assert line["since"] <= line["timestamp"]


def test_anomaly_detection_reads_the_lines(serve: Serve, alice: User) -> None:
    service = serve(WEB_CONCURRENCY="1", TRUSTED_PROXIES="1")
    for headers in ({"X-Forwarded-For": "[2001:db8::7]:443"}, {"User-Agent": "\xe9\t"}):
        response = service.request("GET", f"{ROWS}/{uuid4()}", token=alice.token, headers=headers)
        assert response.status == 404
    lines = lines_of(service)

    assert {line["ip"] for line in lines} == {"2001:db8::7", "127.0.0.1"}
    for line in lines:
        read = parse(json.dumps(line).encode())
        assert read
        seen = read.observation
        assert (seen.user, seen.session, seen.address) == (alice.id, line["session"], line["ip"])
        assert seen.request_ids == (*line["requestIds"],)
        assert {name: getattr(seen, name) for name in COUNTED} == total([line])


def test_two_programs_and_two_addresses_have_lines_of_their_own(serve: Serve, alice: User) -> None:
    service = serve(WEB_CONCURRENCY="1", TRUSTED_PROXIES="1")
    visits = itertools.product(("198.51.100.7", "2001:db8::7"), (FIREFOX, CURL))
    for address, agent in [*visits, ("198.51.100.7:4711", CURL), ("[2001:db8::7]:4711", CURL)]:
        headers = {"X-Forwarded-For": address, "User-Agent": agent}
        assert service.request("GET", ROWS, token=alice.token, headers=headers).status == 200
    found = {(line["ip"], line["agent"]): line["requests"] for line in lines_of(service)}

    assert found == {
        ("198.51.100.7", FIREFOX): 1,
        ("198.51.100.7", CURL): 2,
        ("2001:db8::7", FIREFOX): 1,
        ("2001:db8::7", CURL): 2,
    }


def test_an_api_key_keeps_its_name_when_it_changes(serve: Serve, alice: User) -> None:
    service = serve(WEB_CONCURRENCY="1")
    body = {"name": "A script", "scopes": ["opportunities:read"]}
    made = service.request("POST", "/api/v1/api-keys", token=alice.token, body=body).json
    path, statuses = f"/api/v1/api-keys/{made['id']}", []

    def read() -> int:
        statuses.append(service.request("GET", ROWS, token=made["secret"]).status)
        return statuses[-1]

    assert read() == 200
    change = {"name": "Another name"}
    assert service.request("PATCH", path, token=alice.token, body=change).status == 200
    assert read() == 200
    assert service.request("DELETE", path, token=alice.token).status == 200
    wait_for(lambda: read() == 401, what="the key is known to be deleted")
    read()
    lines = [line for line in lines_of(service) if line["client"] == f"key:{made['id']}"]

    assert {line["session"] for line in lines} == {f"key_{made['id']}"}
    assert {line["userId"] for line in lines} == {alice.id}
    assert total(lines)["requests"] == statuses.count(200)  # the others have AUTH lines
    assert made["secret"] not in service.output.read_text()


@WORKERS
def test_the_lines_of_all_workers_and_threads_add_up(
    serve: Serve, alice: User, bob: User, worker: str
) -> None:
    service = serve(WEB_CONCURRENCY="2", THREADS="4", WORKER=worker)

    def visit(user: User) -> int:
        return service.request("GET", ROWS, token=user.token).status

    with ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(visit, [alice, bob] * 100))
    lines = lines_of(service)

    assert statuses.count(200) + statuses.count(429) == 200
    for user in (alice, bob):
        own = [line for line in lines if line["userId"] == user.id]
        assert total(own)["requests"] == 100
    assert total(lines)["pages"] == statuses.count(200)


def test_nothing_secret_is_in_a_line(serve: Serve, alice: User) -> None:
    service = serve(WEB_CONCURRENCY="1")
    headers = {"User-Agent": "a\tb" + "c" * 300, "X-Unknown": "confidential"}
    path = f"{ROWS}?q=confidential"
    assert service.request("GET", path, token=alice.token, headers=headers).status == 200
    (line,) = lines_of(service)

    assert line["agent"] == "ab" + "c" * 197
    assert "confidential" not in json.dumps(line)
    assert all(part not in json.dumps(line) for part in alice.token.split("."))


def test_there_is_no_line_without_a_verified_session(serve: Serve, alice: User) -> None:
    service = serve(WEB_CONCURRENCY="1", METRICS_TOKEN=TOKEN)
    for path in ("/api/health", "/healthz", "/readyz", "/docs", "/", "/metrics", "/api/v1/nowhere"):
        service.request("GET", path, token=TOKEN)
    for path in ("/api/health", "/healthz", "/"):
        assert service.request("GET", path, token=alice.token).status == 200
    for token in (None, "nonsense", alice.token[:-9] + "AAAAAAAAA"):
        assert service.request("GET", ROWS, token=token).status == 401

    assert lines_of(service) == []


@WORKERS
def test_the_bytes_of_a_streamed_response_are_counted(
    serve: Serve, alice: User, owner: psycopg.Connection[Any], worker: str
) -> None:
    service = serve(WEB_CONCURRENCY="1", WORKER=worker)
    owner.execute(
        """
        insert into opportunities (user_id, title)
        select %s, 'Row ' || n from generate_series(1, 900) as n
        """,
        [alice.get("/api/v1/me").json["internalUserId"]],
    )
    whole = service.request("GET", "/api/opportunities", token=alice.token)
    head = service.request("HEAD", "/api/opportunities", token=alice.token)
    (line,) = lines_of(service)

    assert whole.headers["Transfer-Encoding"] == "chunked"
    assert (head.status, head.body) == (200, b"")
    assert total([line]) == {
        "requests": 2, "reads": 2, "missing": 0, "ids": 0, "pages": 1, "bytes": len(whole.body),
    }  # fmt: skip


@WORKERS
def test_the_opportunities_of_an_export_are_counted(
    serve: Serve, alice: User, owner: psycopg.Connection[Any], worker: str
) -> None:
    service = serve(WEB_CONCURRENCY="1", WORKER=worker)
    owner.execute(
        """
        insert into opportunities (user_id, title)
        select %s, 'Row ' || n from generate_series(1, 900) as n
        """,
        [alice.get("/api/v1/me").json["internalUserId"]],
    )
    export = f"{ROWS}/export"
    for path in (f"{export}?format=csv", f"{export}?format=xlsx", f"{export}?q=nothing", ROWS):
        assert service.request("GET", path, token=alice.token).status == 200
    assert service.request("HEAD", export, token=alice.token).status == 200
    assert service.request("GET", "/api/v1/me/export", token=alice.token).status == 200
    lines = lines_of(service)

    assert sum(line["rows"] for line in lines) == 2700
    assert total(lines)["pages"] == 5
    assert sum(
        read.observation.pages for line in lines if (read := parse(json.dumps(line).encode()))
    ) == (5 + 27)


def test_ctrl_c_loses_no_line(serve: Serve, alice: User) -> None:
    service = serve(WEB_CONCURRENCY="1")
    assert service.request("GET", ROWS, token=alice.token).status == 200

    assert total(lines_of(service, signal.SIGINT))["requests"] == 1


def test_a_line_is_written_while_the_worker_runs(serve: Serve, alice: User) -> None:
    service = serve(WEB_CONCURRENCY="1")
    connection = HTTPConnection("127.0.0.1", service.port, timeout=60)
    connection.request("GET", ROWS, headers={"Authorization": f"Bearer {alice.token}"})
    assert connection.getresponse().read()
    wait_for(lambda: '"ACTIVITY"' in service.output.read_text(), what="the line is written")
    connection.close()

    assert total(lines_of(service))["requests"] == 1  # and it is not written again


class Counter:
    """An ``Activity`` of an application that only counts."""

    def __init__(self) -> None:
        self.activity = activity.Activity()
        self._app = Flask("counter", static_folder=None)
        self._app.request_class = Request

    def note(self, session: str, *, row: str | None = None, status: int = 200) -> None:
        """Count one request of a session, for a list or for one resource."""
        environ = {REQUEST_ID: f"{session}-{row}"}
        with self._app.test_request_context("/", environ_base=environ):
            request = current()
            request.session = Session("user_1", session, 0, None)
            request.view_args = {"opportunity_id": row} if row else {}
            self.activity.note(self._app.response_class(b"12345", status))

    def end(self) -> None:
        """Do what a worker does at its end."""
        draining.set()
        try:
            self.activity.sample()
        finally:
            draining.clear()


@pytest.fixture
def counter() -> Counter:
    return Counter()


def test_memory_is_bounded_and_nothing_is_lost(
    counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(activity, "MOST", 50)
    with recorded_events("ACTIVITY") as lines:
        for n in range(200):
            counter.note(f"sess_{n % 60}", row=f"row-{n}" if n % 2 else None)
            assert len(counter.activity._counts) + counter.activity._ids <= 51  # noqa: SLF001
        assert lines
        counter.end()

    assert total(lines)["requests"] == 200
    assert total(lines)["bytes"] == 1000
    assert total(lines)["ids"] == 100
    assert counter.activity._ids == 0  # noqa: SLF001


def test_a_line_counts_at_most_a_thousand_ids(counter: Counter) -> None:
    with recorded_events("ACTIVITY") as lines:
        for n in range(1500):
            counter.note("sess_1", row=f"row-{n}", status=404)
        counter.end()

    (line,) = lines
    assert (line["requests"], line["missing"], line["ids"]) == (1500, 1500, 1000)
    assert line["requestIds"] == ["sess_1-row-1499", "sess_1-row-1498", "sess_1-row-1497"]


def test_only_lines_that_are_due_are_written(
    counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(activity, "EVERY", 3600.0)
    with recorded_events("ACTIVITY") as lines:
        counter.note("sess_1")
        counter.activity.sample()
        assert lines == []
        monkeypatch.setattr(activity, "EVERY", 0.0)
        counter.activity.sample()

    assert [line["session"] for line in lines] == ["sess_1"]
