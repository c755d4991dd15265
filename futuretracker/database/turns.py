"""The turns of statements: how many of a worker Postgres carries out at the same time."""

from __future__ import annotations

from flask import has_request_context

from futuretracker.web.request import WRITES, current
from futuretracker.web.turns import Turns

PROBES = 2  # statements of health checks


class StatementTurns:
    """A number of reads, and as many writes: writes that wait for a lock must not delay reads.

    The statement of a health check, which has no user, does not wait behind those of users.
    """

    def __init__(self, statements: int) -> None:
        self._reads = Turns("database", statements)
        self._writes = Turns("database", statements)
        self._probes = Turns("database", PROBES)

    def of_request(self) -> Turns:
        """Return the turns for a statement of the current request."""
        if not has_request_context():
            return self._reads
        request = current()
        if request.method in WRITES:
            return self._writes
        return self._reads if request.caller else self._probes
