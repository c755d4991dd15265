"""What clients see of a failure: its status and code, and nothing of the failures of others."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from futuretracker.commands.local import embedded_postgres
from tests.conftest import METRICS_TOKEN, ORIGIN, numbers
from tests.database.test_database import cut, limited
from tests.support.load import Load
from tests.support.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from futuretracker.commands.local.issuer import Issuer
    from tests.database.test_database import Postgres
    from tests.support.servers import Response, Service

    Serve = Callable[..., Service]

ROWS = "/api/v1/opportunities"
ORIGINAL = "/api/opportunities"
ROLE = "futuretracker_api"


@pytest.fixture
def token(issuer: Issuer) -> str:
    return issuer.token(f"user_failure{next(numbers)}", ttl=3600, azp=ORIGIN)


def create(service: Service, token: str, path: str = ROWS) -> dict[str, Any]:
    """Create an opportunity, once the database is back from the outage of the test before."""
    answers: list[Response] = []

    def is_created() -> bool:
        answers.append(service.request("POST", path, token=token, body={"title": "Before"}))
        return answers[-1].status == 201

    wait_for(is_created, what="the database is back")
    row: dict[str, Any] = answers[-1].json
    return row


def lines_of(service: Service, kind: str) -> list[dict[str, Any]]:
    return [line for line in service.lines() if line.get("kind") == kind]


def total_of(lines: list[dict[str, Any]]) -> int:
    return sum(1 + line.get("suppressed", 0) for line in lines)


@contextmanager
def read_only(master: psycopg.Connection[Any]) -> Iterator[None]:
    """Refuse every change, as Supabase does if its disk is nearly full."""
    try:
        master.execute(f"alter role {ROLE} set default_transaction_read_only = on")
        cut(master)
        yield
    finally:
        master.execute(f"alter role {ROLE} reset default_transaction_read_only")
        cut(master)


def test_a_read_only_database_refuses_changes_alone(
    serve: Serve, postgres: Postgres, master: psycopg.Connection[Any], token: str
) -> None:
    service = serve(
        DATABASE_URL=postgres.service_url, WEB_CONCURRENCY="1", METRICS_TOKEN=METRICS_TOKEN
    )
    row = create(service, token)
    with read_only(master):
        began = time.monotonic()
        refused = [
            service.request("POST", ROWS, token=token, body={"title": "Now"}) for _ in range(20)
        ]
        seconds = time.monotonic() - began
        original = service.request("DELETE", f"{ORIGINAL}/{row['id']}", token=token)
        read = service.request("GET", f"{ROWS}/{row['id']}", token=token)
        ready = service.request("GET", "/readyz")
        dependencies = service.request("GET", "/api/health/deps")
        scraped = service.request("GET", "/metrics", token=METRICS_TOKEN).body.decode()
        wait_for(lambda: total_of(lines_of(service, "read_only")) == 21)

    for answer in refused:
        assert (answer.status, answer.headers["Retry-After"]) == (503, "30")
        assert answer.json["code"] == "read_only"
        assert answer.json["message"] == (
            "Changes are currently not possible. Please try again later."
        )
    assert (original.status, "code" in original.json) == (503, False)
    assert (read.status, ready.status) == (200, 200)
    assert dependencies.status == 503
    assert dependencies.json["checks"] == {"database": "read_only", "store": "ok"}
    assert "futuretracker_database_read_only 1.0" in scraped
    assert 'futuretracker_database_errors_total{kind="read_only"} 21.0' in scraped
    lines = lines_of(service, "read_only")
    assert {line["message"] for line in lines} == {"database is read-only"}
    assert len(lines) <= seconds + 3
    assert "Traceback" not in service.output.read_text()
    create(service, token)


def test_a_known_user_reads_from_a_read_only_database_in_a_new_process(
    serve: Serve,
    postgres: Postgres,
    master: psycopg.Connection[Any],
    token: str,
    tmp_path: Path,
) -> None:
    row = create(serve(DATABASE_URL=postgres.service_url), token)
    with read_only(master):
        service = serve(DATABASE_URL=postgres.service_url, STORE_URL=f"lmdb://{tmp_path / 'new'}")

        assert service.request("GET", f"{ROWS}/{row['id']}", token=token).json == row


def patch(service: Service, path: str, token: str) -> Response:
    return service.request("PATCH", path, token=token, body={"title": "After"})


@pytest.mark.parametrize("version", [ROWS, ORIGINAL])
def test_a_change_without_a_response_may_have_been_made_and_the_client_is_told_so(
    serve: Serve, postgres: Postgres, token: str, version: str
) -> None:
    service = serve(DATABASE_URL=postgres.service_url, WEB_CONCURRENCY="1")
    path = f"{version}/{create(service, token, version)['id']}"
    with (
        limited(postgres, lock_timeout="0", statement_timeout="0"),
        psycopg.connect(postgres.url) as holder,
    ):
        holder.execute("select from opportunities where id = %s for update", [path[-36:]])
        answer = patch(service, path, token)
        holder.rollback()

        # Postgres does not notice that the service has given up.
        # A pooler in between ends the statement.
        if "port=6543" not in postgres.service_url:
            wait_for(lambda: service.request("GET", path, token=token).json.get("title") == "After")

    assert answer.status == 504
    assert "Retry-After" not in answer.headers
    assert answer.json["error"] == "Gateway Timeout"
    assert answer.json["message"] == (
        "The change was not confirmed and may have been saved. Please check before you try again."
    )
    assert answer.json.get("code") == ("outcome_unknown" if version == ROWS else None)
    [line] = [each for each in service.lines() if each.get("kind") == "no_response"]
    assert line["message"] == "outcome of a change unknown"
    assert [each["outcome"] for each in service.lines() if each["type"] == "AUDIT"] == [
        "success",
        "unknown",
    ]


def test_a_read_without_a_response_is_a_503(
    serve: Serve, postgres: Postgres, master: psycopg.Connection[Any], token: str
) -> None:
    service = serve(DATABASE_URL=postgres.service_url, WEB_CONCURRENCY="1")
    create(service, token)
    with (
        limited(postgres, lock_timeout="0", statement_timeout="0"),
        psycopg.connect(postgres.url) as holder,
    ):
        holder.execute("lock table opportunities")
        answer = service.request("GET", ROWS, token=token)

    assert (answer.status, answer.json["code"]) == (503, "service_unavailable")


def test_a_search_that_takes_too_long_is_ended_before_other_statements(
    serve: Serve, postgres: Postgres, token: str
) -> None:
    service = serve(DATABASE_URL=postgres.service_url, WEB_CONCURRENCY="1")
    create(service, token)
    found = service.request("GET", f"{ROWS}?q=bef", token=token).json["items"]
    with (
        limited(postgres, lock_timeout="0"),
        psycopg.connect(postgres.url) as holder,
        ThreadPoolExecutor(1) as threads,
    ):
        holder.execute("lock table opportunities")
        listed = threads.submit(service.request, "GET", ROWS, token=token)
        searched = service.request("GET", f"{ROWS}?q=bef", token=token)
        assert not listed.done()  # it has two seconds
        holder.rollback()
        other = listed.result()

    assert len(found) == 1
    assert (searched.status, searched.headers["Retry-After"]) == (503, "2")
    assert searched.json["code"] == "search_timeout"
    assert searched.json["message"] == (
        "The search took too long. Please use fewer or more specific words."
    )
    assert other.status == 200
    [line] = lines_of(service, "search_timeout")
    assert line["message"] == "statement failed"
    assert not lines_of(service, "statement_timeout")


@contextmanager
def at_most(master: psycopg.Connection[Any], connections: int) -> Iterator[None]:
    """Let so many connections of the service in."""
    try:
        master.execute(f"alter role {ROLE} connection limit {connections}".encode())
        cut(master)
        yield
    finally:
        master.execute(f"alter role {ROLE} connection limit -1")


@pytest.mark.parametrize("connections", [2, 6])
def test_with_fewer_connections_than_allowed_requests_wait_for_each_other(
    serve: Serve,
    postgres: Postgres,
    master: psycopg.Connection[Any],
    token: str,
    connections: int,
) -> None:
    # Without a pooler, whose own limit would come first.
    plenty = dict.fromkeys(("RATE_LIMIT_GENERAL", "RATE_LIMIT_USER_GENERAL"), "100000 per minute")
    url = embedded_postgres.as_service(postgres.url)
    service = serve(patient=True, DATABASE_URL=url, TESTS_CONNECT_WITHIN="5", **plenty)
    create(service, token)
    with at_most(master, connections), Load(service, ROWS, token, 32) as load:
        wait_for(lambda: load.statuses[200] > 300)  # each worker has found a connection
        load.statuses.clear()
        time.sleep(6)  # a worker without a connection would have refused requests by now
        wait_for(lambda: load.statuses[200] > 1000)
        statuses = dict(load.statuses)

    assert set(statuses) == {200}
    assert not [line for line in service.lines() if line.get("message") == "database unavailable"]
