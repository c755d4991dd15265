"""Fixtures that every test may use: real servers, settings, applications and users."""

from __future__ import annotations

import itertools
import json
import os
import shutil
import sys
from contextlib import ExitStack, closing, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory, mkdtemp
from typing import TYPE_CHECKING, Any
from unittest import mock

import psycopg
import pytest
from flask import request, request_finished

from futuretracker.app import create_app
from futuretracker.commands.local import embedded_postgres
from futuretracker.commands.local.issuer import Issuer
from futuretracker.config import Config
from futuretracker.database.migrate import migrate
from futuretracker.database.pool import Pool
from tests.support import servers
from tests.support.behind import guarded_app
from tests.support.pooler import connect, pgbouncer
from tests.support.served import served_app

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from flask import Flask, Response
    from flask.testing import FlaskClient
    from werkzeug.test import TestResponse

pytest_plugins = ["tests.support.replay", "tests.support.programs.plugin"]
ORIGIN = "http://localhost:3000"
WEBHOOK_SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
METRICS_TOKEN = "a-token-that-a-scraper-brings-along"
ROLE_NAME = "futuretracker_api"
NOT_SERVED = ("in_process", "event_loop")
numbers = itertools.count(1)
# Every (method, rule, status) of the responses of the applications in this process.
seen: set[tuple[str, str, int]] = set()


@request_finished.connect
def _record(_app: Flask, response: Response) -> None:
    if request.url_rule is not None:
        seen.add((request.method, request.url_rule.rule, response.status_code))


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let a run put a transaction pooler before Postgres, or serve with another worker."""
    parser.addoption("--pooler", action="store_true", help="run what meets Postgres by PgBouncer")
    parser.addoption("--worker", help="serve every application with gunicorn and this WORKER")


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Set the worker of every gunicorn that the tests start, and a folder for temporary files.

    In pytest's own folder, each session closes the folders of the others to other users when it
    starts. Postgres, which runs as another user for root, could not start there.
    """
    servers.WORKER = config.getoption("worker") or servers.WORKER
    config.option.basetemp = config.option.basetemp or mkdtemp(prefix="futuretracker-")


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Remove the temporary files, unless a test failed."""
    if exitstatus != pytest.ExitCode.TESTS_FAILED:
        shutil.rmtree(session.config.option.basetemp)


def pytest_itemcollected(item: pytest.Function) -> None:
    """Mark a test with the ``pytestmark`` in its folder's ``__init__.py`` too."""
    marks = getattr(sys.modules[item.module.__package__], "pytestmark", [])
    for mark in marks if isinstance(marks, list) else [marks]:
        item.add_marker(mark)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Run the tests of the documents last: they read ``seen``.

    With ``--pooler``, keep the tests that use Postgres; with ``--worker``, those that use HTTP.
    """
    items.sort(key=lambda item: item.path.name in {"test_docs.py", "test_specification.py"})
    if config.getoption("pooler"):
        kept = [item for item in items if "pooled" in getattr(item, "fixturenames", ())]
        config.hook.pytest_deselected(items=[item for item in items if item not in kept])
        items[:] = kept
        for item in items:
            item.add_marker(pytest.mark.needs("pgbouncer"))
    if config.getoption("worker"):
        # Tests of code in this process, and of promises of the event loop, cannot run here.
        kept = [
            item
            for item in items
            if item.get_closest_marker("wire") and not any(map(item.get_closest_marker, NOT_SERVED))
        ]
        config.hook.pytest_deselected(items=[item for item in items if item not in kept])
        items[:] = kept


@pytest.fixture(scope="session")
def open_app(
    pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[dict[str, str]], AbstractContextManager[Flask]]:
    """Open an application with these settings: in this process, or as the run's options say."""
    if pytestconfig.getoption("behind"):
        return lambda settings: guarded_app(settings, tmp_path_factory.mktemp("behind"))  # type: ignore[return-value]
    if not pytestconfig.getoption("worker"):
        return in_process
    logs = tmp_path_factory.mktemp("served")
    return lambda settings: served_app(settings, logs / f"{next(numbers)}.log")  # type: ignore[return-value]


@contextmanager
def in_process(settings: dict[str, str]) -> Iterator[Flask]:
    app = create_app(config_from(settings))
    yield app
    app.database.close()


@pytest.fixture(scope="session")
def owner_url() -> Iterator[str]:
    """A Postgres with every migration; the URL connects as the owner.

    Its folder is none of pytest's, because the user that Postgres runs as may not read those.
    """
    with TemporaryDirectory(prefix="futuretracker-") as folder:
        Path(folder).chmod(0o755)
        with embedded_postgres.postgres(Path(folder) / "data") as url:
            migrate(url)
            yield url


@pytest.fixture(scope="session")
def pooled(pytestconfig: pytest.Config) -> Callable[[str], AbstractContextManager[str]]:
    """Run the pooler in front of a Postgres, if this run uses one."""
    return pgbouncer if pytestconfig.getoption("pooler") else nullcontext


@pytest.fixture(scope="session")
def service_url(
    owner_url: str, pooled: Callable[[str], AbstractContextManager[str]]
) -> Iterator[str]:
    """The URL of the same database for the service's role."""
    with pooled(embedded_postgres.as_service(owner_url)) as url:
        yield url


@pytest.fixture
def owner(owner_url: str) -> Iterator[psycopg.Connection[Any]]:
    """A connection of the owner, a superuser, to whom no policy applies; it autocommits."""
    with psycopg.connect(owner_url, autocommit=True) as conn:
        yield conn


@pytest.fixture
def role(service_url: str) -> Iterator[psycopg.Connection[Any]]:
    """A connection of the service's role; it autocommits."""
    with connect(service_url) as conn:
        yield conn


@pytest.fixture(scope="session")
def issuer(tmp_path_factory: pytest.TempPathFactory) -> Issuer:
    """An issuer of session tokens in place of Clerk."""
    return Issuer(tmp_path_factory.mktemp("issuer") / "key.pem")


@pytest.fixture
def settings(service_url: str, issuer: Issuer, tmp_path: Path) -> dict[str, str]:
    """Complete settings for production, with a store for this test alone."""
    return {
        "DATABASE_URL": service_url,
        "STORE_URL": f"lmdb://{tmp_path / 'store'}",
        "TRUSTED_PROXIES": "0",
        "CORS_ORIGIN": f"{ORIGIN},chrome-extension://ocadhiiiainnijhhimhmpagfdmfcnfmj",
        **issuer.settings(),
    }


def config_from(settings: dict[str, str]) -> Config:
    """Read a Config from these settings only."""
    with mock.patch.dict(os.environ, settings, clear=True):
        return Config.from_env(dotenv="/nonexistent")


@pytest.fixture
def pool(settings: dict[str, str]) -> Iterator[Pool]:
    """A pool of at most three connections."""
    config = config_from({**settings, "THREADS": "1", "STATEMENTS": "1"})
    with closing(Pool(config.database.primary, config)) as it:
        yield it


@pytest.fixture
def build(
    settings: dict[str, str], open_app: Callable[[dict[str, str]], AbstractContextManager[Flask]]
) -> Iterator[Callable[..., Flask]]:
    """Build an application: ``build(RATE_LIMIT_WRITE="2 per minute")``."""
    with ExitStack() as stack:
        yield lambda **changes: stack.enter_context(open_app({**settings, **changes}))


@pytest.fixture(scope="session")
def app(
    service_url: str,
    issuer: Issuer,
    tmp_path_factory: pytest.TempPathFactory,
    open_app: Callable[[dict[str, str]], AbstractContextManager[Flask]],
) -> Iterator[Flask]:
    """The application that most tests share, with rate limits that no test reaches."""
    plenty = "1000000 per 15 minutes"
    limits = ("GENERAL", "WRITE", "USER_GENERAL", "USER_WRITE")
    settings = {
        "DATABASE_URL": service_url,
        "STORE_URL": f"lmdb://{tmp_path_factory.mktemp('store')}",
        "TRUSTED_PROXIES": "0",
        "CORS_ORIGIN": f"{ORIGIN},chrome-extension://ocadhiiiainnijhhimhmpagfdmfcnfmj",
        "CLERK_WEBHOOK_SECRET": WEBHOOK_SECRET,
        "METRICS_TOKEN": METRICS_TOKEN,
        **{f"RATE_LIMIT_{name}": plenty for name in limits},
        **issuer.settings(),
    }
    with open_app(settings) as app:
        yield app


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A client of the shared application that sends no token."""
    return app.test_client()


@dataclass
class User:
    """A user with a client that sends the user's token in every request."""

    id: str
    token: str
    client: FlaskClient

    def request(self, method: str, path: str, body: object = None, **options: Any) -> TestResponse:
        """Send ``body`` as JSON; bytes are sent unchanged."""
        headers = {"Authorization": f"Bearer {self.token}", **options.pop("headers", {})}
        if body is not None:
            options["data"] = body if isinstance(body, bytes) else json.dumps(body)
            options.setdefault("content_type", "application/json")
        return self.client.open(path, method=method, headers=headers, **options)

    def get(self, path: str, **options: Any) -> TestResponse:
        return self.request("GET", path, **options)

    def post(self, path: str, body: object = None, **options: Any) -> TestResponse:
        return self.request("POST", path, body, **options)

    def patch(self, path: str, body: object = None, **options: Any) -> TestResponse:
        return self.request("PATCH", path, body, **options)

    def delete(self, path: str, **options: Any) -> TestResponse:
        return self.request("DELETE", path, **options)

    def create(self, **fields: Any) -> dict[str, Any]:
        """Create an opportunity and return it."""
        response = self.post("/api/opportunities", {"title": "Internship", **fields})
        assert response.status_code == 201, response.text
        opportunity: dict[str, Any] = response.json
        return opportunity


@pytest.fixture
def make_user(client: FlaskClient, issuer: Issuer) -> Callable[..., User]:
    """Make a new user; ``client=`` is a client of another application."""

    def make(*, client: FlaskClient = client) -> User:
        user_id = f"user_test{next(numbers)}x{os.getpid()}"
        return User(user_id, issuer.token(user_id, ttl=3600, azp=ORIGIN), client)

    return make


@pytest.fixture
def alice(make_user: Callable[..., User]) -> User:
    return make_user()


@pytest.fixture
def bob(make_user: Callable[..., User]) -> User:
    return make_user()


@pytest.fixture
def serve(settings: dict[str, str], tmp_path: Path) -> Iterator[Callable[..., servers.Service]]:
    """Start real gunicorn processes: ``serve(WEB_CONCURRENCY="4")``."""
    with ExitStack() as stack:

        def serve(
            *, socket_file: Path | None = None, patient: bool = False, **changes: str
        ) -> servers.Service:
            output = tmp_path / f"gunicorn-{next(numbers)}.log"
            return stack.enter_context(
                servers.gunicorn(
                    {**settings, **changes}, output, socket_file=socket_file, patient=patient
                )
            )

        yield serve
