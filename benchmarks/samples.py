"""The result of one load of one server."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from benchmarks.processes import cpu_seconds

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from benchmarks.workloads import Request

CONNECTIONS = 16


@dataclass(frozen=True)
class Sample:
    """Requests per second, latency in milliseconds, and CPU per request in microseconds.

    ``cpu`` is None for pgbench, which has no server besides Postgres.
    """

    rate: float
    p50: float
    p99: float
    cpu: float | None
    postgres_cpu: float


Samples = dict[str, list[Sample]]  # of one workload: by server, one per round


class Contender(Protocol):
    """A server that can be loaded."""

    name: str

    def lacks(self, workload: str) -> bool:
        """Return whether the server has no route for a workload."""
        ...

    def load(
        self, requests: Sequence[Request], seconds: int, connections: int = CONNECTIONS
    ) -> Sample:
        """Load the server; raise CannotMeasure if a response was wrong."""
        ...


@contextmanager
def cpu_of(pid: int) -> Iterator[list[float]]:
    """Yield a list; after the block it has one item, the CPU seconds that the process tree used."""
    used: list[float] = []
    before = cpu_seconds(pid)
    yield used
    used.append(cpu_seconds(pid) - before)
