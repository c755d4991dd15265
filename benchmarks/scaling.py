"""Measure how the service grows with rows, users, connections and workers.

    python -m benchmarks.scaling --rows 10000 100000 1000000 10000000

Every request is a user's first page (``/api/v1/opportunities``). Each round loads every case once.
``ratio`` is the first line's requests per second divided by the line's own.
"""

from __future__ import annotations

import argparse
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.chart import Panel
from benchmarks.conditions import conditions
from benchmarks.data import postmaster
from benchmarks.growth import WORKERS, Growth
from benchmarks.processes import command
from benchmarks.report import OURS, rows, table
from benchmarks.results import RESULTS, as_line, keep
from benchmarks.rounds import measure
from benchmarks.setup import need
from benchmarks.stage import stage
from benchmarks.tables import make
from futuretracker.commands.local.embedded_postgres import postgres

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.report import Row
    from benchmarks.samples import Samples
    from benchmarks.stage import Stage
    from benchmarks.tables import Table

ROWS = (10_000, 100_000, 1_000_000)
PARTS = ("rows", "users", "connections", "workers")


def run(options: argparse.Namespace) -> None:
    """Fill the tables, start, measure, stop everything, and print the result."""
    need("wrk")
    about = {**conditions(), "rounds": options.rounds, "seconds": options.seconds}
    with stage() as here, postgres(here.folder / "postgres") as url, ExitStack() as stack:
        tables = [make(url, count) for count in sorted(options.rows)]
        pid = postmaster(here.folder / "postgres")
        about |= worker_memory(here, tables[0], pid)
        growth = Growth(here, tables, pid, stack)
        groups = {part: getattr(growth, part)() for part in options.parts}
        results = measure(groups, rounds=options.rounds, seconds=options.seconds)
    print(as_line(about))
    print("\n".join(table(results)))
    if options.output:
        keep(options.output, about, results, panels(results), options.results)


def worker_memory(here: Stage, table: Table, postgres: int) -> dict[str, dict[int, float]]:
    """Return a worker's memory by number of workers; each number is measured in a new service."""
    found = {}
    for workers in WORKERS:
        with ExitStack() as stack:
            found[workers] = Growth(here, [table], postgres, stack).memory(workers)
    return {
        "PSS of a worker, MiB": {n: memory.pss for n, memory in found.items()},
        "RSS of a worker, MiB": {n: memory.rss for n, memory in found.items()},
    }


def panels(results: dict[str, Samples]) -> list[Panel]:
    """Return the charts of requests per second and of slow requests."""
    found = {f"{r.server} {group}": r for group, of in results.items() for r in rows(of)}

    def panel(title: str, figure: Callable[[Row], float]) -> Panel:
        return Panel(title, {name: {OURS: figure(row)} for name, row in found.items()})

    return [
        panel("Requests per second (more is better)", lambda row: row.rate),
        panel("p99, ms (less is better)", lambda row: row.p99),
    ]


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Measure how this service grows.")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=2, help="seconds per load (default: 2)")
    parser.add_argument("--rows", type=int, nargs="+", default=ROWS, help="the sizes of the tables")
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=PARTS)
    parser.add_argument("--output", metavar="NAME", help="save NAME.json, .md and .svg")
    parser.add_argument("--results", type=Path, default=RESULTS, help="the folder for these files")
    return parser.parse_args()


if __name__ == "__main__":
    command(lambda: run(_arguments()))
