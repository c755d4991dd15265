"""Compare creates with and without an Idempotency-Key, and retries, in time and in CPU.

    python -m benchmarks.idempotency --rounds 9 --base ../other-checkout

One client sends one request after another over one connection. All ways take turns in each round.
A ratio is the median of the ratios of the rounds to creates without a key. With ``--base``, another
checkout also creates without a key, in the same database.
"""

from __future__ import annotations

import argparse
import json
import time
from contextlib import ExitStack
from functools import partial
from http.client import HTTPConnection
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING
from uuid import uuid4

from benchmarks import servers
from benchmarks.batch import PATH, VALUES
from benchmarks.conditions import conditions
from benchmarks.data import READERS, database
from benchmarks.processes import CannotMeasure, command
from benchmarks.results import as_line
from benchmarks.samples import cpu_of
from benchmarks.stage import stage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

WITHOUT, BASE = "without a key", "another checkout"


class Client:
    """A user's client, which sends requests over one connection."""

    def __init__(self, server: servers.Server, token: str) -> None:
        self.pid = server.process.pid
        self._connection = HTTPConnection("127.0.0.1", server.port, timeout=30)
        self._headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        self._keys = [""] * len(VALUES)

    def _post(self, values: object, headers: Mapping[str, str]) -> None:
        body = json.dumps(values)
        self._connection.request("POST", PATH, body, {**self._headers, **headers})
        response = self._connection.getresponse()
        text = response.read()
        if response.status != 201:  # noqa: PLR2004 - created
            raise CannotMeasure(text[:500].decode())

    def create(self) -> None:
        """Create opportunities without a key."""
        for values in VALUES:
            self._post(values, {})

    def create_with_keys(self) -> None:
        """Create opportunities, each with a new key."""
        self._keys = [str(uuid4()) for _ in VALUES]
        self.create_again()

    def create_again(self) -> None:
        """Send the same requests with the same keys."""
        for key, values in zip(self._keys, VALUES, strict=True):
            self._post(values, {"Idempotency-Key": key})


def measured(options: argparse.Namespace) -> Iterator[tuple[str, float, float]]:
    """Yield the milliseconds of each way, and the CPU milliseconds of the service, in turn."""
    with stage() as place, database(place.folder / "postgres") as db, ExitStack() as stack:
        user, _ = db.rows(READERS)[0]

        def client(name: str, checkout: Path) -> Client:
            at = servers.address(name, place.folder, behind_nginx=False)
            settings = place.settings("futuretracker", db.service_url)
            recipe = servers.service(name, at, settings, processes=1, checkout=checkout)
            server = stack.enter_context(servers.serve(recipe, at, place.folder))
            return Client(server, place.tokens([user])[user])

        ours = client("futuretracker", servers.ROOT)
        ways: list[tuple[str, int, Callable[[], None]]] = [
            (WITHOUT, ours.pid, ours.create),
            ("with a key", ours.pid, ours.create_with_keys),
            ("a retry", ours.pid, ours.create_again),
        ]
        if options.base:
            base = client("base", options.base.resolve())
            ways.append((BASE, base.pid, base.create))
        for number in range(options.rounds + 1):  # the first round warms up
            for name, pid, way in ways:
                yield from _took(name, pid, way) if number else _nothing(way)


def _nothing(way: Callable[[], None]) -> Iterator[tuple[str, float, float]]:
    way()
    return iter(())


def _took(name: str, pid: int, way: Callable[[], None]) -> Iterator[tuple[str, float, float]]:
    with cpu_of(pid) as cpu:
        began = time.perf_counter()
        way()
        took = time.perf_counter() - began
    yield name, took * 1e3, sum(cpu) * 1e3


def run(options: argparse.Namespace) -> None:
    """Measure, and print a line for each way."""
    print(as_line(conditions()))
    times: dict[str, list[float]] = {}
    cpus: dict[str, list[float]] = {}
    for name, milliseconds, cpu in measured(options):
        times.setdefault(name, []).append(milliseconds)
        cpus.setdefault(name, []).append(cpu)
    ratio = partial(_ratio, of=WITHOUT)
    for name, took in times.items():
        print(
            f"{name:18}{median(took):8.1f} ms ({ratio(times, name):.2f})"
            f" {median(cpus[name]):8.1f} ms of CPU ({ratio(cpus, name):.2f})"
        )


def _ratio(found: Mapping[str, Sequence[float]], name: str, *, of: str) -> float:
    pairs = zip(found[name], found[of], strict=True)
    return median(one / other for one, other in pairs if other)


def read_arguments(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description="Compare creates with and without a key.")
    parser.add_argument("--rounds", type=int, default=9, help="rounds (default: 9)")
    parser.add_argument("--base", type=Path, help="the folder of another checkout")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    command(lambda: run(read_arguments()))
