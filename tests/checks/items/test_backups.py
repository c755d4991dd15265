"""Backups: what the status file says, and whether the file that it names is there."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from futuretracker.checks.finding import Verdict

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from futuretracker.checks.finding import Finding

FILE = "futuretracker-2026-01-02.dump.age"
CONTENT = b"x" * 10
SHA256 = hashlib.sha256(CONTENT).hexdigest()


def ago(**length: float) -> str:
    """Return a time as RFC 3339 in UTC."""
    return (datetime.now(UTC) - timedelta(**length)).isoformat().replace("+00:00", "Z")


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., None]:
    """Write the status of a good night, with changes: ``write(drill={"ok": False})``."""

    def write(**changes: dict[str, Any] | None) -> None:
        (tmp_path / FILE).write_bytes(CONTENT)
        backup = {"file": FILE, "finished_at": ago(hours=3), "bytes": 10, "sha256": SHA256}
        drill = {"file": FILE, "finished_at": ago(days=3), "ok": True}
        status = {"backup": {**backup, "rows": {"users": 1}}, "drill": drill}
        for name, change in changes.items():
            status[name] = {**status[name], **(change or {})}
            if change is None:
                del status[name]
        (tmp_path / "status.json").write_text(json.dumps(status))

    return write


@pytest.fixture
def found(find: Callable[..., Finding], tmp_path: Path) -> Callable[[], tuple[Finding, Finding]]:
    """Look at the newest backup and at the newest restore."""

    def found() -> tuple[Finding, Finding]:
        directory = {"BACKUP_DIRECTORY": str(tmp_path)}
        return find("backup-recent", **directory), find("backup-restored", **directory)

    return found


def test_a_backup_of_today_that_was_restored_this_week_is_ok(
    write: Callable[..., None], found: Callable[[], tuple[Finding, Finding]]
) -> None:
    write()
    backup, drill = found()

    assert (backup.verdict, backup.found) == (Verdict.OK, "The newest backup is 3 hours old.")
    assert (drill.verdict, drill.found) == (Verdict.OK, "A backup was restored 3 days ago.")


def test_no_status_is_an_error(found: Callable[[], tuple[Finding, Finding]]) -> None:
    assert [finding.verdict for finding in found()] == [Verdict.ERROR] * 2


@pytest.mark.parametrize("text", ["", "[]", "{}", "[" * 100_000, '{"backup": [], "drill": 1}'])
def test_a_status_that_says_nothing_is_an_error(
    found: Callable[[], tuple[Finding, Finding]], tmp_path: Path, text: str
) -> None:
    (tmp_path / "status.json").write_text(text)

    assert [finding.verdict for finding in found()] == [Verdict.ERROR] * 2


@pytest.mark.parametrize(
    ("hours", "verdict"), [(25.9, Verdict.OK), (26.1, Verdict.WARNING), (900, Verdict.WARNING)]
)
def test_a_backup_of_before_yesterday_is_a_warning(
    write: Callable[..., None],
    found: Callable[[], tuple[Finding, Finding]],
    hours: float,
    verdict: Verdict,
) -> None:
    write(backup={"finished_at": ago(hours=hours)})

    assert found()[0].verdict == verdict


@pytest.mark.parametrize(("days", "verdict"), [(7.9, Verdict.OK), (8.1, Verdict.WARNING)])
def test_a_restore_of_before_last_week_is_a_warning(
    write: Callable[..., None],
    found: Callable[[], tuple[Finding, Finding]],
    days: float,
    verdict: Verdict,
) -> None:
    write(drill={"finished_at": ago(days=days)})

    assert found()[1].verdict == verdict


def test_a_backup_that_did_not_restore_is_an_error(
    write: Callable[..., None], found: Callable[[], tuple[Finding, Finding]]
) -> None:
    write(drill={"ok": False})

    assert found()[1].verdict == Verdict.ERROR


def test_a_backup_that_nobody_has_restored_is_an_error(
    write: Callable[..., None], found: Callable[[], tuple[Finding, Finding]]
) -> None:
    write(drill=None)
    backup, drill = found()

    assert (backup.verdict, drill.verdict) == (Verdict.OK, Verdict.ERROR)


@pytest.mark.parametrize("change", ["gone", "short"])
def test_a_backup_whose_file_is_gone_or_short_is_an_error(
    write: Callable[..., None],
    found: Callable[[], tuple[Finding, Finding]],
    tmp_path: Path,
    change: str,
) -> None:
    write()
    if change == "gone":
        (tmp_path / FILE).unlink()
    else:
        (tmp_path / FILE).write_bytes(b"x" * 9)
    backup, _ = found()

    assert backup.verdict == Verdict.ERROR
    assert "is gone or has another size" in backup.found


def test_a_backup_whose_bytes_have_changed_is_an_error(
    write: Callable[..., None], found: Callable[[], tuple[Finding, Finding]], tmp_path: Path
) -> None:
    write()
    (tmp_path / FILE).write_bytes(b"x" * 9 + b"y")
    backup, _ = found()

    assert backup.verdict == Verdict.ERROR
    assert backup.found == (
        f"{tmp_path / FILE}, the newest backup, is damaged: its SHA-256 differs."
    )


def test_a_backup_without_a_recorded_checksum_is_an_error(
    write: Callable[..., None], found: Callable[[], tuple[Finding, Finding]]
) -> None:
    write(backup={"sha256": None})

    assert found()[0].verdict == Verdict.ERROR


def test_a_backup_that_takes_too_long_to_read_is_unknown(
    write: Callable[..., None],
    found: Callable[[], tuple[Finding, Finding]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("futuretracker.checks.items.backups.WITHIN", -1.0)
    write()
    backup, _ = found()

    assert backup.verdict == Verdict.UNKNOWN
    assert f"sha256sum --check {FILE}.sha256" in backup.remedy


@pytest.mark.parametrize("time", [ago(hours=-1), "yesterday", None, 12, "2026-01-01T00:00:00"])
def test_a_time_that_is_to_come_or_none_is_an_error(
    write: Callable[..., None], found: Callable[[], tuple[Finding, Finding]], time: object
) -> None:
    write(backup={"finished_at": time}, drill={"finished_at": time})

    assert [finding.verdict for finding in found()] == [Verdict.ERROR] * 2
