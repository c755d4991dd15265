"""Clerk's JWKS endpoint, a real https server whose responses a test can change."""

from __future__ import annotations

import json
import ssl
import threading
from base64 import b64encode
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

WELL_KNOWN = "/.well-known/jwks.json"


class Handler(BaseHTTPRequestHandler):
    server: Endpoint

    def do_GET(self) -> None:
        self.server.requests.append((self.path, self.headers.get("Authorization")))
        self.server.respond(self)

    def log_message(self, *_: object) -> None:
        pass


class Endpoint(ThreadingHTTPServer):
    """Clerk's JWKS endpoint over TLS, which records the path and key of each request.

    A test may replace ``respond``. A replacement that waits should stop when ``over`` is set.
    """

    daemon_threads = False

    def __init__(self, certificate: Path) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        self.socket = context.wrap_socket(
            self.socket, server_side=True, do_handshake_on_connect=False
        )
        self.requests: list[tuple[str, str | None]] = []
        self.status = 200
        self.document = b""
        self.over = threading.Event()
        self.respond: Callable[[BaseHTTPRequestHandler], object] = self.send_document

    @property
    def host(self) -> str:
        return f"localhost:{self.server_port}"

    @property
    def publishable_key(self) -> str:
        return "pk_test_" + b64encode(f"{self.host}$".encode()).decode()

    def publish(self, *entries: object) -> None:
        self.document = json.dumps({"keys": entries}).encode()

    def send_document(self, handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(self.status)
        handler.send_header("Content-Length", str(len(self.document)))
        handler.end_headers()
        handler.wfile.write(self.document)

    def respond_after(self, event: threading.Event) -> Callable[[BaseHTTPRequestHandler], None]:
        """Return a ``respond`` that sends the document once ``event`` is set."""

        def respond(handler: BaseHTTPRequestHandler) -> None:
            event.wait(60)
            self.send_document(handler)

        return respond

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Print nothing: in many tests, a client closes its connection early."""
