"""Postgres' own programs: which ones, how old, and how they are told where to connect."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, TYPE_CHECKING, Any

from psycopg import pq
from psycopg.conninfo import conninfo_to_dict

from futuretracker.backups.problem import BackupProblem

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

# Debian keeps what belongs to a server out of PATH. What is on it there is a wrapper, which takes
# the version of the host's own server, where there is one, for that of every other.
DEBIAN = Path("/usr/lib/postgresql")
WRAPPER = "pg_wrapper"
KNOWS_SYSTEM_ROOTS = 16  # the first libpq to which sslrootcert=system is no file
_VERSION = re.compile(r"\(PostgreSQL\) ([0-9]+)").search


@dataclass(frozen=True, slots=True)
class Programs:
    """The programs of ``folder``, or where there is none, of PATH."""

    folder: Path | None

    def path(self, name: str) -> str:
        """Return where a program is; raise BackupProblem where it is not."""
        found = shutil.which(name, path=str(self.folder)) if self.folder else _on_path(name)
        if found is None:
            place = f"in POSTGRES_BIN ({self.folder})" if self.folder else "on PATH"
            raise BackupProblem(
                f"There is no {name} {place}: install Postgres' programs"
                " (Debian: postgresql-client, and postgresql for the drill), or set POSTGRES_BIN."
            )
        return found

    def major(self, name: str) -> int:
        """Return a program's major version."""
        try:
            answer = subprocess.run(  # noqa: S603 - the operator's choice
                [self.path(name), "--version"], capture_output=True, text=True, check=False
            )
        except OSError as error:
            raise BackupProblem(f"{name} does not run: {error.strerror}.") from error
        version = _VERSION(answer.stdout)
        if version is None:
            raise BackupProblem(f"{self.path(name)} is not Postgres' {name}.")
        return int(version[1])

    def check(self, name: str, oldest: int, what: str, url: str = "") -> None:
        """Hold a program to the major version of ``what``, and its libpq to the URL."""
        major = self.major(name)
        if major < oldest:
            raise BackupProblem(
                f"{name} is of Postgres {major}, {what} of Postgres {oldest}: install version"
                f" {oldest} or newer, or set POSTGRES_BIN to its folder."
            )
        if major < KNOWS_SYSTEM_ROOTS and conninfo_to_dict(url).get("sslrootcert") == "system":
            raise BackupProblem(
                f"{name} of Postgres {major} does not know the system's authorities: name a file"
                " in the URL, such as sslrootcert=/etc/ssl/certs/ca-certificates.crt."
            )


class Running:
    """A program at work, whose complaints are kept for its end."""

    def __init__(self, process: subprocess.Popen[bytes], complaints: IO[bytes]) -> None:
        self.process = process
        self._complaints = complaints

    def finish(self) -> None:
        """Wait for the end; raise BackupProblem with what the program says where it failed."""
        if status := self.process.wait():
            self._complaints.seek(0)
            text = self._complaints.read(65536).decode(errors="replace")
            name = Path(str(self.process.args[0])).name  # type: ignore[index]
            reason = _first_error(text) or f"it ended with status {status}"
            raise BackupProblem(f"{name} failed: {reason}")


@contextmanager
def running(
    command: list[str], environment: Mapping[str, str], **options: Any
) -> Iterator[Running]:
    """Run a program for the length of the block, which may ``finish`` it; else it is killed."""
    with TemporaryFile() as complaints:
        process = subprocess.Popen(  # noqa: S603 - the operator's choice
            command, env=dict(environment), stderr=complaints, **options
        )
        try:
            yield Running(process, complaints)
        finally:
            if process.poll() is None:
                process.kill()
            process.wait()
            if process.stdin:
                with suppress(BrokenPipeError):
                    process.stdin.close()


def environment(url: str) -> dict[str, str]:
    """Return what tells libpq where to connect, secrets included: arguments are everybody's.

    What has no variable, such as keepalives, is left at its default.
    """
    given = conninfo_to_dict(url)
    variables = {
        option.envvar.decode(): str(given[option.keyword.decode()])
        for option in pq.Conninfo.get_defaults()
        if option.envvar and option.keyword.decode() in given
    }
    kept = {
        name: value
        for name, value in os.environ.items()
        if name in {"PATH", "HOME", "TMPDIR"} or name.startswith("PG")
    }
    return {**kept, "LC_ALL": "C", **variables}


def _on_path(name: str) -> str | None:
    found = shutil.which(name)
    if found and Path(found).resolve().name != WRAPPER:
        return found
    versions = [folder for folder in DEBIAN.glob("*/bin") if folder.parent.name.isdecimal()]
    newest = sorted(versions, key=lambda folder: int(folder.parent.name), reverse=True)
    return shutil.which(name, path=os.pathsep.join(map(str, newest))) or found


def _first_error(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    # psql names the line of its script, pg_dump itself.
    said = next((line for line in lines if re.search(r"\b(error|ERROR|FATAL)\b:", line)), None)
    return re.sub(r"^.*?\b(error|ERROR): +", "", said) if said else "".join(lines[:1])
