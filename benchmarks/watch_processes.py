"""Run the service, a generator of log lines and ``watch`` for a measurement."""

from __future__ import annotations

import subprocess
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

import psycopg

from benchmarks import servers
from benchmarks.idle import idle_group
from benchmarks.processes import CannotMeasure, log_of, started
from benchmarks.wrk import ORIGIN
from futuretracker.commands.local.embedded_postgres import as_service, as_watch, postgres
from futuretracker.database.migrate import migrate

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator
    from pathlib import Path

    from benchmarks.stage import Stage

# The trigger would hold a lock for each user until the end.
USERS = """
set session_replication_role = replica;
insert into users (clerk_id) select 'user_' || n from generate_series(1, {}) as n
"""
BACKENDS = "select pid from pg_stat_activity where application_name = 'futuretracker watch'"
READER_AND_EVALUATION = 2


class Bench(NamedTuple):
    """What all phases need."""

    folder: Path
    conn: psycopg.Connection[Any]
    url: str
    port: int
    token: str
    options: argparse.Namespace

    def number(self, statement: str) -> int:
        """Return the only value of a statement."""
        row = self.conn.execute(statement.encode()).fetchone()
        return int(row[0]) if row else 0


@contextmanager
def generator(bench: Bench, file: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Write lines to a file in a process of its own."""
    options = bench.options
    arguments = [f"--rate={options.rate}", f"--seconds={options.seconds}"]
    arguments += [f"--users={options.users}", str(file)]
    with subprocess.Popen(
        [sys.executable, "-m", "benchmarks.log_lines", *arguments],
        cwd=servers.ROOT,
        stdout=subprocess.PIPE,
        start_new_session=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


@contextmanager
def watch(bench: Bench, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run ``watch`` as its unit does: it gets what the others leave of the processors.

    If Postgres is to be elsewhere, the same is true for the processes of Postgres that work for it.
    """
    env = {
        "WATCH_DATABASE_URL": as_watch(bench.url),
        "ANOMALY_DIRECTORY": str(bench.folder),
        "PYTHONPATH": str(servers.ROOT),
    }
    arguments = [sys.executable, "-m", "futuretracker", "watch"]
    arguments += ["--host", "benchmark", "--file", str(log)]
    with idle_group() as group, started("watch", arguments, env, bench.folder) as process:
        group.add(process.pid)
        backends = _wait_for_backends(bench, process)
        for pid in backends if bench.options.postgres == "elsewhere" else ():
            group.add(pid)
        yield process


def _wait_for_backends(bench: Bench, process: subprocess.Popen[bytes]) -> list[int]:
    """Wait until ``watch`` evaluates and reads, and return the processes of Postgres for it."""
    deadline = time.monotonic() + bench.options.within
    while process.poll() is None and time.monotonic() < deadline:
        backends = [pid for (pid,) in bench.conn.execute(BACKENDS)]
        evaluates = "this host evaluates" in log_of("watch", bench.folder).read_text()
        if evaluates and len(backends) == READER_AND_EVALUATION:
            return backends
        time.sleep(0.1)
    raise CannotMeasure("watch did not start")


@contextmanager
def benched(here: Stage, options: argparse.Namespace) -> Iterator[Bench]:
    """Run Postgres and the service."""
    with postgres(here.folder / "postgres") as url:
        migrate(url)
        with psycopg.connect(url) as conn:
            conn.execute(USERS.format(options.users).encode())
        at = servers.address("service", here.folder, behind_nginx=False)
        recipe = servers.service("service", at, here.settings("service", as_service(url)), 1)
        token = here.issuer.token("user_1", ttl=24 * 3600, azp=ORIGIN)
        with (
            servers.serve(recipe, at, here.folder),
            psycopg.connect(url, autocommit=True) as conn,
        ):
            yield Bench(here.folder, conn, url, at.port, token, options)
