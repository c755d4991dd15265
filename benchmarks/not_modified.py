"""Compare a 304 with the 200 that it replaces, in CPU of the service and of Postgres.

    python -m benchmarks.not_modified --rounds 7

One client sends one request after another over one connection. The two take turns in each round. A
ratio is the median of the ratios of the rounds.
"""

from __future__ import annotations

import argparse
from http.client import HTTPConnection
from statistics import median
from typing import TYPE_CHECKING, Final

from benchmarks import servers
from benchmarks.conditions import conditions
from benchmarks.data import READERS, database, postmaster
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


class Client:
    """A user's client, which sends requests over one connection."""

    def __init__(self, port: int, token: str) -> None:
        self._connection = HTTPConnection("127.0.0.1", port, timeout=30)
        self._headers = {"Authorization": f"Bearer {token}"}

    def get(self, path: str, known: str | None, times: int = 1) -> str:
        """Send a request several times; return the ETag."""
        headers = {**self._headers, **({"If-None-Match": known} if known else {})}
        etag = ""
        for _ in range(times):
            self._connection.request("GET", path, headers=headers)
            response = self._connection.getresponse()
            text = response.read()
            if response.status != (304 if known else 200):
                raise CannotMeasure(f"{response.status}: {text[:500].decode()}")
            etag = response.headers["ETag"]
        return etag


def measured(rounds: int, requests: int) -> Iterator[tuple[str, bool, float, float]]:
    """Yield what was read, whether it was a 304, and microseconds of the service and Postgres."""
    with stage() as place, database(place.folder / "postgres") as db:
        at = servers.address("futuretracker", place.folder, behind_nginx=False)
        settings = place.settings("futuretracker", db.service_url)
        recipe = servers.service("futuretracker", at, settings, processes=1)
        user, row_id = db.rows(READERS)[0]
        with servers.serve(recipe, at, place.folder) as server:
            client = Client(server.port, place.tokens([user])[user])
            paths = {name: path.format(row_id) for name, path in PATHS.items()}
            pids = server.process.pid, postmaster(place.folder / "postgres")
            for number in range(rounds + 1):  # the first round warms up
                for name, path in paths.items():
                    etag = client.get(path, None)
                    turns = [None, etag] if number % 2 else [etag, None]
                    for known in turns:
                        with cpu_of(pids[0]) as service, cpu_of(pids[1]) as postgres:
                            client.get(path, known, requests)
                        if number:
                            each = [sum(cpu) / requests * 1e6 for cpu in (service, postgres)]
                            yield name, known is not None, each[0], each[1]


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
    parser.add_argument("--requests", type=int, default=300, help="of each kind and round (300)")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    command(lambda: run(read_arguments()))
