"""``migrate`` as a process: what it says, and what it never says."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from futuretracker.database.migrate import REPEAT, migrate, migrations
from tests.commands import on_a_terminal, refused, run
from tests.conftest import ROLE_NAME
from tests.support import servers

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

UP_TO_DATE = (0, "up to date\n", "")


@pytest.fixture
def database(owner_url: str) -> Iterator[str]:
    """An empty database; the URL is its owner's."""
    with psycopg.connect(owner_url, autocommit=True) as conn:
        conn.execute("create database command_migrate")
        yield make_conninfo(owner_url, dbname="command_migrate")
        conn.execute("drop database command_migrate with (force)")


def test_it_says_what_it_applied_and_then_that_the_database_is_up_to_date(
    database: str, tmp_path: Path
) -> None:
    first = run(tmp_path, "migrate", MIGRATION_DATABASE_URL=database)
    # The setting may stand in .env as well.
    (tmp_path / ".env").write_text(f"MIGRATION_DATABASE_URL='{database}'\n")
    second = run(tmp_path, "migrate")

    applied = "".join(f"applied {name}\n" for name, _ in migrations())
    assert (first.returncode, first.stdout, first.stderr) == (0, applied, "")
    assert (second.returncode, second.stdout, second.stderr) == UP_TO_DATE


def test_the_plan_lists_what_is_missing_and_changes_nothing(database: str, tmp_path: Path) -> None:
    pending = "".join(f"pending {name}\n" for name, _ in migrations())
    for _ in range(2):
        planned = run(tmp_path, "migrate", "--plan", MIGRATION_DATABASE_URL=database)
        assert (planned.returncode, planned.stdout, planned.stderr) == (0, pending, "")
    run(tmp_path, "migrate", MIGRATION_DATABASE_URL=database)
    planned = run(tmp_path, "migrate", "--plan", MIGRATION_DATABASE_URL=database)
    assert (planned.returncode, planned.stdout, planned.stderr) == UP_TO_DATE


def test_json_is_one_object(database: str, tmp_path: Path) -> None:
    names = [name for name, _ in migrations()]
    settings = {"MIGRATION_DATABASE_URL": database}
    results = [
        json.loads(run(tmp_path, "migrate", *arguments, "--json", **settings).stdout)
        for arguments in (["--plan"], [], [], ["--plan"])
    ]

    assert results == [
        {"pending": names, "outages": []},
        {"applied": names},
        {"applied": []},
        {"pending": [], "outages": []},
    ]


def test_a_terminal_shows_the_file_that_runs(database: str, tmp_path: Path) -> None:
    shown = on_a_terminal(tmp_path, "migrate", settings={"MIGRATION_DATABASE_URL": database})

    applied = [name for name, _ in migrations()]
    assert all(shown.index(name) < shown.index(f"applied {name}") for name in applied)
    assert shown.endswith("".join(f"applied {name}\n" for name in applied))


def test_progress_counts_the_rows_that_a_repeated_file_changes(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = """
        create table filled as
        select n as id, null::int as value from generate_series(1, 10) as n
        """
    fill = """
        update filled set value = 1
        where id in (select id from filled where value is null limit 4)
        """
    files = [("0001_table.sql", table), ("0002_fill.sql", f"{REPEAT}{fill}")]
    monkeypatch.setattr("futuretracker.database.migrate.migrations", lambda: files)
    told: list[object] = []

    class Recorder:
        def begin(self, what: str, unit: str = "steps", total: int | None = None) -> None:
            told.append((what, unit, total))

        def advance(self, amount: int) -> None:
            told.append(amount)

    migrate(database, progress=Recorder())

    assert told == [
        ("0001_table.sql", "rows", None), ("0002_fill.sql", "rows", None), 4, 4, 2,
    ]  # fmt: skip


def test_a_session_in_the_way_is_named_and_then_one_sentence(database: str, tmp_path: Path) -> None:
    with psycopg.connect(database, autocommit=True) as conn:
        conn.execute("create table users (id uuid primary key, clerk_id text not null unique)")
    with psycopg.connect(database, application_name="psql") as conn:
        conn.execute("select from users")
        settings = {"MIGRATION_DATABASE_URL": database}
        blocked = run(tmp_path, "migrate", "--wait", "8", **settings)

    name = "0001_users_and_opportunities.sql"
    assert (blocked.returncode, blocked.stdout) == (1, "")
    first, last = blocked.stderr.splitlines()
    assert first.startswith(f"{name} needs a lock, and process ")
    assert first.endswith(" s) is in the way. Trying again in 5 seconds.")
    assert re.fullmatch(
        rf"{name} needs a lock, and process (\d+) \(psql, role postgres,"
        r" in a transaction for \d+ s\) is in the way\. Wait until it has finished, or end it with"
        r" 'select pg_terminate_backend\(\1\)'\. Then run 'migrate' again\.",
        last,
    )


def test_beside_a_backup_there_is_nothing_to_wait_for(database: str, tmp_path: Path) -> None:
    """Each restart runs this, and a backup takes minutes."""
    settings = {"MIGRATION_DATABASE_URL": database}
    run(tmp_path, "migrate", **settings)
    with psycopg.connect(database, application_name="pg_dump") as backup:
        tables = "select tablename from pg_tables where schemaname = 'public'"
        for (name,) in backup.execute(tables).fetchall():
            backup.execute(f"lock table {name} in access share mode".encode())
        beside = run(tmp_path, "migrate", "--wait", "0", **settings)
        assert backup.info.transaction_status.name == "INTRANS"

    assert (beside.returncode, beside.stdout, beside.stderr) == UP_TO_DATE


def test_a_role_that_may_not_migrate_is_one_sentence(database: str, tmp_path: Path) -> None:
    url = make_conninfo(database, user=ROLE_NAME)

    refused(
        run(tmp_path, "migrate", MIGRATION_DATABASE_URL=url),
        "The migration was rolled back: permission denied for schema public",
    )


def test_without_the_setting_it_is_named_and_the_services_own_is_not_used(
    service_url: str, tmp_path: Path
) -> None:
    refused(
        run(tmp_path, "migrate", DATABASE_URL=service_url),
        "The settings are not usable:\n"
        "  - MIGRATION_DATABASE_URL: missing; set it to the Postgres URL of the tables' owner",
    )


def test_an_unreachable_database_is_one_sentence_without_the_password(tmp_path: Path) -> None:
    port = servers.free_port()
    url = f"postgresql://postgres:hunter22@127.0.0.1:{port}/postgres"

    refused(
        run(tmp_path, "migrate", MIGRATION_DATABASE_URL=url),
        "The database behind MIGRATION_DATABASE_URL does not respond: connection failed:"
        f' connection to server at "127.0.0.1", port {port} failed: Connection refused',
    )


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://postgres:hunter%zz22@127.0.0.1/postgres",
        "postgresql://postgres:hunter22@127.0.0.1/postgres?hunter22=1",
        "hunter22",
    ],
)
def test_a_malformed_url_is_named_without_the_password(tmp_path: Path, url: str) -> None:
    refused(
        run(tmp_path, "migrate", MIGRATION_DATABASE_URL=url),
        "The settings are not usable:\n  - MIGRATION_DATABASE_URL: is not a valid Postgres URL,"
        " such as postgresql://user:password@host:5432/database (percent-encode special characters"
        " in the password)",
    )
