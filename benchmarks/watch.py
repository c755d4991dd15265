"""Measure ``watch`` while the service writes many log lines.

    python -m benchmarks.watch --rate 10000 --seconds 60 --users 100000

A file gets so many ACTIVITY lines a second, each of one of the users. The service runs beside it,
on the same Postgres. Its latency is measured before and meanwhile.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg.conninfo import make_conninfo

from benchmarks import servers
from benchmarks.conditions import conditions
from benchmarks.latency import Latency
from benchmarks.processes import CannotMeasure, command, memory, started
from benchmarks.results import as_line
from benchmarks.stage import stage
from benchmarks.wrk import ORIGIN
from futuretracker.commands.local.embedded_postgres import as_service, postgres
from futuretracker.database.migrate import migrate

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# The trigger would hold a lock for each user until the end.
USERS = """
set session_replication_role = replica;
insert into users (clerk_id) select 'user_' || n from generate_series(1, {}) as n
"""
PROGRESS = "select coalesce(sum(lines), 0) from watch_sources"
TICK = 0.05  # seconds between two writes
LINE = json.dumps(
    {
        "timestamp": "TIME",
        "type": "ACTIVITY",
        "since": "TIME",
        "userId": "user_USER",
        "session": "sess_USER",
        "client": "web",
        "ip": "10.BLOCK.7",
        "agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
        "requests": 7,
        "reads": 6,
        "missing": 0,
        "ids": 3,
        "pages": 2,
        "bytes": 12345,
        "requestIds": ["0f0e0d0c-0b0a-4908-8706-050403020100"] * 3,
    }
)


class Figures:
    """What is measured: times in seconds after the last line was written, memory in MiB."""

    def __init__(self) -> None:
        self.written = 0
        self.behind = 0  # lines that were not read yet, at most
        self.peak = 0.0
        self.read = self.evaluated = 0.0


def lines(users: int, number: int, chance: random.Random) -> bytes:
    """Return so many lines about users that are chosen by chance, with the time of now."""
    now = datetime.now(UTC).isoformat(timespec="milliseconds")[:-6] + "Z"
    text = LINE.replace("TIME", now)
    found = []
    for _ in range(number):
        user = chance.randint(1, users)
        block = f"{user // 250 % 250}.{user % 250}"
        found.append(text.replace("USER", str(user)).replace("BLOCK", block))
    return ("\n".join(found) + "\n").encode()


def ticks(seconds: float) -> Iterator[float]:
    """Yield the time since the start, once each tick, for so many seconds."""
    began = time.monotonic()
    while (passed := time.monotonic() - began) < seconds:
        yield passed
        time.sleep(max(0.0, TICK - (time.monotonic() - began - passed)))


def load(log: Path, options: argparse.Namespace, url: str, pid: int) -> Figures:
    """Write the lines, and follow how they are read and evaluated."""
    figures, written, chance = Figures(), 0, random.Random(18)  # noqa: S311 - no secret
    with log.open("ab", buffering=0) as file, psycopg.connect(url, autocommit=True) as conn:
        for passed in ticks(options.seconds):
            due = int((passed + TICK) * options.rate) - written
            file.write(lines(options.users, due, chance))
            written += due
            figures.behind = max(figures.behind, written - number(conn, PROGRESS))
            figures.peak = max(figures.peak, memory(pid).rss)
        began = time.monotonic()
        while number(conn, PROGRESS) < written:
            wait(figures, pid, began, options)
        figures.read = time.monotonic() - began
        while number(conn, "select count(*) from watch_inbox"):
            wait(figures, pid, began, options)
        figures.evaluated = time.monotonic() - began
        if number(conn, PROGRESS) != written:
            raise CannotMeasure("lines were read twice")
    figures.written = written
    return figures


def wait(figures: Figures, pid: int, began: float, options: argparse.Namespace) -> None:
    """Wait a moment, and look at the memory."""
    if time.monotonic() - began > options.within:
        raise CannotMeasure(f"not everything is evaluated after {options.within} s")
    figures.peak = max(figures.peak, memory(pid).rss)
    time.sleep(0.2)


def number(conn: psycopg.Connection[Any], statement: str) -> int:
    """Return the only value of a statement."""
    row = conn.execute(statement.encode()).fetchone()
    return int(row[0]) if row else 0


def measure(options: argparse.Namespace) -> None:
    """Run Postgres, the service and ``watch``, and print what was measured."""
    print(as_line(conditions()))
    with stage() as here, postgres(here.folder / "postgres") as url:
        migrate(url)
        with psycopg.connect(url) as conn:
            conn.execute(USERS.format(options.users).encode())
        at = servers.address("service", here.folder, behind_nginx=False)
        recipe = servers.service("service", at, here.settings("service", as_service(url)), 1)
        log = here.folder / "service.log.json"
        log.touch()
        env = {
            "WATCH_DATABASE_URL": make_conninfo(url, user="futuretracker_watch"),
            "ANOMALY_DIRECTORY": str(here.folder),
            "PYTHONPATH": str(servers.ROOT),
        }
        watch = [sys.executable, "-m", "futuretracker", "watch", "--file", str(log)]
        token = here.issuer.token("user_1", ttl=3600, azp=ORIGIN)
        with servers.serve(recipe, at, here.folder):
            before = Latency.measured(at.port, token, options.quiet)
            with (
                started("watch", watch, env, here.folder) as process,
                Latency(at.port, token) as meanwhile,
            ):
                figures = load(log, options, url, process.pid)
        show(figures, options, before, meanwhile)


def show(
    figures: Figures, options: argparse.Namespace, before: Latency, meanwhile: Latency
) -> None:
    """Print a table."""
    print("| Measured | Value |\n|---|---|")
    print(f"| lines written | {figures.written:,} in {options.seconds:.0f} s |")
    print(f"| most lines that were not read yet | {figures.behind:,} |")
    print(f"| all read, after the last line | {figures.read:.1f} s |")
    print(f"| all evaluated, after the last line | {figures.evaluated:.1f} s |")
    print(f"| peak memory of watch | {figures.peak:.0f} MiB |")
    print(f"| latency of the service before | {before} |")
    print(f"| latency of the service meanwhile | {meanwhile} |")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Measure anomaly detection under load.")
    parser.add_argument("--rate", type=int, default=10_000, help="lines a second")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--users", type=int, default=100_000)
    parser.add_argument("--quiet", type=float, default=10, help="seconds without lines before")
    parser.add_argument("--within", type=float, default=1200, help="seconds (default: 1200)")
    command(lambda: measure(parser.parse_args()))
