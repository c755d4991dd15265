"""A real HTTP server that receives webhooks and verifies their signatures."""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, NamedTuple

from standardwebhooks import Webhook

if TYPE_CHECKING:
    from collections.abc import Iterator

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


class Received(NamedTuple):
    """A request whose signature is right."""

    path: str
    id: str
    body: dict[str, Any]
    raw: bytes


class Receiver:
    """What was received. ``statuses`` are the next responses; after them each is a 204.

    The server sends no response while ``is_silent``, until ``end`` is set.
    """

    def __init__(self) -> None:
        self.received: list[Received] = []
        self.statuses: list[int] = []
        self.is_silent = False
        self.end = threading.Event()
        self.url = ""

    def settings(self, actions: str) -> dict[str, str]:
        return {
            "ANOMALY_ACTIONS": actions,
            "ANOMALY_WEBHOOK_URL": self.url,
            "ANOMALY_WEBHOOK_SECRET": SECRET,
        }


@contextmanager
def receiving() -> Iterator[Receiver]:
    """Run the server."""
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            raw = self.rfile.read(int(self.headers["Content-Length"]))
            Webhook(SECRET).verify(raw, dict(self.headers))
            new = Received(self.path, self.headers["webhook-id"], json.loads(raw), raw)
            receiver.received.append(new)
            if receiver.is_silent:
                receiver.end.wait(60)
                return
            self.send_response(receiver.statuses.pop(0) if receiver.statuses else 204)
            self.send_header("Location", "/elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def do_GET(self) -> None:
            receiver.received.append(Received(self.path, "", {}, b""))

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    receiver.url = f"http://127.0.0.1:{server.server_port}/hook?token=hunter22"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield receiver
    finally:
        receiver.end.set()
        server.shutdown()
        server.server_close()
        thread.join()
