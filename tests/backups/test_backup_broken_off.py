"""A backup that breaks off: no half file under a final name, and what was there before stays."""

from __future__ import annotations

import os
import signal
import subprocess
from typing import TYPE_CHECKING

import psycopg
import pytest

from tests.backups import Site, site
from tests.commands import poll

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

DUMPING = """
select pid from pg_stat_activity
where application_name = 'pg_dump' and datname = current_database() and state = 'active'
    and query like 'COPY public.opportunities%'
"""


@pytest.fixture
def place(large: str) -> Iterator[Site]:
    """A folder with one backup of a database whose dump takes a moment."""
    with site(large) as made:
        made.back_up()
        yield made


@pytest.fixture
def tiny(place: Site) -> Iterator[Path]:
    """The same folder on a disk that is nearly full: a memory of a megabyte."""
    before = {path.name: path.read_bytes() for path in place.directory.iterdir()}
    options = "size=1m,mode=700,uid={0.st_uid},gid={0.st_gid}".format(place.directory.stat())
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", place.directory], check=True)
    try:
        yield place.directory
    finally:
        subprocess.run(["umount", place.directory], check=True)
    assert {path.name: path.read_bytes() for path in place.directory.iterdir()} == before


def test_a_full_disk_is_one_sentence_and_leaves_no_file(place: Site, tiny: Path) -> None:
    place.fails(f"The backup cannot be written to {tiny}: No space left on device.", "backup")


def test_a_full_disk_is_told_of_an_encrypted_backup_as_well(place: Site, tiny: Path) -> None:
    recipient = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p"
    place.fails(
        f"The backup cannot be written to {tiny}: No space left on device.",
        "backup",
        BACKUP_AGE_RECIPIENT=recipient,
    )


def dumping(place: Site, process: subprocess.Popen[bytes], url: str) -> int:
    """Wait until rows are being dumped into a file; return the id of pg_dump's server process."""
    found: list[int] = []

    def rows_flow() -> bool:
        found[:] = [row[0] for row in conn.execute(DUMPING)]
        return bool(found) and any(path.stat().st_size > 100_000 for path in partial(place))

    with psycopg.connect(url, autocommit=True) as conn:
        poll(rows_flow, process)
    return found[0]


def partial(place: Site) -> list[Path]:
    return list(place.directory.glob(".*.partial"))


def test_a_server_that_goes_away_in_the_middle_is_one_sentence(place: Site, large: str) -> None:
    before = place.files()
    process = place.start("backup")
    server = dumping(place, process, large)
    with psycopg.connect(large, autocommit=True) as conn:
        conn.execute("select pg_terminate_backend(%s)", [server])
    output, errors = process.communicate(timeout=20)

    assert (process.returncode, output) == (1, b"")
    assert errors.startswith(b"pg_dump failed: ")
    assert len(errors.splitlines()) == 1
    assert place.files() == before


def test_one_that_is_stopped_leaves_no_file_and_no_dump_at_work(place: Site, large: str) -> None:
    before = place.files()
    process = place.start("backup")
    dumping(place, process, large)
    process.send_signal(signal.SIGTERM)

    assert process.communicate(timeout=20) == (b"", b"")
    assert process.returncode == 130
    assert place.files() == before
    with psycopg.connect(large, autocommit=True) as conn:
        poll(lambda: not conn.execute(DUMPING).fetchall())


def test_one_that_is_killed_leaves_no_name_of_a_backup_and_the_next_tidies_up(
    place: Site, large: str
) -> None:
    before = place.files()
    process = place.start("backup")
    dumping(place, process, large)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate(timeout=20)

    [half] = partial(place)
    after = place.files()
    del after[half.name]
    assert after == before

    place.back_up()
    assert partial(place) == []
