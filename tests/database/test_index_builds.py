"""Indexes are built while other sessions write, and one that was left unfinished is built again."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo

from futuretracker.database import migrate as module
from futuretracker.database.index_builds import BUILD, build_indexes
from futuretracker.database.migrate import MigrationBlocked, migrate, migrations
from tests.conftest import numbers
from tests.database.test_migrate_locks import holding
from tests.support.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator

Connection = psycopg.Connection[Any]
NAME = "9999_index.sql"
FILE = f"""{BUILD}create index concurrently users_by_name on users (full_name)
    where full_name is not null;
create index concurrently users_by_email on users (email);
"""
INDEXES = """
select indexrelid::regclass::text, indisvalid from pg_index
where indrelid = 'users'::regclass and indexrelid::regclass::text like 'users_by_%' order by 1
"""
BOTH = [("users_by_email", True), ("users_by_name", True)]
APPLIED = "select count(*) from futuretracker_migrations where name = '9999_index.sql'"


@pytest.fixture
def database(owner_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A database in which only FILE is missing; the URL is its owner's."""
    name = f"index_builds_{next(numbers)}"
    url = make_conninfo(owner_url, dbname=name)
    with psycopg.connect(owner_url, autocommit=True) as conn:
        conn.execute(sql.SQL("create database {}").format(sql.Identifier(name)))
        migrate(url)
        files = [*migrations(), (NAME, FILE)]
        monkeypatch.setattr(module, "migrations", lambda: files)
        monkeypatch.setattr(module, "PAUSE", 0.1)
        yield url
        conn.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))


@pytest.fixture
def conn(database: str) -> Iterator[Connection]:
    with psycopg.connect(database, autocommit=True) as conn:
        yield conn


def test_each_index_is_built_once(database: str, conn: Connection) -> None:
    assert migrate(database) == [NAME]
    assert conn.execute(INDEXES).fetchall() == BOTH
    files = "select pg_relation_filenode('users_by_name')"
    before = conn.execute(files).fetchall()
    conn.execute("delete from futuretracker_migrations where name = '9999_index.sql'")

    assert migrate(database) == [NAME]
    assert conn.execute(files).fetchall() == before


def test_an_index_that_was_left_unfinished_is_built_again(database: str, conn: Connection) -> None:
    migrate(database)
    conn.execute("delete from futuretracker_migrations where name = '9999_index.sql'")
    conn.execute(
        "update pg_index set indisvalid = false where indexrelid = 'users_by_name'::regclass"
    )

    assert migrate(database) == [NAME]
    assert conn.execute(INDEXES).fetchall() == BOTH


def test_others_write_while_it_waits_for_a_long_transaction(
    database: str, conn: Connection
) -> None:
    told: list[str] = []
    with ThreadPoolExecutor(1) as pool:
        with holding(database):
            migrating = pool.submit(migrate, database, tell=told.append)
            wait_for(lambda: len(told) >= 1)
            conn.execute("set lock_timeout = '300ms'")
            for n in range(20):
                conn.execute("insert into users (clerk_id) values (%s)", [f"user_{n}"])
            assert not migrating.done()
        assert migrating.result(120) == [NAME]

    assert told[0].startswith("9999_index.sql needs a lock, and ")
    assert conn.execute(INDEXES).fetchall() == BOTH


def test_of_several_at_once_one_builds_and_the_others_wait(database: str, conn: Connection) -> None:
    with ThreadPoolExecutor(4) as pool:
        applied = [*pool.map(migrate, [database] * 4)]

    assert sorted(applied) == [[], [], [], [NAME]]
    assert conn.execute(INDEXES).fetchall() == BOTH


def test_a_build_that_cannot_end_is_not_marked_as_applied(database: str, conn: Connection) -> None:
    with holding(database), pytest.raises(MigrationBlocked):
        migrate(database, patience=0)

    assert conn.execute(APPLIED).fetchall() == [(0,)]
    assert migrate(database) == [NAME]


@pytest.mark.parametrize(
    "statement", ["drop table users;", "create index a on users (email);", "x"]
)
def test_another_statement_is_refused(database: str, conn: Connection, statement: str) -> None:
    with pytest.raises(ValueError, match="not a statement that builds an index"):
        build_indexes(conn, database, BUILD + statement)
