"""Run the service, a generator of log lines and ``watch`` for a measurement."""

from __future__ import annotations

import math
import re
import subprocess
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

import psycopg

from benchmarks import servers
from benchmarks.processes import CannotMeasure, log_of, lower_session, started
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
UNIT = servers.ROOT / "deploy/systemd/futuretracker-watch.service"


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


def unit_weight() -> int:
    """Return the CPUWeight of the systemd unit. Other services have 100."""
    [weight] = re.findall(r"(?m)^CPUWeight=(\d+)$", UNIT.read_text())
    return int(weight)


def niceness(weight: int) -> int:
    """Return the niceness with the same share of the processor: each step is a factor of 1.25."""
    return min(19, round(math.log(100 / weight, 1.25)))


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
    """Run ``watch`` with the share of the processor that its unit gives it."""
    env = {
        "WATCH_DATABASE_URL": as_watch(bench.url),
        "ANOMALY_DIRECTORY": str(bench.folder),
        "PYTHONPATH": str(servers.ROOT),
    }
    nice = niceness(bench.options.weight)
    arguments = ["nice", f"--adjustment={nice}", sys.executable]
    arguments += ["-m", "futuretracker", "watch", "--host", "benchmark", "--file", str(log)]
    with started("watch", arguments, env, bench.folder) as process:
        lower_session(process.pid, nice)
        deadline = time.monotonic() + bench.options.within
        while "this host evaluates" not in log_of("watch", bench.folder).read_text():
            if process.poll() is not None or time.monotonic() > deadline:
                raise CannotMeasure("watch did not start")
            time.sleep(0.1)
        yield process


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
