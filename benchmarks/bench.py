"""Loads this service and its peers in turn, and says how they compare.

    python benchmarks/bench.py --rounds 3 --seconds 4

Machines are shared and drift, so every server is loaded once within every round, and what counts
is the median of the rounds' ratios; a single figure is worth little. CPU is user and system time of
a server's processes, Postgres apart. Needs ``wrk`` and ``node``, and installs the peers' packages.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import os
import platform
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, astuple, dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, NamedTuple

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from servers import (  # noqa: E402
    READERS,
    CannotMeasure,
    Server,
    cpu_seconds,
    database,
    express,
    fastapi,
    service,
)

from futuretracker.issuer import Issuer  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Iterator

    from servers import Database

CONNECTIONS = 16
WARM_UP = 1  # seconds
ORIGIN = "http://localhost:3000"
PLENTY = "999999999 per 15 minutes"
BUDGETS = ("GENERAL", "WRITE", "USER_GENERAL", "USER_WRITE")
NEW_ROW = json.dumps(
    {
        "title": "Benchmark",
        "description": "What it is about, in a line or two.",
        "link": "https://example.com/opportunities/1",
        "deadline": "2030-06-30",
        "category": "internship",
        "notes": "Ask about the stipend",
    }
)


class Workload(NamedTuple):
    """Requests that are sent in turn, and the status of a right answer."""

    requests: list[bytes]
    status: int


@dataclass(frozen=True)
class Sample:
    """One server under one load: requests a second, milliseconds, microseconds of CPU a request."""

    rate: float
    p50: float
    p99: float
    cpu: float
    postgres_cpu: float


Samples = dict[str, list[Sample]]  # of one workload, by server, one a round


def workloads(db: Database, issuer: Issuer) -> dict[str, Workload]:
    """Return the requests as a browser's would arrive from the proxy, of several users by turns."""
    tokens = {n: issuer.token(f"user_bench{n}", ttl=7200, azp=ORIGIN) for n in range(2 * READERS)}
    readers, writers = list(tokens.values())[:READERS], list(tokens.values())[READERS:]
    rows = [
        (tokens[int(user.removeprefix("user_bench"))], row_id) for user, row_id in db.reader_rows()
    ]
    path = "/api/opportunities"
    return {
        "list": Workload([_request("GET", f"{path}?limit=25", token) for token in readers], 200),
        "one": Workload([_request("GET", f"{path}/{row}", token) for token, row in rows], 200),
        "create": Workload([_request("POST", path, token, NEW_ROW) for token in writers], 201),
    }


def _request(method: str, path: str, token: str, body: str = "") -> bytes:
    lines = [
        f"{method} {path} HTTP/1.1",
        "Host: 127.0.0.1",
        f"Authorization: Bearer {token}",
        f"Origin: {ORIGIN}",
        "X-Forwarded-For: 127.0.0.1",
        "X-Forwarded-Proto: https",
    ]
    if body:
        lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    return "\r\n".join([*lines, "", body]).encode()


def load(server: Server, db: Database, workload: Workload, seconds: int) -> Sample:
    """Load one server; raise CannotMeasure where any answer was not the right one."""
    with tempfile.NamedTemporaryFile() as file:
        file.write(b"".join(request + b"\0" for request in workload.requests))
        file.flush()
        script = str(ROOT / "benchmarks" / "load.lua")
        command = ["wrk", f"-c{CONNECTIONS}", "-t1", f"-d{seconds}s", "-s", script]
        command += [f"http://127.0.0.1:{server.port}", "--", file.name, str(workload.status)]
        with cpu_of(server.process.pid) as cpu, cpu_of(db.pid) as postgres_cpu:
            done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise CannotMeasure(f"wrk failed: {done.stderr}")
    found = json.loads(done.stdout.splitlines()[-1])
    if found["errors"] or not found["requests"]:
        raise CannotMeasure(f"{server.name}: {found['errors']} errors in {found['requests']}")
    return Sample(
        rate=found["requests"] / found["microseconds"] * 1e6,
        p50=found["p50"] / 1e3,
        p99=found["p99"] / 1e3,
        cpu=sum(cpu) / found["requests"] * 1e6,
        postgres_cpu=sum(postgres_cpu) / found["requests"] * 1e6,
    )


@contextmanager
def cpu_of(pid: int) -> Iterator[list[float]]:
    """Yield a list that holds, after the block, the seconds each process has used within it."""
    used: list[float] = []
    before = cpu_seconds(pid)
    yield used
    used += [after - before.get(pid, 0) for pid, after in cpu_seconds(pid).items()]


def measure(
    servers: list[Server], loads: dict[str, Workload], db: Database, rounds: int, seconds: int
) -> dict[str, Samples]:
    """Load every server with everything, round by round; each round another one goes first."""
    for server in servers:
        for workload in loads.values():
            load(server, db, workload, WARM_UP)
    samples: dict[str, Samples] = {name: {s.name: [] for s in servers} for name in loads}
    for number in range(rounds):
        first = number % len(servers)
        for name, workload in loads.items():
            for server in servers[first:] + servers[:first]:
                db.tidy()
                samples[name][server.name].append(load(server, db, workload, seconds))
    return samples


def show(name: str, samples: Samples) -> None:
    """Print one workload: medians, and the medians of what the first server is to the others."""
    heads = ("req/s", "p50 ms", "p99 ms", "CPU us", "Postgres", "ratio", "CPU")
    print(f"\n{name:18}" + "".join(f"{head:>10}" for head in heads))
    ours, *_ = samples.values()
    for server, theirs in samples.items():
        columns = zip(*map(astuple, theirs), strict=True)
        rate, p50, p99, *cpu = map(median, columns)
        figures = [f"{rate:10.0f}", f"{p50:10.1f}", f"{p99:10.1f}", *(f"{us:10.0f}" for us in cpu)]
        if theirs is not ours:
            pairs = list(zip(ours, theirs, strict=True))
            figures.append(f"{median(a.rate / b.rate for a, b in pairs):10.2f}")
            figures.append(f"{median(a.cpu / b.cpu for a, b in pairs):10.2f}")
        print(f"{server:18}" + "".join(figures))


def conditions(options: argparse.Namespace) -> dict[str, object]:
    """Return what a reader must know to judge the figures."""
    return {
        "date": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
        "python": f"{platform.python_version()} ({Path(sys.executable).resolve()})",
        "system": platform.platform(),
        "cores": os.cpu_count(),
        "load before": os.getloadavg()[0],
        "rounds": options.rounds,
        "seconds": options.seconds,
        "connections": CONNECTIONS,
    }


def run(options: argparse.Namespace) -> None:
    """Start everything, measure, print, and end everything."""
    for program in ("wrk", "node", "npm"):
        if not shutil.which(program):
            raise CannotMeasure(f"'{program}' is needed: it is a package of the same name")
    about = conditions(options)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        memory = stack.enter_context(tempfile.TemporaryDirectory(dir="/dev/shm"))
        db = stack.enter_context(database(folder / "postgres"))
        issuer = Issuer(folder / "issuer.pem")
        settings = {
            "DATABASE_URL": db.service_url,
            "CORS_ORIGIN": ORIGIN,
            **issuer.settings(),
            **{f"RATE_LIMIT_{budget}": PLENTY for budget in BUDGETS},
        }
        servers = []
        for name, arguments in (("futuretracker", ""), *options.variant):
            own = {**settings, "STORE_URL": f"lmdb://{memory}/{name}"}
            servers.append(stack.enter_context(service(name, own, folder, arguments)))
        key = folder / "issuer.pub"
        key.write_text(issuer.settings()["CLERK_JWT_PUBLIC_KEY"])
        theirs = {"PGHOST": db.sockets, "JWT_PUB": str(key)}
        peers = [express, fastapi] if options.with_fastapi else [express]
        servers += [stack.enter_context(peer(theirs, folder)) for peer in peers]
        everything = workloads(db, issuer)
        loads = {name: everything[name] for name in options.workloads}
        samples = measure(servers, loads, db, options.rounds, options.seconds)
    print(", ".join(f"{name}: {value}" for name, value in about.items()))
    print("Medians; 'ratio' and 'CPU' are futuretracker / the other, medians over the rounds.")
    for name, found in samples.items():
        show(name, found)
    if options.output:
        write(options.output, about, samples)


def write(name: str, about: dict[str, object], samples: dict[str, Samples]) -> None:
    """Keep every sample in ``results/<name>.json``."""
    file = ROOT / "benchmarks" / "results" / f"{name}.json"
    file.parent.mkdir(exist_ok=True)
    kept = {
        workload: {server: [asdict(s) for s in found] for server, found in by_server.items()}
        for workload, by_server in samples.items()
    }
    file.write_text(json.dumps({"conditions": about, "samples": kept}, indent=1) + "\n")


def _arguments() -> argparse.Namespace:
    def variant(text: str) -> tuple[str, str]:
        name, _, arguments = text.partition("=")
        return _name(name), arguments

    parser = argparse.ArgumentParser(description="Compare this service with its peers.")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=4, help="of each load (default: 4)")
    names = ("list", "one", "create")
    parser.add_argument("--workloads", nargs="+", choices=names, default=names)
    parser.add_argument("--with-fastapi", action="store_true", help="load the FastAPI peer too")
    parser.add_argument(
        "--variant",
        type=variant,
        action="append",
        default=[],
        metavar="NAME=ARGUMENTS",
        help="load this service once more with arguments for gunicorn, such as"
        " 'python-parser=--http-parser python'",
    )
    parser.add_argument("--output", type=_name, help="keep the samples in results/OUTPUT.json")
    return parser.parse_args()


def _name(text: str) -> str:
    if not re.fullmatch(r"[a-z0-9.-]+", text):
        raise argparse.ArgumentTypeError("a name is of small letters, digits, '.' and '-'")
    return text


if __name__ == "__main__":
    # As Ctrl-C does, so that what was started ends.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        run(_arguments())
    except CannotMeasure as error:
        sys.exit(str(error))
    except KeyboardInterrupt:
        sys.exit("interrupted")
