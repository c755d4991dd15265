"""What ``restore`` shows on a terminal, and what it keeps out of files."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from rich.filesize import decimal

from tests.backups import BIN
from tests.backups.test_output import ESCAPES, shown
from tests.commands import WITHIN, on_a_terminal

if TYPE_CHECKING:
    from pathlib import Path

    from tests.backups import Site

# pg_restore, which waits with the whole backup until the test has seen the progress.
WAITING = """#!/bin/sh
case "$*" in *--use-list=*) ;; *) exec {bin}/pg_restore "$@" ;; esac
cat > {folder}/read
for _ in $(seq {seconds}); do [ -e {folder}/seen ] && break; sleep 1; done
exec {bin}/pg_restore "$@" < {folder}/read
"""


@pytest.fixture
def backup(kept: Site) -> Path:
    [file] = kept.directory.glob("*.dump")
    return file


def test_a_terminal_shows_a_restore_and_then_the_next_step(
    kept: Site, backup: Path, target: str
) -> None:
    output = shown(kept, "restore", str(backup), RESTORE_DATABASE_URL=target)

    counts = ", ".join(f"{name} {n}" for name, n in kept.status()["backup"]["rows"].items())
    parts = [
        f"Checking {backup.name}",
        f"Restoring {backup.name}",
        "Comparing every row with the manifest",
        f"restored, and every row compared: {counts}\n",
        "Now give the role futuretracker_api a password there",
    ]
    places = [output.find(part) for part in parts]
    assert -1 not in places
    assert places == sorted(places)
    assert parts[0] not in output[places[-2] :]
    assert "{" not in output


def test_the_bar_of_a_restore_counts_the_bytes(
    kept: Site, backup: Path, target: str, tmp_path: Path
) -> None:
    """A full bar and the size of the file; then the line disappears."""
    for program in BIN.iterdir():
        if program.name != "pg_restore":
            (tmp_path / program.name).symlink_to(program)
    waiting = tmp_path / "pg_restore"
    waiting.write_text(WAITING.format(bin=BIN, folder=tmp_path, seconds=WITHIN // 2))
    waiting.chmod(0o755)
    size = decimal(backup.stat().st_size)

    def watch(text: str) -> None:
        if size in text:
            (tmp_path / "seen").touch()

    settings = {**kept.settings, "RESTORE_DATABASE_URL": target, "POSTGRES_BIN": str(tmp_path)}
    output = on_a_terminal(kept.folder, "restore", str(backup), settings=settings, watch=watch)

    line = rf"Restoring {backup.name} ━{{24}} {size} \d:\d\d:\d\d"
    assert re.search(line, ESCAPES.sub("", output))
    assert "\x1b[2K" in output.partition(size)[2].partition("restored, and")[0]


@pytest.mark.parametrize("arguments", [[], ["--json"]])
def test_the_progress_of_a_restore_never_gets_into_a_file(
    kept: Site, backup: Path, target: str, tmp_path: Path, arguments: list[str]
) -> None:
    settings: dict[str, Any] = {**kept.settings, "RESTORE_DATABASE_URL": target}
    log = tmp_path / "log"
    output = on_a_terminal(
        kept.folder, "restore", str(backup), *arguments, stdout=log, settings=settings
    )

    assert f"Restoring {backup.name}" in output
    assert "restored" not in output
    assert log.read_text().startswith("{" if arguments else "restored, and every row compared")
    assert "Restoring" not in log.read_text()


def test_a_restore_that_is_refused_leaves_one_sentence(
    kept: Site, backup: Path, source: str
) -> None:
    output = shown(kept, "restore", str(backup), status=1, RESTORE_DATABASE_URL=source)

    last = output.replace("\r", "\n").splitlines()[-1]
    assert last.startswith("The database behind RESTORE_DATABASE_URL is not empty")
