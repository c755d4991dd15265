"""Restore a backup into an empty database, completely or not at all."""

from __future__ import annotations

import signal
from dataclasses import dataclass
from tempfile import TemporaryFile
from typing import TYPE_CHECKING, Any

import psycopg

from futuretracker.backups.contents.comparison import differences
from futuretracker.backups.contents.content import Content
from futuretracker.backups.postgres.programs import environment, running
from futuretracker.backups.postgres.snapshot import CONNECT_WITHIN
from futuretracker.backups.postgres.target import check_target, surrounding_sql
from futuretracker.backups.problem import BackupProblem
from futuretracker.telemetry.progress import SILENT

if TYPE_CHECKING:
    from futuretracker.backups.files.archive import Archive
    from futuretracker.backups.postgres.programs import Programs
    from futuretracker.config.database import Server
    from futuretracker.telemetry.progress import Progress

# The schema exists already, and its default privileges are the platform's.
NOT_OURS = (" SCHEMA - public ", " COMMENT - SCHEMA public ", " DEFAULT ACL ")
SHOWN = 3  # differences that a message lists


class DifferentContent(BackupProblem):
    """The restored database differs from the backup; the message lists some differences."""


@dataclass(frozen=True, slots=True)
class Restored:
    """The number of restored rows by table."""

    rows: dict[str, int]


def restore(
    archive: Archive, server: Server, programs: Programs, progress: Progress = SILENT
) -> Restored:
    """Restore into an empty database and compare every table with the backup's manifest.

    Raise BackupProblem or psycopg.Error; then nothing was restored, except after DifferentContent.
    """
    progress.begin(f"Checking {archive.path.name}")
    archive.check()
    with psycopg.connect(server.url, connect_timeout=CONNECT_WITHIN, autocommit=True) as conn:
        check_target(conn, archive.manifest, server.setting)
        for name in ("pg_restore", "psql"):
            programs.check(name, archive.manifest.postgres, "the backup", server.url)
        surrounding = surrounding_sql(conn, archive.manifest)
    progress.begin(f"Restoring {archive.path.name}", "bytes", archive.size)
    _run_psql(archive, server, programs, surrounding, progress)
    progress.begin("Comparing every row with the manifest")
    with psycopg.connect(server.url, connect_timeout=CONNECT_WITHIN) as conn:
        _compare(archive.manifest.content, Content.read(conn))
    return Restored(archive.manifest.content.rows())


def _run_psql(
    archive: Archive,
    server: Server,
    programs: Programs,
    surrounding: tuple[bytes, bytes],
    progress: Progress,
) -> None:
    """Pipe the SQL that pg_restore writes into psql; only the SQL after it commits."""
    before, after = surrounding
    command = [
        programs.path("psql"),
        "--no-psqlrc",
        "--quiet",
        "--no-password",
        "--output=/dev/null",
    ]
    command += ["--set=ON_ERROR_STOP=1", "--file=-"]
    # This file has no name, so nothing is left of it if this process is killed.
    with TemporaryFile() as listing:
        listing.write(_listing(archive, programs))
        listing.flush()
        with running(command, environment(server.url), stdin=-1) as psql:
            pipe: Any = psql.process.stdin
            try:
                pipe.write(before)
                pipe.flush()
                _write_sql(archive, programs, listing.fileno(), pipe, progress)
                pipe.write(after)
                pipe.close()
            except BrokenPipeError:
                psql.finish()
                raise
            psql.finish()


def _write_sql(
    archive: Archive, programs: Programs, listing: int, pipe: Any, progress: Progress
) -> None:
    command = [programs.path("pg_restore"), "--exit-on-error", "--no-owner"]
    command += [f"--use-list=/dev/fd/{listing}", "--file=-"]
    options = {"stdin": -1, "stdout": pipe, "pass_fds": [listing]}
    with running(command, environment(""), **options) as restoring:
        archive.feed(restoring.process, progress)
        if restoring.process.wait() == -signal.SIGPIPE:
            raise BrokenPipeError  # psql has exited first, and its error says why
        restoring.finish()


def _listing(archive: Archive, programs: Programs) -> bytes:
    """Return the dump's table of contents without the entries that must not be restored."""
    command = [programs.path("pg_restore"), "--list"]
    with (
        TemporaryFile() as output,
        running(command, environment(""), stdin=-1, stdout=output) as listing,
    ):
        archive.feed(listing.process)
        listing.finish()
        output.seek(0)
        lines = output.read().decode().splitlines(keepends=True)
    return "".join(line for line in lines if not any(part in line for part in NOT_OURS)).encode()


def _compare(wanted: Content, found: Content) -> None:
    clauses = differences(wanted, found)
    if clauses:
        more = f"; and {len(clauses) - SHOWN} more" if len(clauses) > SHOWN else ""
        raise DifferentContent(
            "The restored database differs from the backup:"
            f" {'; '.join(clauses[:SHOWN])}{more}. Do not use it."
        )
