"""Compare a 304 with the 200 that it replaces, in CPU of the service and of Postgres.

    python -m benchmarks.not_modified --rounds 7

The user has 100 opportunities with a description. Eight connections send requests. The two take
turns in each round. A ratio is the median of the ratios of the rounds.
"""

from __future__ import annotations

import argparse
import json
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from statistics import median
from typing import TYPE_CHECKING, Final

from benchmarks import servers
from benchmarks.conditions import conditions
from benchmarks.data import WRITERS, database, postmaster
from benchmarks.processes import CannotMeasure, command
from benchmarks.results import as_line
from benchmarks.samples import cpu_of
from benchmarks.stage import stage

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

PATHS: Final[Mapping[str, str]] = {
    "a page of 100": "/api/v1/opportunities?limit=100",
    "a page of 25": "/api/v1/opportunities",
    "the list of /api": "/api/opportunities",
    "one": "/api/v1/opportunities/{}",
    "the analytics": "/api/v1/analytics",
}


CONNECTIONS: Final = 8
VALUES: Final = {
    "title": "Backend internship",
    "description": "Payments team, remote, six months. " * 15,
    "link": "https://example.com/jobs/42?from=newsletter",
    "category": "internship",
    "notes": "Referred by Bob; ask him about the team before the interview.",
}


class Client:
    """A user's client, which sends requests over one connection."""

    def __init__(self, port: int, token: str) -> None:
        self._connection = HTTPConnection("127.0.0.1", port, timeout=30)
        self._headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}

    def send(self, path: str, known: str | None = None, body: str | None = None) -> str:
        """Send a request; return the ETag."""
        headers = {**self._headers, **({"If-None-Match": known} if known else {})}
        self._connection.request("POST" if body else "GET", path, body, headers)
        response = self._connection.getresponse()
        text = response.read()
        if response.status != (304 if known else 201 if body else 200):
            raise CannotMeasure(f"{response.status}: {text[:500].decode()}")
        return response.headers["ETag"] or ""

    def repeat(self, path: str, known: str | None, times: int) -> None:
        """Send a request several times."""
        for _ in range(times):
            self.send(path, known)


def measured(rounds: int, requests: int) -> Iterator[tuple[str, bool, float, float]]:
    """Yield what was read, whether it was a 304, and microseconds of the service and Postgres."""
    with stage() as place, database(place.folder / "postgres") as db:
        at = servers.address("futuretracker", place.folder, behind_nginx=False)
        settings = place.settings("futuretracker", db.service_url)
        recipe = servers.service("futuretracker", at, settings, processes=1)
        user, row_id = db.rows(WRITERS)[0]
        with servers.serve(recipe, at, place.folder) as server:
            token = place.tokens([user])[user]
            clients = [Client(server.port, token) for _ in range(CONNECTIONS)]
            for _ in range(100):
                clients[0].send(PATHS["a page of 25"], body=json.dumps(VALUES))
            paths = {name: path.format(row_id) for name, path in PATHS.items()}
            pids = server.process.pid, postmaster(place.folder / "postgres")
            for number in range(rounds + 1):  # the first round warms up
                for name, path in paths.items():
                    etag = clients[0].send(path)
                    for known in (None, etag) if number % 2 else (etag, None):
                        used = _load(clients, path, known, requests, pids)
                        if number:
                            yield name, known is not None, *used


def _load(
    clients: Sequence[Client], path: str, known: str | None, requests: int, pids: tuple[int, int]
) -> tuple[float, float]:
    """Send the requests; return the microseconds that each process tree used for one of them."""
    each = requests // len(clients)
    with (
        cpu_of(pids[0]) as service,
        cpu_of(pids[1]) as postgres,
        ThreadPoolExecutor(len(clients)) as pool,
    ):
        for sent in [pool.submit(client.repeat, path, known, each) for client in clients]:
            sent.result()
    total = each * len(clients)
    return sum(service) / total * 1e6, sum(postgres) / total * 1e6


def run(options: argparse.Namespace) -> None:
    """Measure, and print a line for each kind of request."""
    print(as_line(conditions()))
    found: dict[tuple[str, bool], list[tuple[float, float]]] = {}
    for name, is_known, *used in measured(options.rounds, options.requests):
        found.setdefault((name, is_known), []).append((used[0], used[1]))
    print(f"{'CPU in us: service + Postgres':32}{'200':>16}{'304':>16}   304/200")
    for name in PATHS:
        whole, short = found[name, False], found[name, True]
        ratio = median(sum(b) / sum(a) for a, b in zip(whole, short, strict=True) if sum(a))
        columns = "".join(
            f"{median(s for s, _ in part):8.0f} +{median(p for _, p in part):6.0f}"
            for part in (whole, short)
        )
        print(f"{name:32}{columns}{ratio:10.2f}")


def read_arguments(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description="Compare a 304 with a 200.")
    parser.add_argument("--rounds", type=int, default=7, help="rounds (default: 7)")
    parser.add_argument("--requests", type=int, default=800, help="of each kind and round (800)")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    command(lambda: run(read_arguments()))
