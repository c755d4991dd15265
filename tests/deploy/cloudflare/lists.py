"""A server in place of www.cloudflare.com."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


class Lists:
    """The two lists, which a test may change. A list that is None is a redirect."""

    def __init__(self, port: int, v4: list[str], v6: list[str]) -> None:
        self.port = port
        self.texts: dict[str, str | None] = {}
        self.set(v4, v6)

    def set(self, v4: list[str], v6: list[str]) -> None:
        self.texts = {"/ips-v4": "\n".join(v4), "/ips-v6": "\n".join(v6)}

    def url(self, version: int) -> str:
        return f"http://127.0.0.1:{self.port}/ips-v{version}"


@contextmanager
def serving(v4: list[str], v6: list[str]) -> Iterator[Lists]:
    """Serve the lists until the block ends."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            text = lists.texts.get(self.path, "")
            self.send_response(302 if text is None else 200)
            self.send_header("Location", "/ips-v4")
            self.end_headers()
            self.wfile.write((text or "").encode())

        def log_message(self, *_arguments: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        lists = Lists(server.server_port, v4, v6)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield lists
        finally:
            server.shutdown()
            thread.join()
