"""systemd accepts the units, and they run in a sandbox."""

from __future__ import annotations

import re
import subprocess
from configparser import RawConfigParser
from typing import TYPE_CHECKING

import pytest

from futuretracker.config.table import SETTINGS
from tests.support.servers import ROOT

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.needs("systemd")
UNITS = ROOT / "deploy" / "systemd"
NAMES = ("futuretracker-backup", "futuretracker-drill")
SERVICES = [f"{name}.service" for name in NAMES]
DROP_INS = {
    "futuretracker-backup.service": ("backup-copy.conf", "backup-failed.conf"),
    "futuretracker-drill.service": ("drill-identity.conf", "backup-failed.conf"),
}


def analyze(*arguments: str | Path) -> tuple[int, str]:
    done = subprocess.run(
        ["systemd-analyze", *arguments], check=False, capture_output=True, text=True
    )
    return done.returncode, done.stdout + done.stderr


def complaints(folder: Path, *names: str) -> str:
    """Return systemd's complaints about units, except those about programs missing here."""
    _, said = analyze("verify", "--man=no", *(folder / name for name in names))
    expected = re.compile(r"Command /(opt/futuretracker|usr/bin/rclone).* is not executable")
    ours = [line for line in said.splitlines() if "futuretracker" in line]
    return "\n".join(line for line in ours if not expected.search(line))


def unit(name: str) -> RawConfigParser:
    parser = RawConfigParser(strict=False)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read(UNITS / name)
    return parser


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("kind", ["service", "timer"])
def test_systemd_accepts_the_unit(name: str, kind: str) -> None:
    assert complaints(UNITS, f"{name}.{kind}") == ""


def test_systemd_complains_about_an_unknown_setting(tmp_path: Path) -> None:
    for name in SERVICES:
        text = (UNITS / name).read_text()
        (tmp_path / name).write_text(text.replace("ProtectHome=", "ProtectHose="))

        assert "Unknown key 'ProtectHose'" in complaints(tmp_path, name)


@pytest.mark.parametrize(("name", "drop_ins"), DROP_INS.items())
def test_systemd_accepts_the_drop_ins(tmp_path: Path, name: str, drop_ins: tuple[str, ...]) -> None:
    (tmp_path / name).write_text((UNITS / name).read_text())
    folder = tmp_path / f"{name}.d"
    folder.mkdir()
    for drop_in in drop_ins:
        text = (UNITS / "drop-ins" / drop_in).read_text()
        (folder / drop_in).write_text(text)
        assert (
            f"/etc/systemd/system/{name}.d/" in text or "the same for futuretracker-drill" in text
        )

    assert complaints(tmp_path, name) == ""


@pytest.mark.parametrize("name", SERVICES)
def test_the_unit_is_sandboxed(name: str) -> None:
    status, said = analyze("security", "--offline=true", "--threshold=15", UNITS / name)

    assert status == 0, said


@pytest.mark.parametrize(
    ("name", "first", "second"),
    [
        ("futuretracker-backup", "2027-01-01 02:30:00 UTC", "2027-01-02 02:30:00 UTC"),
        ("futuretracker-drill", "2027-01-04 05:00:00 UTC", "2027-01-11 05:00:00 UTC"),
    ],
)
def test_the_backup_runs_daily_and_the_drill_weekly(name: str, first: str, second: str) -> None:
    calendar = unit(f"{name}.timer")["Timer"]["OnCalendar"]
    _, said = analyze("calendar", "--base-time=2027-01-01 00:00:00 UTC", "--iterations=2", calendar)

    assert re.findall(r"(?:Next elapse|Iter. #2): \w+ (.*)", said) == [first, second]
    assert unit(f"{name}.timer")["Timer"]["Persistent"] == "true"


@pytest.mark.parametrize("name", SERVICES)
def test_the_state_directory_is_the_default_of_the_setting(name: str) -> None:
    service = unit(name)["Service"]

    assert f"/var/lib/{service['StateDirectory']}" == SETTINGS["BACKUP_DIRECTORY"].default
    assert (service["User"], service["StateDirectoryMode"]) == ("futuretracker-backup", "0711")
