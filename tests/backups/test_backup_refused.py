"""Backups that do not start: each prints one message and changes no file."""

from __future__ import annotations

import fcntl
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from futuretracker.commands.local import embedded_postgres
from futuretracker.database.migrate import migrate
from tests.backups import OLDER, Site, database
from tests.support import servers

if TYPE_CHECKING:
    from collections.abc import Iterator

UNUSABLE = "The settings are not usable:\n  - "


@pytest.fixture(scope="module")
def guarded() -> Iterator[str]:
    """A database that requires the password hunter22; the URL does not contain it."""
    with TemporaryDirectory(prefix="futuretracker-") as name:
        data = Path(name, "data")
        Path(name).chmod(0o755)
        with embedded_postgres.postgres(data) as url:
            migrate(url)
            with psycopg.connect(url, autocommit=True) as conn:
                conn.execute("create role guarded login superuser password 'hunter22'")
                rules = data / "pg_hba.conf"
                rules.write_text(f"local all guarded scram-sha-256\n{rules.read_text()}")
                conn.execute("select pg_reload_conf()")
            yield make_conninfo(url, user="guarded")


def test_a_wrong_password_is_reported_without_the_password(kept: Site, guarded: str) -> None:
    socket = f"{psycopg.conninfo.conninfo_to_dict(guarded)['host']}/.s.PGSQL.5432"
    kept.fails(
        "The database behind BACKUP_DATABASE_URL does not respond: connection failed:"
        f' connection to server on socket "{socket}" failed: FATAL:  password authentication'
        ' failed for user "guarded"',
        "backup",
        BACKUP_DATABASE_URL=make_conninfo(guarded, password="hunter33"),
    )


def test_postgresql_programs_receive_the_password(place: Site, guarded: str) -> None:
    url = make_conninfo(guarded, password="hunter22")

    assert place.log("backup", BACKUP_DATABASE_URL=url)["rows"]["users"] == 0


def test_an_unreachable_database_is_reported_without_the_password(kept: Site) -> None:
    port = servers.free_port()
    kept.fails(
        "The database behind MIGRATION_DATABASE_URL does not respond: connection failed:"
        f' connection to server at "127.0.0.1", port {port} failed: Connection refused',
        "backup",
        BACKUP_DATABASE_URL="",
        MIGRATION_DATABASE_URL=f"postgresql://postgres:hunter22@127.0.0.1:{port}/postgres",
    )


def test_a_role_under_row_level_security_is_refused(kept: Site, source: str) -> None:
    kept.fails(
        "BACKUP_DATABASE_URL connects as 'futuretracker_api', and row level security hides"
        " rows from this role: use a role with BYPASSRLS, such as Supabase's postgres.",
        "backup",
        BACKUP_DATABASE_URL=embedded_postgres.as_service(source),
    )


def test_a_database_of_another_service_is_refused(kept: Site, owner_url: str) -> None:
    with database(owner_url) as url:
        kept.fails(
            "The database behind BACKUP_DATABASE_URL has no table futuretracker_migrations: it"
            " belongs to another service, or its migrations have never run.",
            "backup",
            BACKUP_DATABASE_URL=url,
        )


def test_programs_older_than_the_server_are_refused(kept: Site) -> None:
    kept.fails(
        "pg_dump has version 16, but the server has version 18: install version 18 or newer, or set"
        " POSTGRES_BIN to its folder.",
        "backup",
        POSTGRES_BIN=str(OLDER),
    )


def test_a_folder_without_the_programs_is_reported(kept: Site) -> None:
    kept.fails(
        "There is no pg_dump in POSTGRES_BIN (/etc): install PostgreSQL's programs (Debian:"
        " postgresql-client, and postgresql for the drill), or set POSTGRES_BIN.",
        "backup",
        POSTGRES_BIN="/etc",
    )


def test_a_missing_directory_is_reported(kept: Site) -> None:
    kept.fails(
        "BACKUP_DIRECTORY (/nonexistent) cannot be used: No such file or directory.",
        "backup",
        BACKUP_DIRECTORY="/nonexistent",
    )


@pytest.mark.parametrize("mode", [0o755, 0o703, 0o770])
def test_a_directory_open_to_other_users_is_refused(place: Site, mode: int) -> None:
    place.directory.chmod(mode)

    place.fails(
        f"BACKUP_DIRECTORY ({place.directory}) is open to other users: change its mode to 0711 or"
        " 0700.",
        "backup",
    )


@pytest.mark.parametrize("mode", [0o700, 0o711, 0o750])
def test_a_directory_that_others_can_only_enter_is_accepted(place: Site, mode: int) -> None:
    place.directory.chmod(mode)

    place.back_up()


def test_a_second_backup_at_the_same_time_is_refused(kept: Site) -> None:
    with (kept.directory / ".backup.lock").open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)

        kept.fails(f"Another backup is running in {kept.directory}.", "backup")


@pytest.mark.parametrize(
    ("setting", "value", "problem"),
    [
        (
            "BACKUP_DATABASE_URL",
            "postgresql://postgres.x:hunter22@aws-0-eu.pooler.supabase.com:6543/postgres",
            "port 6543 is a pooler in transaction mode, which cannot hold a snapshot; use the",
        ),
        (
            "BACKUP_DATABASE_URL",
            "postgresql://postgres:hunter22@db.x.supabase.co/postgres?sslmode=require",
            "a host that is not local needs sslmode=verify-full",
        ),
        ("BACKUP_DATABASE_URL", "hunter22", "is not a valid Postgres URL"),
        (
            "BACKUP_AGE_RECIPIENT",
            "AGE-SECRET-KEY-1HUNTER22",
            "must be an age public key (age1...), or a comma-separated list of them",
        ),
        ("BACKUP_KEEP_DAILY", "0", "must be a whole number from 1 to 1000"),
    ],
)
def test_an_invalid_setting_is_named_without_its_value(
    kept: Site, setting: str, value: str, problem: str
) -> None:
    done = kept.run("backup", **{setting: value})

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"{UNUSABLE}{setting}: {problem}")
    assert len(done.stderr.splitlines()) == 2
    assert "hunter22" not in done.stderr.lower()


def test_a_missing_url_is_named(kept: Site) -> None:
    kept.fails(
        f"{UNUSABLE}MIGRATION_DATABASE_URL: missing; set it to the Postgres URL of the"
        " tables' owner",
        "backup",
        BACKUP_DATABASE_URL="",
    )
