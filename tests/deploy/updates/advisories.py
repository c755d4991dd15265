"""A server that returns given advisories like OSV and npm's registry."""

from __future__ import annotations

import gzip
import json
from collections import defaultdict
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass
class Advisories:
    """``known`` holds advisories by package; ``asked`` lists the packages that were queried."""

    url: str = ""
    status: int = 200
    known: dict[str, Any] = field(default_factory=lambda: defaultdict(list))
    asked: set[str] = field(default_factory=set)

    def response(self, path: str, question: dict[str, Any]) -> dict[str, Any]:
        if path == "/v1/query":
            name = question["package"]["name"]
            self.asked.add(name)
            return {"vulns": self.known[name]} if name in self.known else {}
        self.asked |= set(question)
        return {name: self.known[name] for name in question if name in self.known}


@contextmanager
def advisories() -> Iterator[Advisories]:
    """Serve until the block ends."""
    service = Advisories()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.headers.get("Content-Encoding") == "gzip":
                body = gzip.decompress(body)
            self._send(service.status, service.response(self.path, json.loads(body)))

        def do_GET(self) -> None:
            self._send(404, {})

        def _send(self, status: int, body: dict[str, Any]) -> None:
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(json.dumps(body).encode())

        def log_message(self, *_words: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    service.url = f"http://127.0.0.1:{server.server_port}"
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield service
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
