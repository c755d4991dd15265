"""``audit_log`` by month: the adoption of the table, and what keeps up its partitions."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from psycopg import errors as pg
from psycopg.conninfo import make_conninfo

from futuretracker.database import audit_partitions
from futuretracker.database import migrate as module
from futuretracker.database.audit_log import prune, start_of_month
from futuretracker.database.audit_partitions import (
    AHEAD,
    keep_up,
    patiently,
    select_coming_month,
    select_partitions,
)
from futuretracker.database.migrate import migrate, migrations
from tests.conftest import ROLE_NAME, numbers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Connection = psycopg.Connection[Any]
FILES = dict(migrations())
BEFORE, NAMES = "0029_", ("0029_", "0032_", "0033_")
# What the release before it sends, within a statement of its own.
INSERT = """
with set_user as (select set_config('app.user_id', '00000000-0000-4000-8000-000000000001', true))
insert into audit_log (user_id, actor, action, details, request_id, client)
select '00000000-0000-4000-8000-000000000001', 'user_x', 'X', '{"a": 1}', 'request', 'web'
from set_user
"""
OLD = """
insert into audit_log (at, user_id, actor, action, details, request_id)
select now() - n * interval '1 hour', gen_random_uuid(), 'user', 'X', '{"a": 1}', 'request'
from generate_series(%s, 1, -1) as n
"""
ENTRIES = "select id, at, user_id, actor, action, details, request_id, client from audit_log"
LATER = """
insert into audit_log (at, user_id, actor, action, request_id)
values (%s, gen_random_uuid(), 'user', 'X', 'request') returning tableoid::regclass::text
"""


@pytest.fixture
def database(owner_url: str) -> Iterator[str]:
    """The URL of an empty database, for its owner."""
    name = f"audit_partitions_{next(numbers)}"
    with psycopg.connect(owner_url, autocommit=True) as conn:
        conn.execute(f"create database {name}".encode())
        yield make_conninfo(owner_url, dbname=name)
        conn.execute(f"drop database {name} with (force)".encode())


@pytest.fixture
def before(database: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """The URL of a database of the release before it; the next ``migrate`` applies the rest."""
    files = [(file, text) for file, text in FILES.items() if file < BEFORE]
    monkeypatch.setattr(module, "migrations", lambda: files)
    migrate(database)
    new = [(file, text) for file, text in FILES.items() if file.startswith(NAMES)]
    monkeypatch.setattr(module, "migrations", lambda: files + new)
    return database


@pytest.fixture
def owner(database: str) -> Iterator[Connection]:
    """A connection of the owner to a database with every migration."""
    migrate(database)
    with psycopg.connect(database, autocommit=True) as conn:
        yield conn


@pytest.fixture(params=["bypasses", "restricted"])
def any_owner(
    request: pytest.FixtureRequest, owner_url: str, database: str
) -> Iterator[Connection]:
    """As ``owner``; also an owner that row level security restricts, as outside of Supabase."""
    name, role = database.partition("dbname=")[2].split()[0], f"restricted_{next(numbers)}"
    if request.param == "restricted":
        with psycopg.connect(database, autocommit=True) as conn:
            conn.execute(f"create role {role} login createrole createdb".encode())
            conn.execute(f"grant {ROLE_NAME} to {role} with admin true, inherit false".encode())
            conn.execute(f"alter database {name} owner to {role}".encode())
            conn.execute(f"alter schema public owner to {role}".encode())
        database = make_conninfo(database, user=role)
    migrate(database)
    with psycopg.connect(database, autocommit=True) as conn:
        yield conn
    if request.param == "restricted":
        with psycopg.connect(owner_url, autocommit=True) as conn:
            conn.execute(f"drop database {name} with (force)".encode())
            conn.execute(f"create database {name}".encode())  # which the other fixture drops
            conn.execute(f"drop role {role}".encode())


def rows(url: str, query: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(url, autocommit=True) as conn:
        return conn.execute(query.encode()).fetchall()


def names(conn: Connection) -> list[str]:
    return [partition.name for partition in select_partitions(conn)]


def month(conn: Connection, months: int) -> str:
    """Return the name of the partition of a coming month."""
    return f"audit_log_{select_coming_month(conn, months=months):%Y_%m}"


def writing(url: str, stop: threading.Event, written: list[int]) -> threading.Thread:
    """Insert entries as the release before it does, without a break and without a failure."""

    def write() -> None:
        with psycopg.connect(make_conninfo(url, user=ROLE_NAME), autocommit=True) as role:
            while not stop.is_set():
                written[0] += role.execute(INSERT.encode()).rowcount

    thread = threading.Thread(target=write)
    thread.start()
    return thread


def test_the_table_is_adopted_while_the_release_before_it_writes(before: str) -> None:
    with psycopg.connect(before, autocommit=True) as conn:
        conn.execute(OLD, [2000])
    kept = rows(before, f"{ENTRIES} order by id")
    file = "select pg_relation_filenode('{}')"
    [node] = rows(before, file.format("audit_log"))
    stop, written = threading.Event(), [0]
    thread = writing(before, stop, written)
    try:
        names = migrate(before)
        done = written[0]
        while thread.is_alive() and written[0] < done + 100:  # it writes through the new table
            stop.wait(0.01)
    finally:
        stop.set()
        thread.join()

    assert [name[:5] for name in names] == list(NAMES)
    assert rows(before, f"{ENTRIES} where id <= 2000 order by id") == kept
    assert rows(before, file.format("audit_log_first")) == [node]  # it was not written again
    assert written[0] >= done + 100
    found = rows(before, "select count(*), count(distinct id), min(id) from audit_log")
    assert found == [(2000 + written[0], 2000 + written[0], 1)]


def test_the_table_is_not_read_while_nobody_can_write(before: str) -> None:
    """The constraint that was checked before proves that the entries belong to the partition."""
    migrate(before)
    text = FILES["0033_audit_partitions.sql"]

    assert "lock_timeout = '300ms'" in text.partition("lock table")[0]
    bound = "substring(pg_get_expr(relpartbound, oid) from $$\\('(.+)'\\)$$)"
    query = f"select {bound} from pg_class where relname = 'audit_log_first'"
    [(ends,)] = rows(before, query)
    told: list[str] = []
    with psycopg.connect(before) as conn, conn.transaction(force_rollback=True):
        conn.add_notice_handler(lambda notice: told.append(notice.message_primary or ""))
        conn.execute("set local client_min_messages = debug1")
        conn.execute("alter table audit_log detach partition audit_log_first")
        check = f"alter table audit_log_first add check (at < '{ends}')"
        conn.execute(check.encode())
        told.clear()
        attach, _, _ = text.partition("attach partition")[2].partition("'")
        assert attach.strip() == "audit_log_first"
        conn.execute(
            "alter table audit_log attach partition audit_log_first for values"
            f" from (minvalue) to ('{ends}')".encode()
        )
    assert any("audit_log_first" in line and "implied" in line for line in told)


def test_rights_and_policies_of_an_operator_are_kept(before: str) -> None:
    reader = f"reader_{next(numbers)}"
    with psycopg.connect(before, autocommit=True) as conn:
        conn.execute(f"create role {reader}".encode())
        conn.execute(f"grant select on audit_log to {reader}".encode())
        conn.execute(
            f"create policy mine on audit_log for select to {reader} using (id > 1)".encode()
        )
        conn.execute(OLD, [3])
        migrate(before)
        with conn.transaction(force_rollback=True):
            conn.execute(f"set local role {reader}".encode())
            assert conn.execute("select id from audit_log order by id").fetchall() == [(2,), (3,)]
            with pytest.raises(pg.InsufficientPrivilege), conn.transaction():
                conn.execute("select id from audit_log_first")
        conn.execute(f"drop owned by {reader}; drop role {reader}".encode())


def test_every_coming_month_has_a_partition_that_only_the_owner_reaches(owner: Connection) -> None:
    coming = [month(owner, n) for n in range(2, AHEAD + 1)]
    tables = ["audit_log", "audit_log_first", *coming, "audit_log_default"]

    assert names(owner) == tables[1:]
    found = owner.execute(
        "select relname, relrowsecurity, relforcerowsecurity from pg_class"
        " where relname = any(%s) order by 1",
        [tables],
    )
    assert found.fetchall() == [(name, True, True) for name in sorted(tables)]
    with owner.transaction(force_rollback=True):
        owner.execute(f"set local role {ROLE_NAME}".encode())
        for table in tables[1:]:
            for what in ("select from {}", "delete from {}", "insert into {} default values"):
                with pytest.raises(pg.InsufficientPrivilege), owner.transaction():
                    owner.execute(what.format(table).encode())


def test_a_month_later_one_partition_is_added(
    owner: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert keep_up(owner) == 0
    monkeypatch.setattr(audit_partitions, "AHEAD", AHEAD + 1)

    assert keep_up(owner) == 1
    assert names(owner)[-2:] == [month(owner, AHEAD + 1), "audit_log_default"]
    assert keep_up(owner) == 0


def test_an_entry_without_a_partition_is_kept_and_its_month_stays_there(
    any_owner: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    late = select_coming_month(any_owner, months=AHEAD + 2)
    assert any_owner.execute(LATER, [late]).fetchone() == ("audit_log_default",)
    monkeypatch.setattr(audit_partitions, "AHEAD", AHEAD + 3)

    assert keep_up(any_owner) == 2
    assert names(any_owner)[-3:] == [
        month(any_owner, AHEAD + 1), month(any_owner, AHEAD + 3), "audit_log_default",
    ]  # fmt: skip
    assert any_owner.execute("select count(*) from audit_log where at = %s", [late]).fetchone() == (
        1,
    )


def test_months_that_are_too_old_are_dropped_and_counted(owner: Connection) -> None:
    owner.execute(OLD, [10])
    for months in (2, 2, 3):
        owner.execute(LATER, [select_coming_month(owner, months=months)])
    gone = names(owner)[:2]

    assert prune(owner, before=start_of_month(owner, months_ago=-3)) == 12
    assert owner.execute("select count(*) from audit_log").fetchone() == (1,)
    assert not set(gone) & set(names(owner))
    assert owner.execute(LATER, ["2001-01-01"]).fetchone() == ("audit_log_default",)
    # An older entry that is deleted, and not dropped, is counted once.
    assert prune(owner, before=start_of_month(owner, months_ago=-4)) == 2


def test_a_session_in_the_way_is_waited_for_only_briefly(
    owner: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit_partitions, "PATIENCE", 0)
    with psycopg.connect(owner.info.dsn) as writer:
        writer.execute(OLD, [1])
        with pytest.raises(pg.LockNotAvailable):
            prune(owner, before=start_of_month(owner, months_ago=-3))
        assert "audit_log_first" in names(owner)
        # A new partition waits for no write.
        monkeypatch.setattr(audit_partitions, "AHEAD", AHEAD + 1)
        assert keep_up(owner) == 1


def test_a_lock_that_is_free_again_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit_partitions, "PAUSE", 0)
    answers: Iterator[Callable[[], int]] = iter([_no_lock, lambda: 7])

    assert patiently(lambda: next(answers)() + 0) == 7


def _no_lock() -> int:
    raise pg.LockNotAvailable


@pytest.mark.parametrize("small", [0, audit_partitions.SMALL], ids=["large", "small"])
@pytest.mark.parametrize("interrupted", [False, True])
def test_the_adopted_table_gets_the_index_of_the_histories(
    owner: Connection, monkeypatch: pytest.MonkeyPatch, *, small: int, interrupted: bool
) -> None:
    index = "audit_log_first_history"
    monkeypatch.setattr(audit_partitions, "SMALL", small)
    owner.execute(OLD, [10])
    if interrupted:
        owner.execute(
            "update pg_index set indisvalid = false where indexrelid = to_regclass(%s)", [index]
        )
    else:
        owner.execute(f"drop index {index}".encode())
    assert [partition.has_history for partition in select_partitions(owner)].count(False) == 1
    keep_up(owner)

    assert all(partition.has_history for partition in select_partitions(owner))
    assert owner.execute("show statement_timeout").fetchone() == ("0",)
    assert owner.execute("show lock_timeout").fetchone() == ("0",)
