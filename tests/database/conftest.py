"""A Postgres of its own for the tests of a module, and a connection of its owner."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from futuretracker.commands.local import embedded_postgres
from futuretracker.database.migrate import migrate
from tests.database.test_database import Postgres

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager


@pytest.fixture(scope="module")
def postgres(
    tmp_path_factory: pytest.TempPathFactory, pooled: Callable[[str], AbstractContextManager[str]]
) -> Iterator[Postgres]:
    """A Postgres whose settings the tests change."""
    server = Postgres(tmp_path_factory.mktemp("postgres") / "data")
    server.start()
    migrate(server.url)
    with pooled(embedded_postgres.as_service(server.url)) as url:
        server.service_url = url
        yield server
    server.stop()


@pytest.fixture
def master(postgres: Postgres) -> Iterator[psycopg.Connection[Any]]:
    """A connection of that Postgres' owner; it autocommits."""
    with psycopg.connect(postgres.url, autocommit=True) as conn:
        yield conn
