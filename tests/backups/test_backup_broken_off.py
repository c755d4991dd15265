"""An interrupted backup leaves no partial file under a final name, and keeps earlier backups."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

import psycopg
import pytest

from tests.backups import Site, site
from tests.commands import poll

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator
    from pathlib import Path

RECIPIENT = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p"
DUMPING = """
select pid from pg_stat_activity
where application_name = 'pg_dump' and datname = current_database() and state = 'active'
    and query like 'COPY public.opportunities%'
"""


@pytest.fixture
def place(large: str) -> Iterator[Site]:
    """A directory with one backup of a database that is large enough to interrupt its dump."""
    with site(large) as made:
        made.back_up()
        yield made


@pytest.mark.needs("namespaces")
@pytest.mark.parametrize("recipient", ["", RECIPIENT])
def test_a_full_disk_is_reported_and_leaves_no_file(place: Site, recipient: str) -> None:
    """The directory is replaced by a file system of one megabyte in memory."""
    done = place.as_root(
        """
        mount -t tmpfs -o size=1m,mode=700 tmpfs "$BACKUP_DIRECTORY"
        "$PYTHON" -m futuretracker backup
        status=$?
        ls -A "$BACKUP_DIRECTORY"
        exit $status
        """,
        BACKUP_AGE_RECIPIENT=recipient,
    )

    full = f"The backup cannot be written to {place.directory}: No space left on device.\n"
    assert (done.returncode, done.stderr) == (1, full)
    assert done.stdout == ".backup.lock\n"


def dumping(place: Site, process: subprocess.Popen[bytes], url: str) -> int:
    """Wait until pg_dump is writing rows into a file; return the id of its server process."""
    found: list[int] = []

    def rows_flow() -> bool:
        found[:] = [row[0] for row in conn.execute(DUMPING)]
        return bool(found) and any(path.stat().st_size > 100_000 for path in partial(place))

    with psycopg.connect(url, autocommit=True) as conn:
        poll(rows_flow, process)
    return found[0]


def partial(place: Site) -> list[Path]:
    return list(place.directory.glob(".*.partial"))


def test_a_connection_that_breaks_during_the_dump_is_reported(place: Site, large: str) -> None:
    before = place.files()
    process = place.start("backup")
    server = dumping(place, process, large)
    with psycopg.connect(large, autocommit=True) as conn:
        conn.execute("select pg_terminate_backend(%s)", [server])
    output, errors = process.communicate(timeout=120)

    assert (process.returncode, output) == (1, b"")
    assert errors.startswith(b"pg_dump failed: ")
    assert len(errors.splitlines()) == 1
    assert place.files() == before


@pytest.mark.parametrize("recipient", ["", RECIPIENT], ids=["open", "encrypted"])
@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGINT])
def test_a_stopped_backup_says_so_and_leaves_no_file_and_no_running_dump(
    place: Site, large: str, recipient: str, end: signal.Signals
) -> None:
    before = place.files()
    process = place.start("backup", BACKUP_AGE_RECIPIENT=recipient)
    dumping(place, process, large)
    process.send_signal(end)

    sentence = f"The backup was stopped by {end.name}.\n".encode()
    assert process.communicate(timeout=120) == (b"", sentence)
    assert process.returncode == 128 + end
    assert place.files() == before
    with psycopg.connect(large, autocommit=True) as conn:
        poll(lambda: not conn.execute(DUMPING).fetchall())


def test_the_next_backup_removes_the_partial_file_of_a_killed_one(place: Site, large: str) -> None:
    before = place.files()
    process = place.start("backup")
    dumping(place, process, large)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate(timeout=120)

    [half] = partial(place)
    after = place.files()
    del after[half.name]
    assert after == before

    place.back_up()
    assert partial(place) == []
