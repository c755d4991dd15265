"""A drill: the newest backup restored for real, compared, and nothing left of it."""

from __future__ import annotations

import json
import os
import signal
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from futuretracker.database.migrate import migrate
from tests.backups import database, fill, site
from tests.commands import poll, processes

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.backups import Site


@pytest.fixture
def scratch(place: Site) -> Path:
    """Where a drill of this test keeps what is temporary."""
    folder = place.folder / "scratch"
    folder.mkdir()
    folder.chmod(0o1777)
    place.settings["TMPDIR"] = str(folder)
    return folder


def no_trace(scratch: Path) -> bool:
    return list(scratch.iterdir()) == [] and processes(scratch) == []


def test_a_good_backup_is_restored_and_every_table_compared(place: Site, scratch: Path) -> None:
    place.back_up()
    newest = place.back_up()
    line = place.log("drill")

    told = place.status()
    assert (line["type"], line["file"], line["ok"]) == ("DRILL", newest.name, True)
    assert line["rows"] == told["backup"]["rows"]
    assert (told["drill"]["file"], told["drill"]["ok"]) == (newest.name, True)
    assert told["proven"]["file"] == newest.name
    age = datetime.now(UTC) - datetime.fromisoformat(told["drill"]["finished_at"])
    assert timedelta() <= age < timedelta(seconds=20)
    assert no_trace(scratch)


def test_a_database_that_writes_its_values_in_another_way_is_no_other(owner_url: str) -> None:
    with database(owner_url) as url, site(url) as place:
        with psycopg.connect(url, autocommit=True) as conn:
            name = conn.info.dbname
            for setting in ("timezone = 'Asia/Tokyo'", "datestyle = 'German'"):
                conn.execute(f"alter database {name} set {setting}".encode())
        migrate(url)
        fill(url)
        place.back_up()

        assert place.log("drill")["ok"] is True


def failed(place: Site, reason: str) -> None:
    """Expect a drill that says and tells this, and that what was proven before stays so."""
    proven = place.status().get("proven")
    done = place.run("drill")

    line, told = json.loads(done.stdout), place.status()
    assert (done.returncode, done.stderr) == (1, f"{reason}\n")
    assert (line["type"], line["ok"], line["reason"]) == ("DRILL", False, reason)
    assert (told["drill"]["ok"], told["drill"]["reason"]) == (False, reason)
    assert told.get("proven") == proven


def _rows(content: dict[str, Any]) -> None:
    content["tables"]["users"]["rows"] = 3


def _values(content: dict[str, Any]) -> None:
    content["tables"]["users"]["checksum"] = "1"


def _row_security(content: dict[str, Any]) -> None:
    content["tables"]["users"]["row_security"] = "off"


def _table(content: dict[str, Any]) -> None:
    content["tables"]["lost"] = content["tables"]["users"]


def _grant(content: dict[str, Any]) -> None:
    content["grants"].remove("SELECT on users to futuretracker_api")


def _policy(content: dict[str, Any]) -> None:
    content["policies"].append("lost on users: permissive r to futuretracker_api")


@pytest.mark.parametrize(
    ("change", "clause"),
    [
        (_rows, "users has 2 rows, not 3"),
        (_values, "users has other values"),
        (_row_security, "row level security of users is forced, not off"),
        (_table, "table lost is missing"),
        (_grant, "too much: SELECT on users to futuretracker_api"),
        (_policy, "policy missing: lost on users: permissive r to futuretracker_api"),
    ],
)
def test_whatever_is_not_as_it_was_fails_it(
    place: Site, scratch: Path, change: Callable[[dict[str, Any]], None], clause: str
) -> None:
    file = place.back_up()
    manifest = json.loads(file.with_name(f"{file.name}.json").read_text())
    change(manifest["content"])
    file.with_name(f"{file.name}.json").write_text(json.dumps(manifest))

    failed(
        place, f"The restored database is not as the backed up one was: {clause}. Do not use it."
    )
    assert no_trace(scratch)


def test_a_damaged_backup_fails_it_and_the_one_proven_before_stays(place: Site) -> None:
    place.back_up()
    place.log("drill")
    newest = place.back_up()
    newest.write_bytes(newest.read_bytes()[:-1])

    failed(
        place,
        f"{newest.name} is damaged: its SHA-256 is not the one in {newest.name}.sha256; take"
        " another backup.",
    )


def test_a_folder_without_backups_is_one_sentence(place: Site) -> None:
    place.fails(f"There is no backup in {place.directory}.", "drill")


def test_root_is_told_that_postgres_does_not_run_as_root(place: Site) -> None:
    os.chown(place.directory, os.geteuid(), os.getegid())
    place.back_up()
    done = place.as_root('exec "$PYTHON" -m futuretracker drill')

    assert done.returncode == 1
    assert done.stderr == (
        f"Postgres does not run as root: make another user the owner of {place.directory}, or run"
        " the drill as that user.\n"
    )


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("moment", ["global", "postmaster.pid"])
def test_one_that_is_stopped_leaves_no_postgres_and_no_file(
    place: Site, scratch: Path, end: signal.Signals, moment: str
) -> None:
    """While the cluster is made, and once it runs."""
    place.back_up()
    before = place.files()
    process = place.start("drill")
    poll(lambda: list(scratch.glob(f"*/data/{moment}")), process)
    process.send_signal(end)
    process.send_signal(end)

    assert process.communicate(timeout=20) == (b"", b"")
    assert process.returncode == 130
    poll(lambda: no_trace(scratch))
    assert place.files() == before


def test_two_at_once_are_one_and_a_sentence(place: Site, scratch: Path) -> None:
    place.back_up()
    first = place.start("drill")
    poll(lambda: list(scratch.glob("*/data/global")), first)

    place.fails(f"Another drill is at work in {place.directory}.", "drill")
    first.communicate(timeout=20)
    assert first.returncode == 0
