"""Load this service and its peers, the same API with other frameworks, and compare them.

    python -m benchmarks.bench --rounds 5 --seconds 2
    python -m benchmarks.bench --behind nginx --workloads list one create mix
    python -m benchmarks.bench --base ../before --servers futuretracker

The speed of a shared machine drifts, so each round loads every server once, and the result is the
median of the rounds' ratios. The result of a single round means little. CPU is the user and system
time of a server's processes, without nginx; Postgres' CPU is listed separately. The benchmark needs
``wrk`` and ``node``, and installs the peers' packages itself.
"""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from benchmarks import servers
from benchmarks.arguments import read_arguments
from benchmarks.chart import Panel
from benchmarks.conditions import conditions
from benchmarks.data import PAGE, READERS, WRITERS, database
from benchmarks.pgbench import Pgbench
from benchmarks.processes import command
from benchmarks.report import rows, table
from benchmarks.results import as_line, keep
from benchmarks.rounds import Case, measure
from benchmarks.samples import CONNECTIONS
from benchmarks.setup import need
from benchmarks.stage import stage
from benchmarks.workloads import workloads
from benchmarks.wrk import Wrk

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from benchmarks.data import Database
    from benchmarks.samples import Contender, Samples
    from benchmarks.stage import Stage


def run(options: argparse.Namespace) -> None:
    """Start everything, measure, stop everything, and print the result."""
    need("wrk")
    about = conditions() | {
        "rounds": options.rounds,
        "seconds": options.seconds,
        "connections": CONNECTIONS,
        "processes": options.processes,
        "behind": options.behind,
    }
    with (
        stage() as here,
        database(here.folder / "postgres") as db,
        contenders(options, here, db) as found,
    ):
        requests = workloads(db)
        groups = {
            name: {c.name: Case(c, requests[name]) for c in found if not c.lacks(name)}
            for name in options.workloads
        }
        results = measure(groups, rounds=options.rounds, seconds=options.seconds, tidy=db.tidy)
    print(as_line(about))
    print("All figures are medians. A ratio is the first server's figure divided by the other's.")
    print("\n".join(table(results)))
    if options.output:
        keep(options.output, about, results, panels(results), options.results)


def panels(results: dict[str, Samples]) -> list[Panel]:
    """Return the charts of requests per second and of CPU per request."""
    found = {workload: rows(samples) for workload, samples in results.items()}
    return [
        Panel(
            "Requests per second (more is better)",
            # pgbench is far faster than any server and would flatten the bars; the table lists it.
            {name: {r.server: r.rate for r in of if r.cpu} for name, of in found.items()},
        ),
        Panel(
            "CPU per request, us, without Postgres (less is better)",
            {name: {r.server: r.cpu for r in of if r.cpu} for name, of in found.items()},
        ),
    ]


@contextmanager
def contenders(options: argparse.Namespace, here: Stage, db: Database) -> Iterator[list[Contender]]:
    """Start the chosen servers, ours first, until the block ends."""
    tokens = here.tokens([*READERS, *WRITERS])
    with ExitStack() as stack:
        found: list[Contender] = []
        for recipe, at in recipes(options, here, db):
            server = stack.enter_context(servers.serve(recipe, at, here.folder))
            loaded = Wrk(server, tokens, db.pid)
            loaded.check(workloads(db)["list"][0], PAGE)
            found.append(loaded)
        if "pgbench" in options.servers:
            found.append(Pgbench(db))
        yield found


def recipes(
    options: argparse.Namespace, here: Stage, db: Database
) -> Iterator[tuple[servers.Recipe, servers.Address]]:
    """Yield how to start each chosen server, and its address. Ours come first."""
    variants = dict(options.variant)
    peers = {"express": servers.express, "fastify": servers.fastify, "fastapi": servers.fastapi}
    peers_settings = {"PGHOST": db.sockets, "JWT_PUB": str(here.public_key())}
    base = ["base"] if options.base else []
    for name in ("futuretracker", *base, *variants, "bare", *peers):
        if name not in {*options.servers, *base, *variants}:
            continue
        at = servers.address(name, here.folder, behind_nginx=options.behind == "nginx")
        processes = options.processes.get(name, options.processes["futuretracker"])
        settings = here.settings(name, db.service_url)
        if name in peers:
            recipe = peers[name](at, peers_settings, processes)
        elif name == "bare":
            recipe = servers.bare(at, settings, processes)
        elif name == "base":
            recipe = servers.service(name, at, settings, processes, checkout=options.base)
        else:
            arguments = variants.get(name, "")
            recipe = servers.service(name, at, settings, processes, arguments=arguments)
        yield recipe, at


if __name__ == "__main__":
    command(lambda: run(read_arguments()))
