"""``status.json``: what the reader makes of a file, and the gauges of the metrics."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from futuretracker.backups.files.directory import Directory
from futuretracker.backups.files.status import Result, Status, record
from futuretracker.backups.gauges import BackupAge

if TYPE_CHECKING:
    from pathlib import Path

FILE = "futuretracker-20260102T030405Z.dump"
FINISHED = "2026-01-02T03:04:05Z"
BACKUP = {"file": FILE, "finished_at": FINISHED, "bytes": 10, "sha256": "0", "rows": {}}
DRILL = {"file": FILE, "finished_at": FINISHED, "ok": True}


def write(folder: Path, status: Any) -> None:
    (folder / "status.json").write_text(json.dumps(status))


def gauges(folder: Path) -> dict[str, float]:
    """Return the values of the gauges that have one."""
    return {
        sample.name: sample.value
        for metric in BackupAge(folder).collect()
        for sample in metric.samples
    }


def test_the_reader_returns_typed_fields(tmp_path: Path) -> None:
    write(tmp_path, {"backup": BACKUP, "drill": DRILL})

    finished = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert Status.read(tmp_path) == Status(
        backup=Result(FILE, finished, 10, "0", None),
        drill=Result(FILE, finished, None, None, ok=True),
    )


@pytest.mark.parametrize(
    "changes",
    [
        {"file": None, "finished_at": "yesterday", "bytes": "10", "ok": 1},
        {"file": 1, "finished_at": "2026-01-02T03:04:05", "bytes": True, "ok": "yes"},
        {"file": [], "finished_at": None, "bytes": 1.5, "ok": None},
    ],
)
def test_a_field_with_a_wrong_value_is_none(tmp_path: Path, changes: dict[str, Any]) -> None:
    write(tmp_path, {"drill": changes})

    assert Status.read(tmp_path).drill == Result(None, None, None, None, None)
    assert gauges(tmp_path) == {}


@pytest.mark.parametrize("text", ["", "[]", "1", "\xff", '{"backup": ', "[" * 100_000])
def test_a_damaged_file_is_a_value_error_and_no_gauge(tmp_path: Path, text: str) -> None:
    (tmp_path / "status.json").write_text(text, encoding="latin-1")

    with pytest.raises(ValueError):  # noqa: PT011 - json's own has no fixed text
        Status.read(tmp_path)
    assert gauges(tmp_path) == {}


def test_a_missing_file_is_an_error_and_no_gauge(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        Status.read(tmp_path)
    assert gauges(tmp_path) == {}


def test_the_gauges_show_the_last_backup_and_drill(tmp_path: Path) -> None:
    seconds = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC).timestamp()
    write(tmp_path, {"backup": BACKUP, "drill": {**DRILL, "ok": False}})

    assert gauges(tmp_path) == {
        "futuretracker_backup_timestamp_seconds": seconds,
        "futuretracker_drill_timestamp_seconds": seconds,
        "futuretracker_drill_ok": 0.0,
    }


def test_a_new_result_replaces_a_damaged_file_and_leaves_the_other_results(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    (tmp_path / "status.json").write_text("{")
    directory = Directory(tmp_path)

    record(directory, backup={"file": FILE})
    record(directory, drill={"file": FILE, "ok": True})

    status = Status.read(tmp_path)
    assert status.backup
    assert status.backup.file == FILE
    assert status.drill
    assert status.drill.ok
