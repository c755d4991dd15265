"""gunicorn's own threaded worker, for ``WORKER=stock``. docs/server.md lists what it lacks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gunicorn.workers.gthread import ThreadWorker

from futuretracker.server.base import ServiceWorker
from futuretracker.server.connection import SOCKET_FILE
from futuretracker.server.strict_request import StrictParser

if TYPE_CHECKING:
    from gunicorn.workers.gthread import TConn


class StockWorker(ServiceWorker, ThreadWorker):
    """Serves each request on a thread, with the error responses and draining of ServiceWorker."""

    def enqueue_req(self, conn: TConn) -> None:
        """Serve a request in the pool, read as strictly as with the other worker.

        On a socket file gunicorn takes SERVER_NAME and SERVER_PORT from the client's Host header.
        So a client could reach the metrics.
        """
        if conn.parser is None:  # gunicorn would make its own
            conn.parser = StrictParser(self.cfg, conn.sock, conn.client)
        if isinstance(conn.server, str):
            conn.server = SOCKET_FILE
        super().enqueue_req(conn)
