"""A throw-away Postgres: a folder, a socket in it, and nothing of it left afterwards."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg.conninfo import make_conninfo

from futuretracker.backups.postgres.programs import environment
from futuretracker.backups.problem import BackupProblem

if TYPE_CHECKING:
    from collections.abc import Iterator

    from futuretracker.backups.files.directory import Directory
    from futuretracker.backups.postgres.programs import Programs

START_WITHIN = 60.0  # seconds
END_WITHIN = 10.0  # seconds
# Nobody else connects, nothing has to last, and a small host has little memory.
SETTINGS = {
    "listen_addresses": "",
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_connections": "10",
    "shared_buffers": "32MB",
    "jit": "off",
    "autovacuum": "off",
}
INITDB = ("--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync")


@contextmanager
def cluster(programs: Programs, directory: Directory) -> Iterator[str]:
    """Run a Postgres for the length of the block; yield its owner's URL.

    It runs as this process' user; where that is root, who may run none, as the directory's owner.
    Raise BackupProblem where it does not start.
    """
    who = _user(directory)
    with TemporaryDirectory(prefix="futuretracker-drill-") as name:
        folder = Path(name)
        if who:
            os.chown(folder, directory.owner, directory.group)
        _initialise(programs, folder, who)
        with _server(programs, folder, who) as url:
            yield url


def _user(directory: Directory) -> dict[str, Any]:
    if os.geteuid() != 0:
        return {}
    if directory.owner == 0:
        raise BackupProblem(
            f"Postgres does not run as root: make another user the owner of {directory.path}, or"
            " run the drill as that user."
        )
    return {"user": directory.owner, "group": directory.group, "extra_groups": []}


def _initialise(programs: Programs, folder: Path, who: dict[str, Any]) -> None:
    command = [programs.path("initdb"), *INITDB, f"--pgdata={folder / 'data'}"]
    process = _start(command, folder, who)
    try:
        status = process.wait()
    except BaseException:
        _end_group(process)
        raise
    if status:
        raise BackupProblem(f"initdb failed: {_last_line(folder)}")


def _end_group(process: subprocess.Popen[bytes]) -> None:
    """Kill a program and what it has started, which would go on writing into the folder."""
    deadline = time.monotonic() + END_WITHIN
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        while time.monotonic() < deadline:
            os.killpg(process.pid, 0)
            time.sleep(0.01)


@contextmanager
def _server(programs: Programs, folder: Path, who: dict[str, Any]) -> Iterator[str]:
    command = [programs.path("postgres"), "-D", str(folder / "data"), "-k", str(folder)]
    command += [part for name, value in SETTINGS.items() for part in ("-c", f"{name}={value}")]
    process = _start(command, folder, who)
    try:
        url = make_conninfo(host=str(folder), user="postgres", dbname="postgres")
        _wait(url, process, folder)
        yield url
    finally:
        process.send_signal(signal.SIGQUIT)  # at once: nothing has to last
        process.wait()


def _start(command: list[str], folder: Path, who: dict[str, Any]) -> subprocess.Popen[bytes]:
    with (folder / "log").open("wb") as log:
        return subprocess.Popen(  # noqa: S603 - the operator's choice
            command,
            env=environment(""),
            cwd=folder,
            stdout=log,
            stderr=log,
            start_new_session=True,  # Ctrl-C comes here alone
            **who,
        )


def _wait(url: str, process: subprocess.Popen[bytes], folder: Path) -> None:
    deadline = time.monotonic() + START_WITHIN
    while time.monotonic() < deadline and process.poll() is None:
        try:
            psycopg.connect(url, connect_timeout=5).close()
        except psycopg.OperationalError:
            time.sleep(0.05)
        else:
            return
    raise BackupProblem(f"The drill's own Postgres does not start: {_last_line(folder)}")


def _last_line(folder: Path) -> str:
    """Return the last that a program has said."""
    lines = (folder / "log").read_text(errors="replace").splitlines()
    return next((line.strip() for line in reversed(lines) if line.strip()), "it says nothing")
