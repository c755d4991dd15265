"""Measure what the web application firewall costs: the same nginx and service without and with it.

    python -m benchmarks.waf --rounds 5 --seconds 3 --output waf

One service runs behind four nginx of Debian, each with one process and the files of deploy/nginx:
``without`` the firewall, with the engine ``off``, with ``detection`` only, and ``with`` it. CPU is
that of nginx and that of the service, each per request. It needs ``wrk``, and Debian's packages
nginx, libnginx-mod-http-modsecurity and modsecurity-crs.
"""

from __future__ import annotations

import argparse
import json
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from benchmarks.conditions import conditions
from benchmarks.data import READERS, WRITERS, database
from benchmarks.processes import command, free_port, wait_for
from benchmarks.results import RESULTS, as_line
from benchmarks.rounds import Case, measure
from benchmarks.samples import CONNECTIONS
from benchmarks.servers import Address, Server, serve, service
from benchmarks.setup import need
from benchmarks.stage import stage
from benchmarks.workloads import NAMES, workloads
from benchmarks.wrk import Wrk
from tests.deploy.edge.nginx_server import debians, lay_out, running
from tests.deploy.edge.substitution import replace_in
from tests.deploy.edge.visitor import NAME
from tests.deploy.edge.waf.waf_server import lay_out_waf
from tests.support.authority import certify

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.samples import Sample, Samples
    from tests.support.authority import Files

ENGINES = {"without": "", "off": "Off", "detection": "DetectionOnly", "with": "On"}
WARM_UP = 3  # seconds
HEADS = ("firewall", "req/s", "p50 ms", "p99 ms", "nginx us", "service us", "req/s ratio")


@contextmanager
def front(name: str, folder: Path, socket_file: Path, files: Files) -> Iterator[Server]:
    """Run an nginx whose limits are never reached, with plain HTTP; wrk sends no server name."""
    folder.mkdir()
    ports = free_port(), free_port()
    rates = ("20", "100", "250", "1000")
    lifted = {f"rate={rate}r/s": "rate=1000000r/s" for rate in rates}
    if ENGINES[name]:
        changes = {**lifted, "SecRuleEngine On": f"SecRuleEngine {ENGINES[name]}"}
        lay_out_waf(folder, ports, changes, socket_file=socket_file, files=files)
    else:
        lay_out(debians(), folder, ports, lifted, socket_file=socket_file, files=files)
    port = free_port()
    http2 = folder / "futuretracker/http2.conf"
    http2.write_text(f"{http2.read_text()}\nlisten 127.0.0.1:{port} backlog=1024;\n")
    replace_in([folder / "nginx.conf"], {"worker_processes 2": "worker_processes 1"})
    with running(debians(), folder, port) as process:
        wait_for(process, port, "/readyz", folder / "nginx.log")
        yield Server(name, process, port, frozenset())


def run(options: argparse.Namespace) -> None:
    """Start everything, measure, stop everything, and print the result."""
    need("wrk")
    about = conditions() | {
        "rounds": options.rounds,
        "seconds": options.seconds,
        "connections": CONNECTIONS,
    }
    with stage() as here, database(here.folder / "postgres") as db, ExitStack() as stack:
        files = certify(NAME, here.folder)
        at = Address(free_port(), here.folder / "api.sock")
        settings = here.settings("waf", db.service_url) | {"TRUSTED_PROXIES": "1"}
        recipe = service("waf", at, settings, processes=2)
        behind = stack.enter_context(serve(recipe, at, here.folder))
        tokens = here.tokens([*READERS, *WRITERS])
        loaded = [
            # The second process is the service, not Postgres.
            Wrk(
                stack.enter_context(
                    front(name, here.folder / f"front-{name}", here.folder / "api.sock", files)
                ),
                tokens,
                behind.process.pid,
            )
            for name in ENGINES
        ]
        requests = workloads(db)
        groups = {
            kind: {each.name: Case(each, requests[kind], warm_up=WARM_UP) for each in loaded}
            for kind in options.workloads
        }
        results = measure(groups, rounds=options.rounds, seconds=options.seconds, tidy=db.tidy)
    print(as_line(about))
    print("\n".join(table(results)))
    if options.output:
        save(options, about, results)


def table(results: dict[str, Samples]) -> Iterator[str]:
    """Yield a Markdown table for each workload; the figures are medians of the rounds."""
    for workload, samples in results.items():
        yield f"\n**{workload}**\n\n| {' | '.join(HEADS)} |\n|{'---|' * len(HEADS)}"
        for name, found in samples.items():
            yield row(name, found, samples["without"])


def row(name: str, found: list[Sample], first: list[Sample]) -> str:
    """Return a row. The ratio compares loads of the same round, because the machine drifts."""
    ratio = median(mine.rate / its.rate for mine, its in zip(found, first, strict=True))
    rate = median(each.rate for each in found)
    p50, p99 = (median(getattr(each, p) for each in found) for p in ("p50", "p99"))
    nginx = median(each.cpu or 0 for each in found)
    behind = median(each.postgres_cpu for each in found)
    return (
        f"| {name} | {rate:.0f} | {p50:.1f} | {p99:.1f} | {nginx:.0f} | {behind:.0f}"
        f" | {ratio:.2f} |"
    )


def save(options: argparse.Namespace, about: object, results: dict[str, Samples]) -> None:
    """Write every sample, and the tables."""
    options.results.mkdir(exist_ok=True)
    samples = {
        workload: {name: [asdict(each) for each in found] for name, found in of.items()}
        for workload, of in results.items()
    }
    text = json.dumps({"conditions": about, "workloads": samples}, indent=1)
    (options.results / f"{options.output}.json").write_text(text + "\n")
    (options.results / f"{options.output}.md").write_text("\n".join(table(results)).lstrip() + "\n")


def read_arguments() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description="Measure the cost of the firewall.")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=3, help="seconds per load (default: 3)")
    parser.add_argument("--workloads", nargs="+", choices=NAMES, default=NAMES)
    parser.add_argument("--output", metavar="NAME", help="save NAME.json and NAME.md")
    parser.add_argument("--results", type=Path, default=RESULTS, help="the folder for these files")
    return parser.parse_args()


if __name__ == "__main__":
    command(lambda: run(read_arguments()))
