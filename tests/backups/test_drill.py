"""The restore drill: it restores the newest backup, compares every table, and leaves no trace."""

from __future__ import annotations

import json
import os
import signal
from datetime import UTC, datetime
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
    """The folder in which the drill of this test keeps its temporary files."""
    folder = place.folder / "scratch"
    folder.mkdir()
    folder.chmod(0o1777)
    place.settings["TMPDIR"] = str(folder)
    return folder


def no_trace(scratch: Path) -> bool:
    return list(scratch.iterdir()) == [] and processes(scratch) == []


def test_a_good_backup_is_restored_and_compared(place: Site, scratch: Path) -> None:
    place.back_up()
    newest = place.back_up()
    began = datetime.now(UTC).replace(microsecond=0)
    line = place.log("drill")

    recorded = place.status()
    assert (line["type"], line["file"], line["ok"]) == ("DRILL", newest.name, True)
    assert line["rows"] == recorded["backup"]["rows"]
    assert (recorded["drill"]["file"], recorded["drill"]["ok"]) == (newest.name, True)
    assert recorded["proven"]["file"] == newest.name
    assert began <= datetime.fromisoformat(recorded["drill"]["finished_at"]) <= datetime.now(UTC)
    assert no_trace(scratch)


def test_the_comparison_does_not_depend_on_the_databases_settings(owner_url: str) -> None:
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
    """Expect the drill to report this reason, and the proven backup to stay the same."""
    proven = place.status().get("proven")
    done = place.run("drill")

    line, recorded = json.loads(done.stdout), place.status()
    assert (done.returncode, done.stderr) == (1, f"{reason}\n")
    assert (line["type"], line["ok"], line["reason"]) == ("DRILL", False, reason)
    assert (recorded["drill"]["ok"], recorded["drill"]["reason"]) == (False, reason)
    assert recorded.get("proven") == proven


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
        (_values, "users has different values"),
        (_row_security, "row level security of users is forced, not off"),
        (_table, "table lost is missing"),
        (_grant, "unexpected: SELECT on users to futuretracker_api"),
        (_policy, "missing policy: lost on users: permissive r to futuretracker_api"),
    ],
)
def test_any_difference_fails_the_drill(
    place: Site, scratch: Path, change: Callable[[dict[str, Any]], None], clause: str
) -> None:
    file = place.back_up()
    manifest = json.loads(file.with_name(f"{file.name}.json").read_text())
    change(manifest["content"])
    file.with_name(f"{file.name}.json").write_text(json.dumps(manifest))

    failed(place, f"The restored database differs from the backup: {clause}. Do not use it.")
    assert no_trace(scratch)


def test_a_damaged_backup_fails_the_drill_and_the_proven_one_stays(place: Site) -> None:
    place.back_up()
    place.log("drill")
    newest = place.back_up()
    newest.write_bytes(newest.read_bytes()[:-1])

    failed(
        place,
        f"{newest.name} is damaged: its SHA-256 differs from the one in {newest.name}.sha256."
        " Restore another backup.",
    )


def test_a_directory_without_backups_is_reported(place: Site) -> None:
    place.fails(f"There is no backup in {place.directory}: make one first.", "drill")


@pytest.mark.needs("namespaces")
def test_a_drill_as_root_in_roots_directory_is_refused(place: Site) -> None:
    os.chown(place.directory, os.geteuid(), os.getegid())
    place.back_up()
    done = place.as_root('exec "$PYTHON" -m futuretracker drill')

    assert done.returncode == 1
    assert done.stderr == (
        f"Postgres refuses to run as root: make another user the owner of {place.directory}, or run"
        " the drill as that user.\n"
    )


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("moment", ["global", "postmaster.pid"])
def test_an_interrupted_drill_leaves_no_postgres_and_no_file(
    place: Site, scratch: Path, end: signal.Signals, moment: str
) -> None:
    """The signal arrives while initdb runs, or once Postgres runs."""
    place.back_up()
    before = place.files()
    process = place.start("drill")
    poll(lambda: list(scratch.glob(f"*/data/{moment}")), process)
    process.send_signal(end)
    process.send_signal(end)

    sentence = f"The drill was stopped by {end.name}.\n".encode()
    assert process.communicate(timeout=120) == (b"", sentence)
    assert process.returncode == 128 + end
    poll(lambda: no_trace(scratch))
    assert place.files() == before


@pytest.mark.parametrize("command", ["drill", "backup"])
@pytest.mark.parametrize("moment", ["global", "postmaster.pid"])
def test_the_next_command_removes_what_a_killed_drill_has_left(
    place: Site, scratch: Path, moment: str, command: str
) -> None:
    """The next one may have another TMPDIR. Other folders with such a name stay."""
    place.back_up()
    killed_drill(place, scratch, moment)
    (scratch / "futuretracker-drill-00000000").mkdir()
    assert len(list(scratch.iterdir())) == 2

    place.log(command, TMPDIR=str(place.folder))
    assert [folder.name for folder in scratch.iterdir()] == ["futuretracker-drill-00000000"]
    assert processes(scratch) == []
    assert ".drill.folder" not in place.files()


def killed_drill(place: Site, scratch: Path, moment: str) -> None:
    process = place.start("drill")
    poll(lambda: list(scratch.glob(f"*/data/{moment}")), process)
    process.kill()
    process.communicate(timeout=120)


def test_a_backup_leaves_a_running_drill_alone(place: Site, scratch: Path) -> None:
    place.back_up()
    drill = place.start("drill")
    poll(lambda: list(scratch.glob("*/data/global")), drill)
    drill.send_signal(signal.SIGSTOP)
    place.back_up()

    assert list(scratch.glob("*/data/global"))
    drill.send_signal(signal.SIGCONT)
    assert drill.communicate(timeout=120)[1] == b""
    assert drill.returncode == 0


@pytest.mark.parametrize("name", ["mine", "futuretracker-drill-0123abcd"])
def test_a_folder_that_no_drill_has_made_is_not_removed(place: Site, name: str) -> None:
    """The record names a folder of another form, or a link."""
    kept = place.folder / "kept"
    kept.mkdir()
    (place.folder / name).symlink_to(kept)
    (kept / "file").touch()
    (place.directory / ".drill.folder").write_text(str(place.folder / name))
    place.back_up()

    assert (place.folder / name / "file").exists()


def test_a_second_drill_at_the_same_time_is_refused(place: Site, scratch: Path) -> None:
    place.back_up()
    first = place.start("drill")
    poll(lambda: list(scratch.glob("*/data/global")), first)
    first.send_signal(signal.SIGSTOP)  # else it might finish before the second one starts

    place.fails(f"Another drill is running in {place.directory}.", "drill")
    first.send_signal(signal.SIGCONT)
    first.communicate(timeout=120)
    assert first.returncode == 0
