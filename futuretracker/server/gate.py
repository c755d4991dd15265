"""The gate of a worker: bounds how many of its requests are in progress."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from futuretracker.web.refusals import REFUSED
from futuretracker.web.request import WRITES
from futuretracker.web.turns import ClientGone, Overloaded, Turns, pressure

if TYPE_CHECKING:
    from futuretracker.server.event_loop import EventLoop
    from futuretracker.server.greenlets import ConnectionGreenlet

# Load balancers and Prometheus need a response, however many requests wait.
PROBES = frozenset({"/healthz", "/readyz", "/metrics"})
# For each statement that runs: a request that waits for its turn at the database, and one that
# prepares its statement or its response.
PER_STATEMENT = 3
GIVE_UP = 0.2  # seconds; hardly any client gives up earlier


class Gate:
    """Admits a bounded number of reads and of writes: a lock in Postgres delays writes only."""

    def __init__(self, loop: EventLoop, statements: int) -> None:
        self._loop = loop
        self._reads = Turns("worker", PER_STATEMENT * statements)
        self._writes = Turns("worker", PER_STATEMENT * statements)

    def enter(self, request: ConnectionGreenlet, environ: dict[str, Any], age: float) -> None:
        """Wait for a turn; mark the request as refused if there is none in time.

        Raise ClientGone if the client has closed its side, and the request has waited long before
        it was read (``age``, in seconds). Then it has probably given up. Without such a wait, it
        may still read the response.
        """
        if age > GIVE_UP and request.is_gone:
            pressure.count("worker", "gone")
            raise ClientGone
        request.begin(age)
        if environ["PATH_INFO"] in PROBES:
            return
        place = self._writes if environ["REQUEST_METHOD"] in WRITES else self._reads
        try:
            place.take(self._loop)
        except Overloaded:
            environ[REFUSED] = True
        else:
            request.place = place

    def leave(self, request: ConnectionGreenlet) -> None:
        """Give the turn back, to a request that waits if there is one."""
        if request.place:
            request.place.give_back(self._loop)
            request.place = None
