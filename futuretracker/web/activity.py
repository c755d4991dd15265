"""Log what each session does, because a read writes no log line of its own.

A process counts the requests of each session, client, IP address and User-Agent. Ten seconds after
the first of them it writes one ACTIVITY line with the counts.
"""

from __future__ import annotations

import threading
import time
from functools import lru_cache, partial
from typing import TYPE_CHECKING

from futuretracker.telemetry import exposition
from futuretracker.telemetry.events import event
from futuretracker.web.addresses import address_of
from futuretracker.web.lifecycle import draining
from futuretracker.web.measured import Measured
from futuretracker.web.request import current
from futuretracker.web.session_counts import SessionCounts

if TYPE_CHECKING:
    from typing import TypeAlias

    from flask import Response

    from futuretracker.web.request import Request, Session

    # The id of the session, its client, the IP address and the User-Agent.
    Key: TypeAlias = tuple[str, str, str | None, str]

EVERY = 10.0  # seconds from the first request of a line to the line
MOST = 10_000  # lines and ids that a process keeps; more than that, and the oldest line is written
MAX_AGENT = 200  # characters of a User-Agent; browsers send up to about 150
UNAUTHORIZED = 401  # faster than HTTPStatus's member


class Activity:
    """The lines of this process that are not written yet."""

    def __init__(self) -> None:
        self._counts: dict[Key, SessionCounts] = {}  # the oldest first
        self._ids = 0  # of all counts
        self._lock = threading.Lock()  # gunicorn's own worker serves on several threads
        exposition.watch(self)

    def note(self, response: Response) -> Response:
        """Count the current request if its session is verified."""
        request = current()
        session: Session | None = request.__dict__.get("session")
        status = response.status_code
        if session is None or status == UNAUTHORIZED:  # which has an AUTH line
            return response
        agent = request.environ.get("HTTP_USER_AGENT", "")[:MAX_AGENT]
        key = (session.session_id, session.client, _address(request.remote_addr), agent)
        size = self._measure(response, key, request) if request.method != "HEAD" else 0
        with self._lock:
            counts = self._counts.get(key) or self._begin(key, session)
            counts.bytes += size
            self._ids += counts.add(request, status)
        if len(self._counts) + self._ids > MOST:
            self._write_oldest()
        return response

    def _measure(self, response: Response, key: Key, request: Request) -> int:
        """Return the size of a body. A streamed one counts when it ends, maybe in a later line."""
        body = response.response
        if isinstance(body, list):
            return sum(map(len, body))
        response.response = Measured(body, partial(self._add_size, key, request))
        return 0

    def _add_size(self, key: Key, request: Request, size: int) -> None:
        with self._lock:
            counts = self._counts.get(key) or self._begin(key, request.session)
            counts.bytes += size
            counts.rows += request.exported

    def _begin(self, key: Key, session: Session) -> SessionCounts:
        """Begin a line; the caller holds the lock."""
        counts = self._counts[key] = SessionCounts(session, *key[2:])
        return counts

    def _write_oldest(self, until: float = float("inf")) -> bool:
        """Write the oldest line if it began before ``until`` (monotonic); return whether it did."""
        with self._lock:
            key, counts = next(iter(self._counts.items()), (None, None))
            if key is None or counts is None or counts.started > until:
                return False
            del self._counts[key]
            self._ids -= counts.ids
        event("ACTIVITY", **counts.fields())
        return True

    def sample(self) -> None:
        """Write the lines that are due, or all if this process ends. Called once a second."""
        due = time.monotonic() - (0.0 if draining.is_set() else EVERY)
        while self._write_oldest(due):
            pass


@lru_cache(maxsize=4096)
def _address(text: str | None) -> str | None:
    """Return an IP address without the port that some load balancers add, or None."""
    address = address_of(text)
    return str(address) if address else None
