"""``migrate`` as a process: what it says, and what it never says."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from futuretracker.database.migrate import migrations
from tests.commands import refused, run
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
