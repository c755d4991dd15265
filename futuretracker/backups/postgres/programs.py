"""Find and run PostgreSQL's programs."""

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

# Debian keeps the server's programs out of PATH. The client programs on PATH are a wrapper there,
# which picks the version of the host's own server, even for other servers.
DEBIAN = Path("/usr/lib/postgresql")
WRAPPER = "pg_wrapper"
KNOWS_SYSTEM_ROOTS = 16  # the first libpq that understands sslrootcert=system
_VERSION = re.compile(r"\(PostgreSQL\) ([0-9]+)").search


@dataclass(frozen=True, slots=True)
class Programs:
    """The programs in ``folder``, or those on PATH if it is None."""

    folder: Path | None

    def path(self, name: str) -> str:
        """Return a program's path; raise BackupProblem if it is not installed."""
        found = shutil.which(name, path=str(self.folder)) if self.folder else _on_path(name)
        if found is None:
            place = f"in POSTGRES_BIN ({self.folder})" if self.folder else "on PATH"
            raise BackupProblem(
                f"There is no {name} {place}: install PostgreSQL's programs"
                " (Debian: postgresql-client, and postgresql for the drill), or set POSTGRES_BIN."
            )
        return found

    def major(self, name: str) -> int:
        """Return a program's major version."""
        try:
            result = subprocess.run(  # noqa: S603 - the operator's choice
                [self.path(name), "--version"], capture_output=True, text=True, check=False
            )
        except OSError as error:
            raise BackupProblem(f"{name} cannot be run: {error.strerror}.") from error
        version = _VERSION(result.stdout)
        if version is None:
            raise BackupProblem(f"{self.path(name)} is not PostgreSQL's {name}.")
        return int(version[1])

    def check(self, name: str, oldest: int, what: str, url: str = "") -> None:
        """Raise BackupProblem if a program is older than ``oldest`` or cannot use ``url``.

        ``what`` names the part that needs this version, for the message.
        """
        major = self.major(name)
        if major < oldest:
            raise BackupProblem(
                f"{name} has version {major}, but {what} has version {oldest}: install version"
                f" {oldest} or newer, or set POSTGRES_BIN to its folder."
            )
        if major < KNOWS_SYSTEM_ROOTS and conninfo_to_dict(url).get("sslrootcert") == "system":
            raise BackupProblem(
                f"{name} {major} does not support sslrootcert=system: name a file in the URL,"
                " such as sslrootcert=/etc/ssl/certs/ca-certificates.crt."
            )


class Running:
    """A running program and what it has written to stderr."""

    def __init__(self, process: subprocess.Popen[bytes], stderr: IO[bytes]) -> None:
        self.process = process
        self._stderr = stderr

    def finish(self) -> None:
        """Wait until the program exits; raise BackupProblem with its error message if it failed."""
        if status := self.process.wait():
            self._stderr.seek(0)
            text = self._stderr.read(65536).decode(errors="replace")
            name = Path(str(self.process.args[0])).name  # type: ignore[index]
            reason = _first_error(text) or f"it exited with status {status}"
            raise BackupProblem(f"{name} failed: {reason}")


@contextmanager
def running(
    command: list[str], environment: Mapping[str, str], **options: Any
) -> Iterator[Running]:
    """Run a program until the block ends. It is killed unless the block calls ``finish``."""
    with TemporaryFile() as stderr:
        process = subprocess.Popen(  # noqa: S603 - the operator's choice
            command, env=dict(environment), stderr=stderr, **options
        )
        try:
            yield Running(process, stderr)
        finally:
            if process.poll() is None:
                process.kill()
            process.wait()
            if process.stdin:
                with suppress(BrokenPipeError):
                    process.stdin.close()


def environment(url: str) -> dict[str, str]:
    """Return environment variables that tell libpq where to connect.

    Passwords go into the environment, because every user of the host can read a program's
    arguments. Connection parameters without a variable, such as keepalives, keep their defaults.
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
    # psql prints the line of its script before the message, and pg_dump its own name.
    said = next((line for line in lines if re.search(r"\b(error|ERROR|FATAL)\b:", line)), None)
    return re.sub(r"^.*?\b(error|ERROR): +", "", said) if said else "".join(lines[:1])
