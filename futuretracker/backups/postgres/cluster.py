"""Run a temporary Postgres in a temporary folder, reachable through a socket file only."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg.conninfo import make_conninfo

from futuretracker.backups.postgres.leftovers import drill_folder
from futuretracker.backups.postgres.programs import environment
from futuretracker.backups.problem import BackupProblem

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from futuretracker.backups.files.directory import Directory
    from futuretracker.backups.postgres.programs import Programs

START_WITHIN = 60.0  # seconds
END_WITHIN = 10.0  # seconds
# Only the drill connects, no data has to survive, and a small host has little memory.
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
    """Run a Postgres until the block ends; yield the URL of its owner.

    It runs as the current user. Postgres refuses to run as root, so for root it runs as the owner
    of the backup directory. Raise BackupProblem if it does not start.
    """
    user = _user(directory)
    with drill_folder(directory) as folder:
        _initialise(programs, folder, user)
        with _server(programs, folder, user) as url:
            yield url


def _user(directory: Directory) -> dict[str, Any]:
    if os.geteuid() != 0:
        return {}
    if directory.owner == 0:
        raise BackupProblem(
            f"Postgres refuses to run as root: make another user the owner of {directory.path}, or"
            " run the drill as that user."
        )
    return {"user": directory.owner, "group": directory.group, "extra_groups": []}


def _initialise(programs: Programs, folder: Path, user: dict[str, Any]) -> None:
    command = [programs.path("initdb"), *INITDB, f"--pgdata={folder / 'data'}"]
    process = _start(command, folder, user)
    try:
        status = process.wait()
    except BaseException:
        _end_group(process)
        raise
    if status:
        raise BackupProblem(f"initdb failed: {_last_line(folder)}")


def _end_group(process: subprocess.Popen[bytes]) -> None:
    """Kill a program and its children, which would otherwise go on writing into the folder."""
    deadline = time.monotonic() + END_WITHIN
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        while time.monotonic() < deadline:
            os.killpg(process.pid, 0)
            time.sleep(0.01)


@contextmanager
def _server(programs: Programs, folder: Path, user: dict[str, Any]) -> Iterator[str]:
    command = [programs.path("postgres"), "-D", str(folder / "data"), "-k", str(folder)]
    command += [part for name, value in SETTINGS.items() for part in ("-c", f"{name}={value}")]
    process = _start(command, folder, user)
    try:
        url = make_conninfo(host=str(folder), user="postgres", dbname="postgres")
        _wait(url, process, folder)
        yield url
    finally:
        process.send_signal(signal.SIGQUIT)  # immediate shutdown: no data has to survive
        process.wait()


def _start(command: list[str], folder: Path, user: dict[str, Any]) -> subprocess.Popen[bytes]:
    with (folder / "log").open("wb") as log:
        return subprocess.Popen(  # noqa: S603 - the operator's choice
            command,
            env=environment(""),
            cwd=folder,
            stdout=log,
            stderr=log,
            start_new_session=True,  # only this process receives Ctrl-C
            **user,
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
    raise BackupProblem(f"The drill's temporary Postgres does not start: {_last_line(folder)}")


def _last_line(folder: Path) -> str:
    """Return the last line that a program has printed."""
    lines = (folder / "log").read_text(errors="replace").splitlines()
    return next((line.strip() for line in reversed(lines) if line.strip()), "it printed nothing")
