"""A TCP proxy in front of the JWKS endpoint that can stop or slow down what it forwards."""

from __future__ import annotations

import socket
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


class Gate:
    """Forwards connections. ``is_shut`` forwards nothing; ``drips`` sends a byte at a time."""

    def __init__(self, listener: socket.socket, target: int) -> None:
        self.port: int = listener.getsockname()[1]
        self.is_shut = self.drips = False
        self.connections = 0
        self.opened = threading.Event()  # set by a test: from now on everything passes
        self._target = target
        threading.Thread(target=self._accept, args=[listener], daemon=True).start()

    def _accept(self, listener: socket.socket) -> None:
        with suppress(OSError):  # the listener is closed
            while True:
                client, _ = listener.accept()
                self.connections += 1
                threading.Thread(target=self._serve, args=[client], daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        if self.is_shut:
            self.opened.wait(60)
        server = socket.create_connection(("127.0.0.1", self._target))
        threading.Thread(
            target=self._forward, args=[client, server], kwargs={"drips": False}, daemon=True
        ).start()
        self._forward(server, client, drips=self.drips)

    def _forward(self, source: socket.socket, target: socket.socket, *, drips: bool) -> None:
        with suppress(OSError), source, target:
            while data := source.recv(65536):
                while drips and data and not self.opened.wait(0.3):
                    target.sendall(data[:1])
                    data = data[1:]
                target.sendall(data)
            # A close alone has no effect while the other thread waits for data.
            for sock in (source, target):
                with suppress(OSError):
                    sock.shutdown(socket.SHUT_RDWR)


@contextmanager
def gate(target: int) -> Iterator[Gate]:
    """Listen until the block ends."""
    with socket.create_server(("127.0.0.1", 0), backlog=50) as listener:
        opened = Gate(listener, target)
        yield opened
        opened.opened.set()
        listener.shutdown(socket.SHUT_RDWR)
