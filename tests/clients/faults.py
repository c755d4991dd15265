"""A proxy in front of the real service that makes requests fail as the URL says.

``http://127.0.0.1:<port>/<name>/<faults>`` is a base URL for a client. The first request under it
meets the first fault, and so on; later requests pass. Faults: ``pass``; ``503`` with Retry-After 0;
``120``: a 503 with Retry-After 120; ``html``: a 502 of a proxy; ``504`` and ``break``: the service
carries the request out, but the client gets a 504 or no response; ``cut``: the response ends in the
middle of its body; ``half``: so does what is sent until somebody reads ``/continue/<name>``.
"""

from __future__ import annotations

import http.client
import json
import threading
from collections import Counter, defaultdict
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from collections.abc import Iterator

OVERLOADED = {"error": "Service Unavailable", "message": "Busy", "code": "overloaded"}
UNKNOWN = {"error": "Gateway Timeout", "message": "Perhaps saved", "code": "outcome_unknown"}
HOP_BY_HOP = {"connection", "transfer-encoding", "content-length", "server", "date"}


class Handler(BaseHTTPRequestHandler):
    """Serves ``/count/<name>`` with the number of requests under this name, and the proxy."""

    protocol_version = "HTTP/1.1"
    service: ClassVar[int]
    counts: ClassVar[Counter[str]]
    continued: ClassVar[defaultdict[str, threading.Event]]

    def log_message(self, *_arguments: object) -> None:
        """Write nothing."""

    def handle_any(self) -> None:
        _, name, faults, *rest = self.path.split("/", 3)
        if name == "count":
            self.reply(200, str(self.counts[faults]).encode())
            return
        if name == "continue":
            self.continued[faults].set()
            self.reply(200, b"")
            return
        number = self.counts[name]
        self.counts[name] += 1
        planned = faults.split(",")
        fault = planned[number] if number < len(planned) else "pass"
        self.meet(fault, "/" + rest[0], self.continued[name])

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = handle_any  # noqa: N815

    def meet(self, fault: str, path: str, continued: threading.Event) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if fault in {"503", "120"}:
            after = "0" if fault == "503" else fault
            self.reply(503, json.dumps(OVERLOADED).encode(), {"Retry-After": after})
        elif fault == "html":
            self.reply(502, b"<h1>Bad Gateway</h1>", {"Content-Type": "text/html"})
        else:
            response, content = self.forward(path, body)
            if fault == "504":
                self.reply(504, json.dumps(UNKNOWN).encode())
            elif fault == "break":
                self.close_connection = True
            elif fault in {"cut", "half"}:
                self.begin(response.status, content, dict(response.getheaders()))
                self.wfile.write(content[: len(content) // 2])
                self.close_connection = True
                if fault == "half":
                    continued.wait()
                    self.wfile.write(content[len(content) // 2 :])
            else:
                self.reply(response.status, content, dict(response.getheaders()))

    def forward(self, path: str, body: bytes) -> tuple[http.client.HTTPResponse, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.service)
        headers = {k: v for k, v in self.headers.items() if k.lower() not in HOP_BY_HOP}
        connection.request(self.command, path, body, headers)
        response = connection.getresponse()
        content = response.read()
        connection.close()
        return response, content

    def reply(self, status: int, content: bytes, headers: dict[str, str] | None = None) -> None:
        self.begin(status, content, headers or {})
        self.wfile.write(content)

    def begin(self, status: int, content: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            if name.lower() not in HOP_BY_HOP:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()


@contextmanager
def faults_before(service: int) -> Iterator[int]:
    """Start the proxy in front of the service on this port; yield the proxy's own port."""

    state = {"counts": Counter(), "continued": defaultdict(threading.Event)}
    ours = type("Ours", (Handler,), {"service": service, **state})
    server = ThreadingHTTPServer(("127.0.0.1", 0), ours)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
