"""Failed restores: each prints one message and leaves the database as it was."""

from __future__ import annotations

import json
import os
import shutil
import signal
from hashlib import sha256
from typing import TYPE_CHECKING

import psycopg
import pytest

from futuretracker.backups.contents.manifest import Manifest
from futuretracker.backups.problem import BackupProblem
from tests.backups import OLDER, Site, site
from tests.commands import poll
from tests.support import servers

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

OBJECTS = "select count(*) from pg_class where relnamespace = 'public'::regnamespace"
RESTORING = """
select pid from pg_stat_activity
where application_name = 'psql' and datname = current_database() and query like 'COPY %'
"""


@pytest.fixture
def backup(place: Site) -> Path:
    """A backup that the test may damage."""
    return place.back_up()


def is_empty(url: str) -> bool:
    with psycopg.connect(url) as conn:
        return conn.execute(OBJECTS).fetchone() == (0,)


def test_a_database_that_is_not_empty_is_refused(place: Site, backup: Path, source: str) -> None:
    place.fails(
        "The database behind RESTORE_DATABASE_URL is not empty (account_deletions and 59 more). A"
        " restore never overwrites data: create a new database, restore into it, then set"
        " DATABASE_URL to it.",
        *("restore", str(backup)),
        RESTORE_DATABASE_URL=source,
    )


def _flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def _shorten(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


@pytest.mark.parametrize("damage", [_flip, _shorten])
def test_a_damaged_backup_is_recognised_by_its_checksum(
    place: Site, backup: Path, target: str, damage: Callable[[Path], None]
) -> None:
    damage(backup)

    place.fails(
        f"{backup.name} is damaged: its SHA-256 differs from the one in {backup.name}.sha256."
        " Restore another backup.",
        *("restore", str(backup)),
        RESTORE_DATABASE_URL=target,
    )
    assert is_empty(target)


@pytest.mark.parametrize("end", [".sha256", ".json"])
def test_a_backup_without_its_checksum_or_manifest_is_refused(
    place: Site, backup: Path, target: str, end: str
) -> None:
    beside = backup.with_name(f"{backup.name}{end}")
    beside.unlink()

    place.fails(
        f"{beside} cannot be read: No such file or directory. It belongs to the backup;"
        " docs/operations/backups.md says how to restore without it.",
        *("restore", str(backup)),
        RESTORE_DATABASE_URL=target,
    )


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": 1}', "\x00"])
def test_an_invalid_manifest_is_refused(place: Site, backup: Path, target: str, text: str) -> None:
    backup.with_name(f"{backup.name}.json").write_text(text)

    place.fails(
        f"{backup.name}.json is not the manifest of a backup.",
        *("restore", str(backup)),
        RESTORE_DATABASE_URL=target,
    )


@pytest.mark.parametrize(
    ("number", "problem"),
    [
        ("2", "was written by a newer version of this program."),
        ("0", "has an unknown format: 0."),
        ("-1", "has an unknown format: -1."),
        ('"2"', "is not the manifest of a backup."),
        ("null", "is not the manifest of a backup."),
        ('1, "postgres": Infinity', "is not the manifest of a backup."),
    ],
)
def test_a_manifest_in_another_format_is_refused(number: str, problem: str) -> None:
    with pytest.raises(BackupProblem) as caught:
        Manifest.parse(f'{{"format": {number}}}'.encode(), "backup.json")

    assert str(caught.value) == f"backup.json {problem}"


def test_a_missing_backup_is_reported(place: Site, target: str) -> None:
    place.fails(
        "/nonexistent cannot be read: No such file or directory.",
        *("restore", "/nonexistent"),
        RESTORE_DATABASE_URL=target,
    )


def test_programs_older_than_the_backup_are_refused(place: Site, backup: Path, target: str) -> None:
    place.fails(
        "pg_restore has version 16, but the backup has version 18: install version 18 or newer, or"
        " set POSTGRES_BIN to its folder.",
        *("restore", str(backup)),
        RESTORE_DATABASE_URL=target,
        POSTGRES_BIN=str(OLDER),
    )


def test_a_missing_database_is_reported_with_its_setting(place: Site, backup: Path) -> None:
    place.fails(
        "The settings are not usable:\n"
        "  - RESTORE_DATABASE_URL: missing; set it to the Postgres URL of an empty"
        " database's owner",
        *("restore", str(backup)),
    )


def test_an_unreachable_database_is_reported(place: Site, backup: Path) -> None:
    port = servers.free_port()
    place.fails(
        "The database behind RESTORE_DATABASE_URL does not respond: connection failed:"
        f' connection to server at "127.0.0.1", port {port} failed: Connection refused',
        *("restore", str(backup)),
        RESTORE_DATABASE_URL=f"postgresql://postgres:hunter22@127.0.0.1:{port}/postgres",
    )


def test_an_incomplete_dump_restores_nothing(place: Site, backup: Path, target: str) -> None:
    """The checksum is right, as if the dump had been written incompletely."""
    content = backup.read_bytes()
    backup.write_bytes(content[: len(content) - 200])
    _sign(backup)
    done = place.run("restore", str(backup), RESTORE_DATABASE_URL=target)

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("pg_restore failed: ")
    assert len(done.stderr.splitlines()) == 1
    assert is_empty(target)


def _sign(backup: Path) -> None:
    digest = sha256(backup.read_bytes()).hexdigest()
    backup.with_name(f"{backup.name}.sha256").write_text(f"{digest}  {backup.name}\n")


def test_an_error_of_postgres_is_reported_and_nothing_is_restored(
    place: Site, backup: Path, target: str
) -> None:
    with psycopg.connect(target, autocommit=True) as conn:
        conn.execute("create type futuretracker_reserved as enum ()")
        conn.execute("create domain users as text")  # conflicts with a table of the dump
    done = place.run("restore", str(backup), RESTORE_DATABASE_URL=target)

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == 'psql failed: type "users" already exists\n'
    with psycopg.connect(target) as conn:
        assert conn.execute(OBJECTS).fetchone() == (0,)


def test_differences_after_the_restore_are_listed(place: Site, backup: Path, target: str) -> None:
    file = backup.with_name(f"{backup.name}.json")
    manifest = json.loads(file.read_text())
    manifest["content"]["tables"]["users"]["rows"] += 1
    manifest["content"]["tables"]["opportunities"]["checksum"] = "1"
    manifest["content"]["tables"]["audit_log"]["row_security"] = "enabled"
    manifest["content"]["grants"].append("SELECT on users to nobody")
    file.write_text(json.dumps(manifest))

    place.fails(
        "The restored database differs from the backup: row level security of audit_log is"
        " forced, not enabled; opportunities has different values; users has 2 rows, not 3; and 1"
        " more. Do not use it.",
        *("restore", str(backup)),
        RESTORE_DATABASE_URL=target,
    )


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM])
def test_an_interrupted_restore_leaves_the_database_empty(
    large: str, target: str, end: signal.Signals
) -> None:
    with site(large) as place:
        backup = place.back_up()
        process = place.start("restore", str(backup), RESTORE_DATABASE_URL=target)
        with psycopg.connect(target, autocommit=True) as conn:
            poll(lambda: conn.execute(RESTORING).fetchall(), process)
            os.kill(process.pid, end)
            process.communicate(timeout=120)
            poll(
                lambda: (
                    not conn.execute(
                        "select from pg_stat_activity where application_name = 'psql'"
                        " and datname = current_database()"
                    ).fetchall()
                )
            )

    assert is_empty(target)
    assert process.returncode != 0


def test_a_copied_backup_can_be_restored(kept: Site, tmp_path: Path, target: str) -> None:
    for path in kept.directory.glob("futuretracker-*"):
        shutil.copy(path, tmp_path)
    [backup] = tmp_path.glob("*.dump")

    done = kept.run("restore", str(backup), RESTORE_DATABASE_URL=target)
    assert (done.returncode, done.stderr) == (0, "")
