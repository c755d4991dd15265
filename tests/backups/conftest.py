"""A database with something in it, and a folder for its backups."""

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
    """A database with rows in every table, which no test changes; the URL is its owner's."""
    with database(owner_url) as url:
        migrate(url)
        fill(url)
        yield url


@pytest.fixture(scope="session")
def large(owner_url: str) -> Iterator[str]:
    """A database whose dump takes a moment."""
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
    """An empty folder for backups of the database."""
    with site(source) as made:
        yield made


@pytest.fixture(scope="session")
def kept(source: str) -> Iterator[Site]:
    """A folder with one backup, which no test changes."""
    with site(source) as made:
        made.back_up()
        yield made


@pytest.fixture
def target(owner_url: str) -> Iterator[str]:
    """An empty database to restore into; the URL is its owner's."""
    with database(owner_url) as url:
        yield url
