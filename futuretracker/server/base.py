"""The behaviour that both gunicorn workers share."""

from __future__ import annotations

import gc
import time
from contextlib import suppress
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from gunicorn.workers.base import Worker

from futuretracker.server.malformed import raw_error, status_of
from futuretracker.telemetry import exposition, metrics
from futuretracker.web.lifecycle import draining
from futuretracker.web.traffic import OTHER, WORKER

if TYPE_CHECKING:
    from types import FrameType

    from futuretracker.server.balance import ConnectionBalance

NOTIFY_EVERY = 1.0  # seconds


class ServiceWorker(Worker):
    """Base of both workers. ``hooks.pre_fork`` sets ``slot``, ``statements`` and ``balance``."""

    slot: int
    statements: int
    balance: ConnectionBalance
    _notify_at = 0.0

    def load_wsgi(self) -> None:
        """Load the application, and exclude it from garbage collection."""
        super().load_wsgi()
        gc.collect()
        gc.freeze()
        gc.set_threshold(10_000)  # a request leaves almost no reference cycles

    def notify(self) -> None:
        """Once a second, tell gunicorn that the worker is alive, and update the metrics."""
        now = time.monotonic()
        if now >= self._notify_at:
            self._notify_at = now + NOTIFY_EVERY
            exposition.sample()
            super().notify()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin to drain: /readyz returns 503 from now on."""
        draining.set()
        self._notify_at = 0.0  # close idle connections to Postgres at once
        super().handle_exit(sig, frame)

    def handle_error(self, _request: Any, client: Any, address: Any, error: Exception) -> None:
        """Send an error response for a malformed request, or for an error outside Flask."""
        status = status_of(error)
        metrics.requests.labels(OTHER, WORKER, status.value).inc()
        if status is HTTPStatus.INTERNAL_SERVER_ERROR:
            self.log.error("error outside the application", exc_info=error)
        else:
            reason = type(error).__name__
            self.log.warning("malformed request from %s: %s", address and address[0], reason)
        with suppress(OSError):  # the client has closed the connection
            client.sendall(raw_error(status))
