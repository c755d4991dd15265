"""Migrations beside other sessions: a backup, a long transaction, another ``migrate``."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo

from futuretracker.database import migrate as module
from futuretracker.database.lock_holders import Session
from futuretracker.database.migrate import MigrationBlocked, migrate, migrations, plan
from tests.conftest import numbers
from tests.database.test_migrate import EXISTING, rows
from tests.support.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator

Connection = psycopg.Connection[Any]
PENDING = ("9999_pending.sql", "alter table opportunities add column pending text")
TABLES = "select tablename from pg_tables where schemaname = 'public'"
HELD = "select distinct mode from pg_locks where pid = pg_backend_pid() and relation is not null"
MARK = "select count(*) from pg_attribute where attname = 'pending'"


@pytest.fixture
def database(owner_url: str) -> Iterator[str]:
    """A database with every migration; the URL is its owner's."""
    name = f"migrate_locks_{next(numbers)}"
    with psycopg.connect(owner_url, autocommit=True) as conn:
        conn.execute(sql.SQL("create database {}").format(sql.Identifier(name)))
        url = make_conninfo(owner_url, dbname=name)
        migrate(url)
        yield url
        conn.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))


@contextmanager
def holding(url: str, mode: str = "access share") -> Iterator[Connection]:
    """Keep a transaction open that has locked every table, as pg_dump does."""
    with psycopg.connect(url, application_name="pg_dump") as conn:
        conn.execute("set transaction isolation level repeatable read")
        for (name,) in conn.execute(TABLES).fetchall():
            conn.execute(sql.SQL("lock table {} in " + mode + " mode").format(sql.Identifier(name)))
        yield conn


def add(monkeypatch: pytest.MonkeyPatch, name: str, statement: str) -> None:
    """Add a migration to those of the code, and shorten the pause between two tries."""
    files = [*migrations(), (name, statement)]
    monkeypatch.setattr(module, "migrations", lambda: files)
    monkeypatch.setattr(module, "PAUSE", 0.1)


@pytest.mark.parametrize("mode", ["access share", "share update exclusive", "row exclusive"])
def test_with_nothing_to_do_it_waits_for_no_session(database: str, mode: str) -> None:
    with holding(database, mode):
        assert migrate(database, patience=0) == []


def test_with_nothing_to_do_it_takes_no_lock_but_that_of_a_reader(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []
    pending = module.pending

    def looked_at(conn: Connection) -> list[tuple[str, str]]:
        with conn.transaction():
            found = pending(conn)
            seen.extend(mode for (mode,) in conn.execute(HELD))
            assert conn.execute("select pg_current_xact_id_if_assigned()").fetchone() == (None,)
        return found

    monkeypatch.setattr(module, "pending", looked_at)

    assert migrate(database) == []
    assert seen == ["AccessShareLock"]


def test_it_names_the_session_in_the_way_and_goes_on_when_it_has_finished(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(monkeypatch, *PENDING)
    told: list[str] = []
    with ThreadPoolExecutor(1) as pool:
        with holding(database) as backup:
            pid = backup.info.backend_pid
            migrating = pool.submit(migrate, database, tell=told.append)
            wait_for(lambda: len(told) >= 2)
            assert not migrating.done()
        assert migrating.result(120) == [PENDING[0]]

    for sentence in told:
        if "another session" in sentence:  # a busy machine did not let it ask in time
            continue
        assert sentence.startswith(
            f"9999_pending.sql needs a lock, and process {pid} (pg_dump, role postgres,"
            " in a transaction for "
        )
        assert sentence.endswith(" s) is in the way. Trying again in 0 seconds.")


def test_a_statement_waits_for_a_try_and_not_for_the_session_in_the_way(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An ALTER TABLE that waits for its lock delays everything that comes after it."""
    add(monkeypatch, *PENDING)
    told: list[str] = []
    with ThreadPoolExecutor(1) as pool, psycopg.connect(database, autocommit=True) as reader:
        with holding(database):
            migrating = pool.submit(migrate, database, tell=told.append)
            wait_for(lambda: len(told) >= 1)
            for _ in range(3):
                reader.execute("select count(*) from opportunities")
            assert not migrating.done()
        migrating.result(120)


def test_after_its_patience_it_says_who_was_in_the_way_and_has_changed_nothing(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(monkeypatch, *PENDING)
    with holding(database) as backup:
        pid = backup.info.backend_pid
        with pytest.raises(MigrationBlocked) as blocked:
            migrate(database, patience=0)

    assert f"process {pid} (pg_dump, role postgres" in str(blocked.value)
    assert str(blocked.value).endswith(
        " is in the way. Wait until it has finished, or end it with"
        f" 'select pg_terminate_backend({pid})'. Then run 'migrate' again."
    )
    assert rows(database, MARK) == [(0,)]
    assert plan(database) == ([PENDING[0]], [])


@pytest.mark.parametrize(
    ("session", "text"),
    [
        (
            Session(7, "pg_dump", "backup", 3),
            "process 7 (pg_dump, role backup, in a transaction for 3 s)",
        ),
        (Session(7, "autovacuum worker", "", None), "process 7 (autovacuum worker)"),
        (Session(0, "", "", None), "a prepared transaction (see pg_prepared_xacts)"),
    ],
)
def test_a_session_is_described_by_what_postgres_tells_about_it(
    session: Session, text: str
) -> None:
    assert str(session) == text


def test_the_timeouts_of_the_role_do_not_end_a_migration(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(monkeypatch, "9999_slow.sql", "select pg_sleep(4)")
    # Long enough for a statement on a busy machine.
    impatient = make_conninfo(
        database, options="-c statement_timeout=3000 -c idle_in_transaction_session_timeout=3000"
    )

    assert migrate(impatient) == ["9999_slow.sql"]


def test_of_two_at_once_one_applies_and_the_other_waits_for_it(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also if that takes longer than the lock timeout."""
    add(monkeypatch, "9999_slow.sql", f"{PENDING[1]}; select pg_sleep(4)")
    told: list[str] = []
    with ThreadPoolExecutor(2) as pool:
        both = [pool.submit(migrate, database, tell=told.append) for _ in range(2)]
        applied = sorted(one.result(120) for one in both)

    assert applied == [[], ["9999_slow.sql"]]
    assert "(futuretracker migrate, role postgres, in a transaction for " in "".join(told)


def test_it_says_beforehand_for_how_long_a_large_table_will_be_unavailable(
    owner: Connection,
) -> None:
    owner.execute("create database migrate_large")
    url = make_conninfo(owner.info.dsn, dbname="migrate_large")
    told: list[str] = []
    try:
        with psycopg.connect(url, autocommit=True) as conn:
            conn.execute(EXISTING)
            conn.execute(
                "insert into opportunities (user_id, title) select id, 'Row ' || n"
                " from users, generate_series(1, 1000) as n"
            )
            conn.execute("analyze opportunities")
        names, outages = plan(url)
        assert rows(url, "select to_regclass('futuretracker_migrations')") == [(None,)]
        assert migrate(url, tell=told.append) == names == [name for name, _ in migrations()]
    finally:
        owner.execute("drop database migrate_large with (force)")

    assert told == outages
    (sentence,) = told
    assert sentence == (
        "0004_version_1.sql rewrites 'opportunities', which has about 20,600 rows: no other session"
        " can read or write it for about 2 seconds."
    )


def test_an_empty_database_has_no_outage(owner: Connection) -> None:
    owner.execute("create database migrate_empty")
    try:
        _, outages = plan(make_conninfo(owner.info.dsn, dbname="migrate_empty"))
    finally:
        owner.execute("drop database migrate_empty with (force)")

    assert outages == []
