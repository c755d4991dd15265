"""Fixtures: one Postgres for all tests, and new hosts, Valkey and nginx for each test."""

from __future__ import annotations

import itertools
import os
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from tests.cluster.database import Database, postgres
from tests.cluster.hosts import APPS, Host, hosts
from tests.cluster.network import Network, network
from tests.cluster.nginx import balancer
from tests.cluster.store import Store, valkey
from tests.conftest import ORIGIN

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from futuretracker.commands.local.issuer import Issuer

PLENTY = "1000000 per 15 minutes"
LIMITS = ("GENERAL", "WRITE", "USER_GENERAL", "USER_WRITE")
numbers = itertools.count(1)
figures = pytest.StashKey[list[str]]()


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Print the figures that the tests have measured, even if they failed."""
    for line in config.stash.get(figures, []):
        terminalreporter.write_line(line)


@pytest.fixture(scope="session")
def note(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Add a figure to the summary."""
    return request.config.stash.setdefault(figures, []).append


@dataclass
class Cluster:
    """The running servers. All hosts have the same settings, as in production."""

    network: Network
    database: Database
    issuer: Issuer
    store: Store
    hosts: list[Host]
    settings: dict[str, str]
    note: Callable[[str], None]

    def token(self, user: str = "") -> str:
        """Return a session token of ``user``, or of a new user."""
        user = user or f"user_cluster{next(numbers)}x{os.getpid()}"
        return self.issuer.token(user, ttl=3600, azp=ORIGIN)

    def rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        """Query Postgres as the tables' owner."""
        with psycopg.connect(self.database.owner_url) as conn:
            return conn.execute(query, values).fetchall()

    @contextmanager
    def no_writes(self) -> Iterator[None]:
        """Block every write in Postgres until the block ends."""
        with psycopg.connect(self.database.owner_url) as conn:
            conn.execute("lock table opportunities in exclusive mode")
            yield

    def waiting(self) -> int:
        """Return the number of statements that wait for a lock."""
        query = "select count(*) from pg_stat_activity where wait_event_type = 'Lock'"
        return int(self.rows(query)[0][0])


@pytest.fixture(scope="session")
def place(note: Callable[[str], None]) -> Iterator[Network]:
    with network() as place:
        note(f"three hosts, nginx, Postgres and Valkey in {place.kind}")
        yield place


@pytest.fixture(scope="session")
def database(place: Network) -> Iterator[Database]:
    """Run Postgres in a folder that the user it runs as can open."""
    with TemporaryDirectory(prefix="futuretracker-") as folder:
        Path(folder).chmod(0o755)
        with postgres(place, Path(folder)) as running:
            yield running


@pytest.fixture
def start(
    place: Network,
    database: Database,
    issuer: Issuer,
    note: Callable[[str], None],
    tmp_path: Path,
) -> Iterator[Callable[..., Cluster]]:
    """Start three hosts, Valkey and nginx: ``start(RATE_LIMIT_WRITE="2 per minute")``."""
    with ExitStack() as stack:

        def start(**changes: str) -> Cluster:
            store = stack.enter_context(valkey(place, tmp_path))
            settings = {
                "DATABASE_URL": database.url,
                "REDIS_URL": store.url,
                "TRUSTED_PROXIES": "1",
                "CORS_ORIGIN": ORIGIN,
                **{f"RATE_LIMIT_{name}": PLENTY for name in LIMITS},
                **issuer.settings(),
                **changes,
            }
            running = stack.enter_context(hosts(place, tmp_path, settings))
            stack.enter_context(balancer(place, tmp_path, APPS))
            return Cluster(place, database, issuer, store, running, settings, note)

        yield start
