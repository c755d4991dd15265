"""Fill a table, start the servers, load them in turn, and print the result.

python -m benchmarks.overload --base FOLDER --output overload
"""

from __future__ import annotations

import argparse
import resource
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from psycopg.conninfo import make_conninfo

from benchmarks.arguments import checkout
from benchmarks.conditions import conditions
from benchmarks.data import run as execute
from benchmarks.data import user_id
from benchmarks.overload import searches
from benchmarks.overload.measurement import FILL, HEAVY, SEARCHER, USERS, Measurement
from benchmarks.overload.outcomes import save
from benchmarks.processes import command
from benchmarks.results import RESULTS, as_line
from benchmarks.servers import ROOT, address, serve, service
from benchmarks.stage import stage
from benchmarks.tables import make
from futuretracker.commands.local.embedded_postgres import postgres

if TYPE_CHECKING:
    from benchmarks.servers import Server
    from benchmarks.stage import Stage

PARTS = ("goodput", "beside", "searches")
CONNECTIONS = (16, 160, 500, 1000, 2000)
ROWS = 20_000
WORKERS = 2


def run(options: argparse.Namespace) -> None:
    """Measure the chosen parts on one table."""
    about = {**conditions(), "rounds": options.rounds, "seconds": options.seconds}
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))  # for thousands of connections
    with stage() as here, postgres(here.folder / "postgres") as url, ExitStack() as stack:
        table = make(url, ROWS)
        fill(make_conninfo(url, dbname=f"rows_{ROWS}"))
        servers = start(here, table.url, options, stack)
        measurement = Measurement(servers, here.tokens([*USERS, HEAVY, SEARCHER]))
        if "goodput" in options.parts:
            measurement.goodput(options.connections, options.rounds, options.seconds)
        if "beside" in options.parts:
            measurement.beside(options.rounds, options.seconds)
        if "searches" in options.parts:
            measurement.searches(options.rounds, options.seconds)
    print(as_line(about))
    if options.output:
        save(options.output, about, measurement.found, options.results)


def start(here: Stage, url: str, options: argparse.Namespace, stack: ExitStack) -> list[Server]:
    """Start this service and, if given, that of another checkout; the stack stops them."""
    checkouts = {"futuretracker": ROOT} | ({"base": options.base} if options.base else {})
    servers = []
    for name, folder in checkouts.items():
        at = address(name, here.folder, behind_nginx=options.behind == "nginx")
        recipe = service(name, at, here.settings(name, url), WORKERS, checkout=folder)
        servers.append(stack.enter_context(serve(recipe, at, here.folder)))
    return servers


def fill(url: str) -> None:
    """Give one user many rows, and another one the rows for the worst searches."""
    execute(url, FILL)
    execute(url, searches.fill(user_id(SEARCHER)))
    execute(url, "vacuum analyze")
    execute(url, "checkpoint")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Measure this service under overload.")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=4, help="seconds per load (default: 4)")
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=PARTS)
    parser.add_argument("--connections", type=int, nargs="+", default=CONNECTIONS)
    parser.add_argument("--behind", choices=["nginx"], help="put nginx in front of the service")
    parser.add_argument(
        "--base", type=checkout, metavar="FOLDER", help="also load another checkout of the service"
    )
    parser.add_argument("--output", metavar="NAME", help="save NAME.json and NAME.md")
    parser.add_argument("--results", type=Path, default=RESULTS, help="the folder for these files")
    return parser.parse_args()


if __name__ == "__main__":
    command(lambda: run(_arguments()))
