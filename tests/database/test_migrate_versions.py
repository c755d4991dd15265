"""Migration 0025: versions of opportunities, beside the previous release and many rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from futuretracker.database.migrate import migrate, migrations
from futuretracker.database.queries.users import upsert_user
from tests.conftest import ROLE_NAME
from tests.database.test_migrate import database, rows  # noqa: F401 - a fixture

if TYPE_CHECKING:
    from collections.abc import Callable

FILE = "0025_opportunity_versions.sql"
# What the previous release writes; it does not know the column.
INSERT = "insert into opportunities (user_id, title) select id, 'Row' from users"
UPDATE = "update opportunities set notes = 'x'"


@pytest.fixture
def upto(database: str, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], list[str]]:  # noqa: F811
    """Apply the migrations before or up to a file."""
    files = migrations()

    def apply(last: str) -> list[str]:
        some = [file for file in files if file[0] <= last]
        monkeypatch.setattr("futuretracker.database.migrate.migrations", lambda: some)
        return migrate(database)

    return apply


@pytest.fixture
def service(database: str, upto: Callable[[str], list[str]]) -> psycopg.Connection[Any]:  # noqa: F811
    """A connection of the service's role to a database from before, with one user."""
    upto("0024~")
    conn = psycopg.connect(make_conninfo(database, user=ROLE_NAME), autocommit=True)
    user = upsert_user(conn, clerk_id="user_old", email=None)
    conn.execute("select set_config('app.clerk_id', 'user_old', false)")
    conn.execute("select set_config('app.user_id', %s, false)", [str(user)])
    return conn


def versions(url: str) -> list[int | None]:
    return [version for (version,) in rows(url, "select version from opportunities order by id")]


def test_it_writes_no_row(
    service: psycopg.Connection[Any],
    database: str,  # noqa: F811
    upto: Callable[[str], list[str]],
) -> None:
    with service:
        for _ in range(3):
            service.execute(INSERT)
    stored = "select pg_relation_filenode('opportunities'), array_agg(ctid::text order by id)"
    before = rows(database, f"{stored} from opportunities")

    assert upto(FILE) == [FILE]
    assert rows(database, f"{stored} from opportunities") == before
    assert versions(database) == [None] * 3


def test_the_previous_release_gives_each_row_that_it_writes_a_version(
    service: psycopg.Connection[Any],
    database: str,  # noqa: F811
    upto: Callable[[str], list[str]],
) -> None:
    with service:
        service.execute(INSERT)
        upto(FILE)
        service.execute(INSERT)
        assert sorted(version or 0 for version in versions(database)) == [0, 1]
        service.execute(UPDATE)
        service.execute(UPDATE)

    assert sorted(versions(database)) == [4, 5]
