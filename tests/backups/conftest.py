"""Fixtures: a database with rows, and backup directories."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
import pytest

from futuretracker.database.migrate import migrate
from tests.backups import Site, database, fill, site

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def source(owner_url: str) -> Iterator[str]:
    """Yield the owner's URL of a database with rows in every table, which no test changes."""
    with database(owner_url) as url:
        migrate(url)
        fill(url)
        yield url


@pytest.fixture(scope="session")
def large(owner_url: str) -> Iterator[str]:
    """Yield the owner's URL of a database that is large enough to interrupt its dump."""
    with database(owner_url) as url:
        migrate(url)
        with psycopg.connect(url, autocommit=True) as conn:
            conn.execute(
                """
                insert into users (clerk_id) values ('user_a');
                insert into opportunities (user_id, title, notes)
                select id, md5(n::text), repeat(md5((n + 0.5)::text), 8)
                from users, generate_series(1, 60000) as n;
                """
            )
        yield url


@pytest.fixture
def place(source: str) -> Iterator[Site]:
    """An empty backup directory."""
    with site(source) as made:
        yield made


@pytest.fixture(scope="session")
def kept(source: str) -> Iterator[Site]:
    """A directory with one backup, which no test changes."""
    with site(source) as made:
        made.back_up()
        yield made


@pytest.fixture
def target(owner_url: str) -> Iterator[str]:
    """Yield the owner's URL of an empty database to restore into."""
    with database(owner_url) as url:
        yield url
