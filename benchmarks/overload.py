"""Measure what the service still does when it gets more than it can do.

    python -m benchmarks.overload --base FOLDER --output overload

``goodput``: clients create rows, give up after a second and try anew. ``beside``: sixteen light
users read and write while one user with 50,000 rows has 64 expensive requests in flight.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, fields
from itertools import islice
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from psycopg.conninfo import make_conninfo

from benchmarks.arguments import checkout
from benchmarks.conditions import conditions
from benchmarks.data import run as execute
from benchmarks.data import user_id
from benchmarks.processes import CannotMeasure, command
from benchmarks.results import RESULTS, as_line
from benchmarks.servers import ROOT, address, serve, service
from benchmarks.stage import stage
from benchmarks.tables import make
from benchmarks.workloads import NEW_ROW, Request
from benchmarks.wrk import headers, message
from futuretracker.commands.local.embedded_postgres import postgres

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from benchmarks.servers import Server
    from benchmarks.tables import Table

PARTS = ("goodput", "beside")
CONNECTIONS = (16, 160, 500, 1000, 2000)
PATIENCE = 1.0  # seconds
ROWS = 20_000
LIGHT, HEAVY, USERS = range(16), 100, range(100)
HEAVY_ROWS, IN_FLIGHT = 50_000, 64
WORKERS = 2
FILL = f"""
insert into opportunities (user_id, title, description, category, created_at)
select '{user_id(HEAVY)}', 'Opportunity ' || n, 'What it is about, in a line or two. ' || n,
    'internship', now() - n * interval '1 minute'
from generate_series(1, {HEAVY_ROWS}) as n
"""  # noqa: S608 - only constants of this file
SEARCH = "/api/v1/opportunities?limit=25&include=total&q="
TOO_LONG = json.dumps({"title": "x" * 2**20})[: 2**20 - 2] + '"}'


def expensive(tokens: Mapping[int, str]) -> dict[str, bytes]:
    """Return the expensive requests of one user, by name."""

    def sent(line: str, body: str = "") -> bytes:
        sending = headers(Request("", HEAVY), tokens) | {"Host": "127.0.0.1"}
        if body:
            sending |= {"Content-Type": "application/json", "Content-Length": str(len(body))}
        lines = [f"{line} HTTP/1.1", *(f"{name}: {value}" for name, value in sending.items())]
        return "\r\n".join([*lines, "", body]).encode()

    return {
        "search": sent(f"GET {SEARCH}opportunity"),
        "search without a hit": sent(f"GET {SEARCH}nowhere"),
        "analytics": sent("GET /api/v1/analytics"),
        "whole list": sent("GET /api/opportunities"),
        "1 MiB bodies": sent("POST /api/v1/opportunities", TOO_LONG),
    }


@dataclass(frozen=True)
class Outcome:
    """What the clients of one load got, per second, and the latency of the good responses in ms."""

    good: float
    refused: float
    errors: float
    given_up: float
    p50: float
    p99: float


@contextmanager
def load(
    server: Server, requests: Sequence[bytes], seconds: float, connections: int, patience: float
) -> Iterator[list[Outcome]]:
    """Load a server; yield a list that has the outcome after the block."""
    found: list[Outcome] = []
    with tempfile.NamedTemporaryFile() as file:
        file.write(b"".join(request + b"\0" for request in requests))
        file.flush()
        arguments = [server.port, file.name, seconds, connections, patience]
        process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.clients", *map(str, arguments)],
            cwd=ROOT,
            stdout=subprocess.PIPE,
        )
        yield found
        output, _ = process.communicate(timeout=seconds + 60)
    if process.returncode:
        raise CannotMeasure(f"the clients of {server.name} failed")
    result = json.loads(output)
    counts: dict[str, int] = result["counts"]
    counted: float = result["seconds"]

    def rate(*outcomes: str) -> float:
        return sum(n for name, n in counts.items() if name.startswith(outcomes)) / counted

    found.append(
        Outcome(
            good=rate("2"),
            refused=rate("4"),
            errors=rate("5", "lost"),
            given_up=rate("given"),
            p50=result["p50"],
            p99=result["p99"],
        )
    )


class Measurement:
    """The servers on one database, and what was found."""

    def __init__(self, servers: Sequence[Server], tokens: Mapping[int, str], table: Table) -> None:
        self._servers = servers
        self._tokens = tokens
        self._table = table
        self.found: dict[str, dict[str, list[Outcome]]] = {}

    def goodput(self, connections: Sequence[int], rounds: int, seconds: float) -> None:
        """Load with more and more clients that give up."""
        creates = [message(Request("create", n, body=NEW_ROW), self._tokens) for n in USERS]
        for _ in range(rounds):
            for number in connections:
                for server in self._servers:
                    with load(server, creates, seconds, number, PATIENCE) as outcome:
                        pass
                    self._keep(f"creates, {number} clients", server.name, outcome)

    def beside(self, rounds: int, seconds: float) -> None:
        """Load with light users, alone and beside one user with expensive requests."""
        light = list(islice(self._light(), 10 * len(LIGHT)))
        heavy = {"nobody": b"", **expensive(self._tokens)}
        for _ in range(rounds):
            for name, request in heavy.items():
                for server in self._servers:
                    self._beside(server, light, name, request, seconds)

    def _beside(
        self, server: Server, light: list[bytes], name: str, request: bytes, seconds: float
    ) -> None:
        with ExitStack() as stack:
            others = None
            if request:
                others = stack.enter_context(load(server, [request], seconds, IN_FLIGHT, 10))
            outcome = stack.enter_context(load(server, light, seconds, len(LIGHT), 10))
        self._keep(f"light users beside {name}", server.name, outcome)
        if others:
            self._keep(f"{name} itself", server.name, others)

    def _light(self) -> Iterator[bytes]:
        while True:
            for n in LIGHT:
                yield message(Request("page", n), self._tokens)
            for n in LIGHT:
                yield message(Request("create", n, body=NEW_ROW), self._tokens)

    def _keep(self, case: str, server: str, outcomes: list[Outcome]) -> None:
        self.found.setdefault(case, {}).setdefault(server, []).extend(outcomes)
        print(case, server, {k: round(v, 1) for k, v in asdict(outcomes[0]).items()}, flush=True)


def run(options: argparse.Namespace) -> None:
    """Fill a table, start the servers, load them in turn, and print the result."""
    about = {**conditions(), "rounds": options.rounds, "seconds": options.seconds}
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))  # for thousands of connections
    checkouts = {"futuretracker": ROOT} | ({"base": options.base} if options.base else {})
    with stage() as here, postgres(here.folder / "postgres") as url, ExitStack() as stack:
        table = make(url, ROWS)
        tokens = here.tokens([*USERS, HEAVY])
        fill(make_conninfo(url, dbname=f"rows_{ROWS}"))
        servers = []
        for name, folder in checkouts.items():
            at = address(name, here.folder, behind_nginx=options.behind == "nginx")
            recipe = service(name, at, here.settings(name, table.url), WORKERS, checkout=folder)
            servers.append(stack.enter_context(serve(recipe, at, here.folder)))
        measurement = Measurement(servers, tokens, table)
        if "goodput" in options.parts:
            measurement.goodput(options.connections, options.rounds, options.seconds)
        if "beside" in options.parts:
            measurement.beside(options.rounds, options.seconds)
    print(as_line(about))
    if options.output:
        save(options.output, about, measurement.found, options.results)


def fill(url: str) -> None:
    """Give one user many rows."""
    execute(url, FILL)
    execute(url, "vacuum analyze")
    execute(url, "checkpoint")


def save(
    name: str, about: Mapping[str, object], found: dict[str, dict[str, list[Outcome]]], folder: Path
) -> None:
    """Write every outcome as JSON, and the medians as a table."""
    kept = {
        case: {server: [asdict(o) for o in outcomes] for server, outcomes in servers.items()}
        for case, servers in found.items()
    }
    text = json.dumps({"conditions": about, "cases": kept}, indent=1)
    (folder / f"{name}.json").write_text(text + "\n")
    (folder / f"{name}.md").write_text("\n".join([as_line(about), "", *table_of(found)]) + "\n")


def table_of(found: dict[str, dict[str, list[Outcome]]]) -> list[str]:
    """Return the medians of every case as a Markdown table."""
    names = [field.name for field in fields(Outcome)]
    lines = [
        "| case | server | good/s | refused/s | errors/s | given up/s | p50, ms | p99, ms |",
        "|---|---|" + "---:|" * len(names),
    ]
    for case, servers in found.items():
        for server, outcomes in servers.items():
            medians = [f"{median(getattr(o, name) for o in outcomes):.0f}" for name in names]
            lines.append(f"| {' | '.join([case, server, *medians])} |")
    return lines


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
