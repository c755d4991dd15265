"""The cluster, built once; its hosts, store and nginx are each test's own."""

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
BUDGETS = ("GENERAL", "WRITE", "USER_GENERAL", "USER_WRITE")
numbers = itertools.count(1)
figures = pytest.StashKey[list[str]]()


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Print what the tests have measured, whether they passed or not."""
    for line in config.stash.get(figures, []):
        terminalreporter.write_line(line)


@pytest.fixture(scope="session")
def tell(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Note a figure for the summary."""
    return request.config.stash.setdefault(figures, []).append


@dataclass
class Cluster:
    """What runs: every host has the same settings, as hosts in production have."""

    network: Network
    database: Database
    issuer: Issuer
    store: Store
    hosts: list[Host]
    settings: dict[str, str]
    tell: Callable[[str], None]

    def token(self, user: str = "") -> str:
        """Return a session token of ``user``, or of one whom no other test knows."""
        user = user or f"user_cluster{next(numbers)}x{os.getpid()}"
        return self.issuer.token(user, ttl=3600, azp=ORIGIN)

    def rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        """Ask Postgres itself, as the tables' owner."""
        with psycopg.connect(self.database.owner_url) as conn:
            return conn.execute(query, values).fetchall()  # type: ignore[arg-type]

    @contextmanager
    def no_writes(self) -> Iterator[None]:
        """Let every write wait in Postgres until the block ends."""
        with psycopg.connect(self.database.owner_url) as conn:
            conn.execute("lock table opportunities in exclusive mode")
            yield

    def waiting(self) -> int:
        """Return how many statements wait."""
        query = "select count(*) from pg_stat_activity where wait_event_type = 'Lock'"
        return int(self.rows(query)[0][0])


@pytest.fixture(scope="session")
def place(tell: Callable[[str], None]) -> Iterator[Network]:
    with network() as place:
        tell(f"three hosts, nginx, Postgres and Valkey in {place.kind}")
        yield place


@pytest.fixture(scope="session")
def database(place: Network) -> Iterator[Database]:
    """Postgres; its folder must be open to the user that it runs as."""
    with TemporaryDirectory(prefix="futuretracker-") as folder:
        Path(folder).chmod(0o755)
        with postgres(place, Path(folder)) as running:
            yield running


@pytest.fixture
def start(
    place: Network,
    database: Database,
    issuer: Issuer,
    tell: Callable[[str], None],
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
                **{f"RATE_LIMIT_{name}": PLENTY for name in BUDGETS},
                **issuer.settings(),
                **changes,
            }
            running = stack.enter_context(hosts(place, tmp_path, settings))
            stack.enter_context(balancer(place, tmp_path, APPS))
            return Cluster(place, database, issuer, store, running, settings, tell)

        yield start
