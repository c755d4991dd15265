"""While the database is down, clients soon get a 503; afterwards the service recovers by itself."""

from __future__ import annotations

import os
import re
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from futuretracker.auth import is_public
from futuretracker.commands.local import embedded_postgres
from futuretracker.database import run
from futuretracker.database.migrate import migrate
from tests.conftest import ORIGIN
from tests.support import servers
from tests.support.signals import frozen
from tests.support.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from flask import Flask

    from futuretracker.commands.local.issuer import Issuer
    from tests.support.servers import Response, Service

    Serve = Callable[..., Service]
    Timed = tuple[Response, float]

ROWS = "/api/opportunities"
PASSWORD = "hunter2"
UNAVAILABLE = {
    "error": "Service Unavailable",
    "message": "Database is currently unavailable. Please try again in a moment.",
}
# Parts of the URL, of the driver's messages and of stack traces.
REVEALING = re.compile(
    rf"{PASSWORD}|\.s\.PGSQL|connection (to|is|failed|timeout)|socket"
    r"|server closed|terminat|shutting|cancel|lock timeout|password|Traceback"
)
BUSY = {**UNAVAILABLE, "message": "Database is currently busy. Please try again in a moment."}
numbers = count(1)


class Postgres:
    """A Postgres that a test can stop, freeze and start again."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.url = self.service_url = ""
        self._running = ExitStack()

    def start(self) -> None:
        self.url = self._running.enter_context(embedded_postgres.postgres(self.folder))

    def stop(self) -> None:
        self._running.close()

    @contextmanager
    def stopped(self) -> Iterator[None]:
        self.stop()
        try:
            yield
        finally:
            self.start()

    @contextmanager
    def frozen(self) -> Iterator[None]:
        with frozen(int((self.folder / "postmaster.pid").read_text().split()[0])):
            yield


@dataclass
class Outage:
    """What clients, supervisors and the log saw of an outage."""

    may_be_unknown: bool  # whether a change can have been sent to Postgres
    responses: dict[str, Timed]  # of the routes that need the database
    probes: dict[str, Timed]
    workers: list[list[int]]  # before and after
    log: list[dict[str, Any]]
    text: str


@pytest.fixture(scope="module")
def postgres(
    tmp_path_factory: pytest.TempPathFactory, pooled: Callable[[str], AbstractContextManager[str]]
) -> Iterator[Postgres]:
    server = Postgres(tmp_path_factory.mktemp("outages") / "data")
    server.start()
    migrate(server.url)
    with pooled(embedded_postgres.as_service(server.url)) as url:
        server.service_url = make_conninfo(url, password=PASSWORD)
        yield server
    server.stop()


@pytest.fixture(scope="module")
def base(issuer: Issuer) -> dict[str, str]:
    """The settings of the service without its database and its store."""
    return {"TRUSTED_PROXIES": "0", "CORS_ORIGIN": ORIGIN, **issuer.settings()}


@pytest.fixture(scope="module")
def new_token(issuer: Issuer) -> Callable[[], str]:
    return lambda: issuer.token(f"user_db{next(numbers)}x{os.getpid()}", ttl=3600, azp=ORIGIN)


@pytest.fixture
def token(new_token: Callable[[], str]) -> str:
    return new_token()


@pytest.fixture(scope="module", params=["stopped", "frozen"])
def outage(  # noqa: PLR0917 - a whole situation
    request: pytest.FixtureRequest,
    postgres: Postgres,
    app: Flask,
    base: dict[str, str],
    new_token: Callable[[], str],
    tmp_path_factory: pytest.TempPathFactory,
) -> Outage:
    """Stop the database of two workers that have served requests, send more, and start it again."""
    folder = tmp_path_factory.mktemp("outage")
    settings = {
        **base, "DATABASE_URL": postgres.service_url, "STORE_URL": f"lmdb://{folder / 'store'}"
    }  # fmt: skip
    known = new_token()
    routes = routes_with_a_database(app)
    # Each at the same time has a user of its own, because one user may have three in progress.
    users, strangers = ([new_token() for _ in routes] for _ in range(2))
    with servers.gunicorn(settings, folder / "log") as service, ThreadPoolExecutor(8) as pool:
        for user in (known, *users):
            wait_until_it_responds(service, user)
        before = service.workers()
        with getattr(postgres, request.param)():
            # At the same time, then one after the other, when no request has just failed.
            asked = [
                (f"{method} {path} of {who}", pool.submit(ask, service, method, path, token))
                for who, tokens in (("a user", users), ("a stranger", strangers))
                for token, (method, path) in zip(tokens, routes, strict=True)
            ]
            responses = {name: done.result() for name, done in asked}
            responses |= {
                f"{method} {path} alone": ask(service, method, path, known)
                for method, path in routes
            }
            paths = ("/healthz", "/readyz", "/api/health", "/api/health/deps")
            probes = {path: ask(service, "GET", path) for path in paths}
        wait_until_it_responds(service, known)
        return Outage(
            # A pooler takes a statement before it notices that Postgres has stopped.
            request.param == "frozen" or request.config.getoption("pooler"),
            responses,
            probes,
            [before, service.workers()],
            service.lines(),
            service.output.read_text(),
        )


def routes_with_a_database(app: Flask) -> list[tuple[str, str]]:
    with app.app_context():
        found = [
            (method, path_of(rule.rule) + all_of(method, rule.rule))
            for rule in app.url_map.iter_rules()
            for method in sorted((rule.methods or set()) - {"OPTIONS", "HEAD"})
            if not is_public(rule.endpoint)
        ]
    assert len(found) > 7
    return found


def path_of(rule: str) -> str:
    for name in ("<opportunity_id>", "<round_id>"):
        rule = rule.replace(name, "550e8400-e29b-41d4-a716-446655440000")
    rule = rule.replace("<key_id>", "000000000000")
    days = "?from=2026-01-01&to=2026-01-02"
    return rule + days if rule.endswith("/upcoming") else rule


def all_of(method: str, rule: str) -> str:
    """Return the query string that a change of the whole list needs."""
    return "?all=true" if method in {"PATCH", "DELETE"} and rule.endswith("opportunities") else ""


def ask(service: Service, method: str, path: str, token: str | None = None) -> Timed:
    """Send a request; return the response and the seconds that it took."""
    # A body that each route accepts: for an opportunity, a round, an API key and a batch.
    fields = {
        "title": "Internship",
        "round_type": "oa",
        "name": "Key",
        "scopes": ["account:read"],
        "operations": [{"op": "create", "values": {"title": "Internship"}}],
        "items": [{"title": "Internship"}],
    }
    body = fields if method in {"POST", "PUT", "PATCH"} else None
    started = time.monotonic()
    response = service.request(method, path, token=token, body=body)
    return response, time.monotonic() - started


def wait_until_it_responds(service: Service, token: str) -> None:
    """Wait for twenty successful responses in a row."""

    def responds() -> bool:
        return ask(service, "GET", ROWS, token)[0].status == 200

    wait_for(lambda: all(responds() for _ in range(20)), what="twenty responses in a row")


def is_unavailable(
    response: Response, name: str = f"GET {ROWS}", body: dict[str, str] = UNAVAILABLE
) -> bool:
    v1 = {"code": "service_unavailable", "requestId": response.headers["X-Request-Id"]}
    return (
        response.status == 503
        and response.json == {**body, **(v1 if " /api/v1/" in name else {})}
        and re.fullmatch("[1-9]", response.headers.get("Retry-After", "")) is not None
        and response.headers["Content-Type"] == "application/json; charset=utf-8"
    )


def is_unknown(response: Response, name: str) -> bool:
    """Return whether it is the 504 of a change that was sent, and not confirmed."""
    is_write = not name.startswith("GET ")
    return response.status == 504 and is_write and "Retry-After" not in response.headers


def test_every_route_that_needs_the_database_returns_503_or_for_a_change_504(
    outage: Outage,
) -> None:
    wrong = {
        name: response
        for name, (response, _) in outage.responses.items()
        if not any(is_unavailable(response, name, body) for body in (UNAVAILABLE, BUSY))
        and not (outage.may_be_unknown and is_unknown(response, name))
    }

    assert not wrong


def test_no_request_waits_for_the_database_to_return(outage: Outage) -> None:
    """Each gets its response during the outage; usually within three seconds."""
    slow = {
        name: seconds
        for name, (_, seconds) in {**outage.responses, **outage.probes}.items()
        if seconds >= 30
    }

    assert not slow


def test_the_probes_report_the_outage_and_the_process_stays_alive(outage: Outage) -> None:
    statuses = {path: response.status for path, (response, _) in outage.probes.items()}
    ready, dependencies = (outage.probes[path][0] for path in ("/readyz", "/api/health/deps"))

    assert statuses == {
        "/healthz": 200,
        "/readyz": 503,
        "/api/health": 200,
        "/api/health/deps": 503,
    }
    assert ready.json == {"status": "unavailable"}
    assert dependencies.json["status"] == "degraded"
    assert dependencies.json["checks"] == {"database": "unavailable", "store": "ok"}
    assert set(dependencies.json) == {"status", "timestamp", "environment", "version", "checks"}


def test_the_service_recovers_by_itself_and_loses_no_worker(outage: Outage) -> None:
    assert len(outage.workers[0]) == 2
    assert outage.workers[0] == outage.workers[1]


def test_the_log_reports_the_outage_in_json_without_secrets(outage: Outage) -> None:
    messages = [line.get("message") for line in outage.log]
    audits = [line for line in outage.log if line["type"] == "AUDIT"]

    assert "database unavailable" in messages
    assert not [line for line in outage.log if line.get("level") in {"ERROR", "CRITICAL"}]
    assert audits
    ends = {(line["outcome"], line["details"]["statusCode"]) for line in audits}
    assert ends - {("unknown", 504)} <= {("failure", 503)}
    assert outage.may_be_unknown or ends == {("failure", 503)}
    assert not REVEALING.findall(outage.text)


def test_the_service_starts_without_a_database_and_works_once_it_is_up(
    serve: Serve, postgres: Postgres, token: str, capfd: pytest.CaptureFixture[str]
) -> None:
    with postgres.stopped():
        service = serve(DATABASE_URL=postgres.service_url)
        workers = service.workers()
        response, _ = ask(service, "GET", ROWS, token)
        assert service.request("GET", "/healthz").status == 200
        assert service.request("GET", "/readyz").status == 503

    assert is_unavailable(response)
    wait_until_it_responds(service, token)
    assert service.workers() == workers
    assert service.lines()
    assert not REVEALING.findall(service.output.read_text())
    assert capfd.readouterr().err == ""


def test_a_role_that_bypasses_row_security_is_refused_even_if_the_database_starts_late(
    serve: Serve, postgres: Postgres, token: str
) -> None:
    with postgres.stopped():
        url = make_conninfo(postgres.url, password=PASSWORD)
        service = serve(DATABASE_URL=url, WEB_CONCURRENCY="1")

    deadline = time.monotonic() + 2
    while time.monotonic() < deadline:
        assert is_unavailable(service.request("GET", ROWS, token=token))
        time.sleep(0.02)  # more than 2,000 requests would exceed a rate limit
    assert service.request("GET", "/readyz").status == 503
    assert not REVEALING.findall(service.output.read_text())
    assert "which is or can become a superuser" in service.output.read_text()


def cut(owner: psycopg.Connection[Any], where: str = "true") -> int:
    """Terminate the service's connections on the server; return how many there were."""
    found = owner.execute(
        "select pg_terminate_backend(pid, 5000) from pg_stat_activity"
        f" where usename = 'futuretracker_api' and application_name = 'futuretracker' and {where}"
    ).fetchall()
    assert all(gone for (gone,) in found)
    return len(found)


@contextmanager
def limited(postgres: Postgres, **limits: str) -> Iterator[None]:
    """Change the timeouts that the migrations have set for the service's role."""
    migrated = {"lock_timeout": "500ms", "statement_timeout": "2s"}
    with psycopg.connect(postgres.url, autocommit=True) as owner:
        try:
            _limit(owner, limits)
            yield
        finally:
            _limit(owner, migrated)


def _limit(owner: psycopg.Connection[Any], limits: dict[str, str]) -> None:
    for name, limit in limits.items():
        owner.execute(f"alter role futuretracker_api set {name} = '{limit}'".encode())
    cut(owner)  # a role's settings come with a new connection


def test_connections_that_the_server_closed_cause_no_errors(
    serve: Serve, postgres: Postgres, token: str
) -> None:
    service = serve(patient=True, DATABASE_URL=postgres.service_url)
    wait_until_it_responds(service, token)
    with psycopg.connect(postgres.url, autocommit=True) as owner:
        for _ in range(3):
            assert cut(owner) > 0
            statuses = [ask(service, "POST", ROWS, token)[0].status for _ in range(8)]
            assert statuses == [201] * 8

    assert len(service.request("GET", ROWS, token=token).json) == 24


def test_a_statement_whose_connection_is_closed_is_a_503_and_has_no_effect(
    serve: Serve, postgres: Postgres, token: str
) -> None:
    service = serve(patient=True, DATABASE_URL=postgres.service_url, WEB_CONCURRENCY="1")
    row = service.request("POST", ROWS, token=token, body={"title": "Before"}).json
    with (
        limited(postgres, lock_timeout="0", statement_timeout="0"),
        psycopg.connect(postgres.url) as holder,
        psycopg.connect(postgres.url, autocommit=True) as owner,
        ThreadPoolExecutor(1) as pool,
    ):
        holder.execute("select from opportunities where id = %s for update", [row["id"]])
        patching = pool.submit(ask, service, "PATCH", f"{ROWS}/{row['id']}", token)
        while not cut(owner, "wait_event_type = 'Lock'"):
            assert not patching.done()

    assert is_unavailable(patching.result()[0])
    wait_until_it_responds(service, token)
    assert service.request("GET", f"{ROWS}/{row['id']}", token=token).json == row


@pytest.mark.parametrize(
    ("limits", "cause"),
    [
        ({"lock_timeout": "300ms"}, "LockNotAvailable"),
        ({"lock_timeout": "0", "statement_timeout": "300ms"}, "QueryCanceled"),
    ],
)
def test_a_locked_row_is_a_503_for_requests_that_need_it_and_for_no_others(
    serve: Serve,
    postgres: Postgres,
    new_token: Callable[[], str],
    limits: dict[str, str],
    cause: str,
) -> None:
    service = serve(patient=True, DATABASE_URL=postgres.service_url, WEB_CONCURRENCY="1")
    alice, bob = new_token(), new_token()
    row = service.request("POST", ROWS, token=alice, body={"title": "Before"}).json
    path = f"{ROWS}/{row['id']}"
    with limited(postgres, **limits), psycopg.connect(postgres.url) as holder:
        holder.execute("select from opportunities where id = %s for update", [row["id"]])
        # The row stays locked until the response has arrived.
        response, seconds = ask(service, "PATCH", path, alice)
        others = [ask(service, "GET", where, bob)[0].status for where in (ROWS, "/readyz")]

    assert is_unavailable(response, body=BUSY)
    assert seconds >= 0.3
    assert others == [200, 200]
    assert [line["cause"] for line in service.lines() if "cause" in line] == [cause]
    assert not REVEALING.findall(service.output.read_text())
    assert ask(service, "PATCH", path, alice)[0].status == 200


@pytest.mark.parametrize(
    ("port", "setting", "prepares"),
    [
        (5432, {}, True),
        (6543, {}, False),
        (5432, {"DATABASE_POOLER": "transaction"}, False),
        (6543, {"DATABASE_POOLER": "none"}, True),
    ],
)
def test_nothing_is_prepared_behind_a_transaction_pooler(
    build: Callable[..., Flask],
    owner_url: str,
    tmp_path: Path,
    port: int,
    setting: dict[str, str],
    *,
    prepares: bool,
) -> None:
    """Without a pooler of the test run in between, so that the sessions can be inspected."""
    url = embedded_postgres.as_service(owner_url)
    folder = Path(str(conninfo_to_dict(url)["host"]))
    (tmp_path / f".s.PGSQL.{port}").symlink_to(folder / ".s.PGSQL.5432")
    app = build(DATABASE_URL=make_conninfo(url, host=str(tmp_path), port=port), **setting)

    def prepared(conn: psycopg.Connection[Any]) -> int:
        for _ in range(8):
            conn.execute("select 1")
        row = conn.execute("select count(*) from pg_prepared_statements", prepare=False).fetchone()
        assert row is not None
        count: int = row[0]
        return count

    with app.app_context():
        assert (run(prepared) > 0) is prepares
