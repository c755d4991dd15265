"""A column becomes searchable as CONTRIBUTING.md shows, and rows that exist are filled in steps."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from psycopg import errors as pg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from futuretracker.database.migrate import migrate, migrations
from tests.conftest import ROLE_NAME, numbers
from tests.support.servers import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

Connection = psycopg.Connection[Any]
NEW_FILE = re.compile(
    r"^--- /dev/null\n\+\+\+ b/futuretracker/database/migrations/(\S+)\n@@.*\n((?:\+.*\n)+)",
    re.MULTILINE,
)
# Every other row has a recruiter.
ROWS = """
    alter table opportunities add column recruiter text;
    insert into users (clerk_id) values ('user_searching');
    insert into opportunities (user_id, title, recruiter)
    select id, 'Row ' || n, case n % 2 when 0 then 'Süßwaren ' || n end
    from users, generate_series(1, 60) as n
"""
FOUND = "select count(*) from opportunities where strpos(search_text, searchable('SÜSSWAREN')) > 0"


def documented() -> list[tuple[str, str]]:
    """Return the name and the text of each migration in the section of CONTRIBUTING.md."""
    text = (ROOT / "CONTRIBUTING.md").read_text()
    section = text.partition("\n## Make a column searchable\n")[2].partition("\n## ")[0]
    return [(name, re.sub(r"(?m)^\+", "", lines)) for name, lines in NEW_FILE.findall(section)]


def number(conn: Connection, query: str) -> int:
    [(value,)] = conn.execute(query.encode()).fetchall()
    return int(value)


def triggers(conn: Connection, update: str) -> list[str]:
    """Return the triggers that an update calls."""
    [(plans,)] = conn.execute(f"explain (analyze, format json) {update}".encode()).fetchall()
    return [one["Trigger Name"] for one in plans[0]["Triggers"]]


@pytest.fixture
def conn(owner_url: str) -> Iterator[Connection]:
    """A connection of the owner of a new database with all migrations and some rows."""
    name = f"search_columns_{next(numbers)}"
    url = make_conninfo(owner_url, dbname=name)
    with psycopg.connect(owner_url, autocommit=True) as master:
        master.execute(sql.SQL("create database {}").format(sql.Identifier(name)))
        migrate(url)
        with psycopg.connect(url, autocommit=True) as conn:
            conn.execute(ROWS)
            yield conn
        master.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))


def test_a_column_becomes_searchable_as_documented(
    conn: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = [(name, text.replace("limit 5000", "limit 7")) for name, text in documented()]
    assert len(files) == 2
    assert sum("limit 7" in text for _, text in files) == 1
    known = [*migrations(), files[0]]
    monkeypatch.setattr("futuretracker.database.migrate.migrations", lambda: known)
    untouched = "select xmin, id from opportunities where recruiter is null order by id"
    before = conn.execute(untouched).fetchall()

    assert migrate(conn.info.dsn) == [files[0][0]]
    assert number(conn, FOUND) == 0
    conn.execute("update opportunities set recruiter = recruiter || '!' where title = 'Row 2'")
    assert number(conn, FOUND) == 1

    known.append(files[1])
    assert migrate(conn.info.dsn) == [files[1][0]]
    assert number(conn, FOUND) == 30
    transactions = (
        "select count(distinct xmin::text) from opportunities where recruiter is not null"
    )
    assert number(conn, transactions) == 1 + 5
    assert conn.execute(untouched).fetchall() == before
    conn.execute("update opportunities set recruiter = 'Süßwaren' where title = 'Row 1'")
    conn.execute("update opportunities set recruiter = 'Brot' where title = 'Row 2'")
    conn.execute("update opportunities set recruiter = null where title = 'Row 4'")
    assert number(conn, FOUND) == 29


def test_only_an_update_of_a_searched_column_calls_the_trigger(conn: Connection) -> None:
    other = "update opportunities set status = 'selected', recruiter = 'x'"
    assert "search_text" not in triggers(conn, other)
    for column in ("title", "description", "link", "notes"):
        update = f"update opportunities set {column} = 'https://example.com/x'"
        assert "search_text" in triggers(conn, update)
    conn.execute("select search_columns('title', 'recruiter')")
    assert "search_text" not in triggers(conn, "update opportunities set notes = 'x'")
    assert "search_text" in triggers(conn, "update opportunities set recruiter = 'y'")


def test_the_list_of_columns_is_only_for_the_owner_and_only_for_columns(conn: Connection) -> None:
    with pytest.raises(pg.UndefinedColumn):
        conn.execute("select search_columns('title', 'companies')")
    with (
        psycopg.connect(make_conninfo(conn.info.dsn, user=ROLE_NAME)) as role,
        pytest.raises(pg.InsufficientPrivilege),
    ):
        role.execute("select search_columns('title')")


def test_the_text_that_a_search_reads_is_not_compressed(conn: Connection) -> None:
    conn.execute("update opportunities set notes = repeat('word ', 1000) where title = 'Row 1'")
    stored = conn.execute(
        "select pg_column_compression(search_text), pg_column_compression(notes) is not null"
        " from opportunities where title = 'Row 1'"
    )

    assert stored.fetchall() == [(None, True)]
