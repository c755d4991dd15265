"""Measure how long an honest user waits while nginx is under attack.

    python -m benchmarks.under_attack [--seconds 8] [--attacks "slow heads" ...] [--firewall]

The service and nginx run as they are deployed, without or with the web application firewall. The
attackers work only while a processor is idle, as if they had processors of their own. Everything
happens on loopback addresses. Each attack ends by itself.
"""

from __future__ import annotations

import argparse
import os
import time
from collections import Counter
from contextlib import ExitStack, contextmanager
from statistics import median, quantiles
from typing import TYPE_CHECKING, NamedTuple

from psycopg.conninfo import make_conninfo

from benchmarks.attacks import ATTACKS
from benchmarks.conditions import conditions
from benchmarks.data import run as execute
from benchmarks.data import user_id
from benchmarks.honest import Honest
from benchmarks.idle import idle_group
from benchmarks.processes import command
from benchmarks.results import as_line
from benchmarks.stage import PLENTY, stage
from benchmarks.tables import make
from benchmarks.walls import Walls, attacked, walls
from benchmarks.wrk import ORIGIN
from futuretracker.commands.local.embedded_postgres import postgres
from tests.support import servers
from tests.support.authority import certify

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.honest import Outcome

HONEST, ATTACKER, ROWS, ATTACKERS_ROWS = 1, 100, 20_000, 50_000
GOOD = {200, 201, 204}
FILL = f"""
insert into opportunities (user_id, title, description, category)
select '{user_id(ATTACKER)}', 'Opportunity ' || n, 'What it is about, in a line or two. ' || n,
    'internship' from generate_series(1, {ATTACKERS_ROWS}) as n
"""  # noqa: S608 - only constants of this file


class Figures(NamedTuple):
    """The honest user's requests, those that failed, and the latency in milliseconds."""

    requests: int
    failed: int
    p50: float
    p99: float


def figures(outcomes: list[Outcome]) -> Figures:
    """Summarize what the honest user saw."""
    latencies = [outcome.seconds * 1000 for outcome in outcomes]
    failed = Counter(o.status for o in outcomes if o.status not in GOOD)
    p99 = quantiles(latencies, n=100)[98]
    return Figures(len(outcomes), failed.total(), median(latencies), p99)


@contextmanager
def stand(*, firewall: bool) -> Iterator[tuple[Walls, Honest, str]]:
    """Run the service behind nginx; yield it, an honest user and the attacker's token."""
    with stage() as here, postgres(here.folder / "postgres") as url, ExitStack() as stack:
        table = make(url, ROWS)
        tokens = here.tokens([HONEST, ATTACKER])
        execute(make_conninfo(url, dbname=f"rows_{ROWS}"), FILL)
        settings = here.settings("service", table.url)
        # The limits for addresses are those of production, the one for the honest user is not.
        settings = {n: v for n, v in settings.items() if v != PLENTY or "USER" in n}
        settings |= {"TRUSTED_PROXIES": "1", "PATH": os.environ["PATH"]}
        socket_file, folder = here.folder / "api.sock", here.folder / "nginx"
        folder.mkdir()
        service = stack.enter_context(
            servers.gunicorn(settings, here.folder / "log", socket_file=socket_file)
        )
        files = certify("api.example.com", here.folder)
        at = stack.enter_context(
            walls(folder, socket_file, files, service.process.pid, inspects=firewall)
        )
        yield at, Honest(at.port, at.authority, tokens[HONEST], ORIGIN), tokens[ATTACKER]


def measure(honest: Honest, seconds: float) -> Figures:
    """Let the honest user work for some time, with a pause after each visit."""
    outcomes: list[Outcome] = []
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        outcomes += honest.visit()
        time.sleep(0.02)
    return figures(outcomes)


def run(options: argparse.Namespace) -> None:
    """Measure quiet and during each attack, and print a table."""
    chosen = {"seconds": options.seconds, "firewall": options.firewall}
    print(as_line({**conditions(), **chosen}))
    print("| attack | requests | failed | p50, ms | p99, ms | p99, times quiet |")
    print("|---|---:|---:|---:|---:|---:|")
    with idle_group() as aside, stand(firewall=options.firewall) as (at, honest, token):
        measure(honest, 2)  # warm up
        for name in options.attacks:
            quiet = measure(honest, options.seconds)
            row("(none)", quiet, quiet)
            with attacked(at, name, 4 * options.seconds, token, aside=aside) as counts:
                row(name, measure(honest, options.seconds), quiet)
            print(f"<!-- {name}: {counts} -->", flush=True)
            time.sleep(12)  # nginx disconnects the last slow clients


def row(name: str, found: Figures, quiet: Figures) -> None:
    """Print a row of the table."""
    cells = [name, found.requests, found.failed, f"{found.p50:.1f}", f"{found.p99:.1f}"]
    print(f"| {' | '.join(map(str, cells))} | {found.p99 / quiet.p99:.1f} |", flush=True)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Measure an honest user's latency under attack.")
    parser.add_argument("--seconds", type=float, default=8, help="for each attack (default: 8)")
    parser.add_argument("--attacks", nargs="+", choices=ATTACKS, default=list(ATTACKS))
    parser.add_argument("--firewall", action="store_true", help="nginx inspects requests")
    return parser.parse_args()


if __name__ == "__main__":
    command(lambda: run(_arguments()))
