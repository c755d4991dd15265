"""Compare a batch of 100 creates with 100 creates, in time and in CPU of the service.

    python -m benchmarks.batch --rounds 7

One client sends one request after another over one connection. Both ways take turns in each round.
A ratio is the median of the ratios of the rounds.
"""

from __future__ import annotations

import argparse
import json
import time
from http.client import HTTPConnection
from statistics import median
from typing import TYPE_CHECKING

from benchmarks import servers
from benchmarks.conditions import conditions
from benchmarks.data import READERS, database
from benchmarks.processes import CannotMeasure, command
from benchmarks.results import as_line
from benchmarks.samples import cpu_of
from benchmarks.stage import stage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

PATH = "/api/v1/opportunities"
CREATES = 100
VALUES = [
    {
        "title": f"Backend internship {number}",
        "description": "Payments team, remote, six months, a stipend and a mentor",
        "link": f"https://example.com/jobs/{number}",
        "category": "internship",
        "status": "applied",
        "notes": "Referred by Bob",
    }
    for number in range(CREATES)
]


class Client:
    """A user's client, which sends requests over one connection."""

    def __init__(self, port: int, token: str) -> None:
        self._connection = HTTPConnection("127.0.0.1", port, timeout=30)
        self._headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}

    def post(self, path: str, body: object, expected: int) -> None:
        """Send a request; raise CannotMeasure unless the response has the expected status."""
        self._connection.request("POST", path, json.dumps(body), self._headers)
        response = self._connection.getresponse()
        text = response.read()
        if response.status != expected:
            raise CannotMeasure(text[:500].decode())

    def singles(self) -> None:
        """Create the opportunities one by one."""
        for values in VALUES:
            self.post(PATH, values, 201)

    def batch(self) -> None:
        """Create the opportunities with one request."""
        operations = [{"op": "create", "values": values} for values in VALUES]
        self.post(f"{PATH}/batch", {"operations": operations}, 200)


def measured(rounds: int) -> Iterator[tuple[str, float, float]]:
    """Yield the milliseconds of each way, and the CPU milliseconds of the service, in turn."""
    with stage() as place, database(place.folder / "postgres") as db:
        at = servers.address("futuretracker", place.folder, behind_nginx=False)
        settings = place.settings("futuretracker", db.service_url)
        recipe = servers.service("futuretracker", at, settings, processes=1)
        user, _ = db.rows(READERS)[0]
        with servers.serve(recipe, at, place.folder) as server:
            client = Client(server.port, place.tokens([user])[user])
            ways: list[tuple[str, Callable[[], None]]] = [
                ("100 creates", client.singles),
                ("a batch", client.batch),
            ]
            for number in range(rounds + 1):  # the first round warms up
                for name, way in ways:
                    with cpu_of(server.process.pid) as cpu:
                        began = time.perf_counter()
                        way()
                        took = time.perf_counter() - began
                    if number:
                        yield name, took * 1e3, sum(cpu) * 1e3
                ways.reverse()


def run(options: argparse.Namespace) -> None:
    """Measure, and print a line for each way."""
    print(as_line(conditions()))
    times: dict[str, list[float]] = {}
    cpus: dict[str, list[float]] = {}
    for name, milliseconds, cpu in measured(options.rounds):
        times.setdefault(name, []).append(milliseconds)
        cpus.setdefault(name, []).append(cpu)
    for name, took in times.items():
        print(f"{name:12}{median(took):8.1f} ms {median(cpus[name]):8.1f} ms of CPU")
    for what, found in (("time", times), ("CPU", cpus)):
        pairs = zip(found["100 creates"], found["a batch"], strict=True)
        print(f"{what}: a batch needs 1/{median(one / other for one, other in pairs if other):.1f}")


def read_arguments(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description="Compare a batch with single creates.")
    parser.add_argument("--rounds", type=int, default=7, help="rounds (default: 7)")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    command(lambda: run(read_arguments()))
