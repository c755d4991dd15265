"""A proxy in front of Postgres that can hold back the results that the server sends."""

from __future__ import annotations

import select
import socket
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from psycopg.conninfo import conninfo_to_dict, make_conninfo

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PORT = 5432


class Proxy:
    """Forwards connections; while ``passes`` is not set, results of statements wait.

    A statement that is only being prepared has no result.
    """

    def __init__(self, url: str, folder: Path) -> None:
        target = conninfo_to_dict(url)
        name = f".s.PGSQL.{target.get('port') or PORT}"
        self.url = make_conninfo(url, host=str(folder))
        self.passes = threading.Event()
        self.passes.set()
        self._server = f"{target['host']}/{name}"
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(folder / name))
        self._listener.listen(100)
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """Stop listening, and let every response pass."""
        self.passes.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):  # the listener is closed
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._carry, args=(client,), daemon=True).start()

    def _carry(self, client: socket.socket) -> None:
        with suppress(OSError), client, socket.socket(socket.AF_UNIX) as server:
            server.connect(self._server)
            other = {client: server, server: client}
            while True:
                for source in select.select([client, server], [], [])[0]:
                    data = source.recv(1 << 16)
                    if not data:
                        return
                    if source is server and b"SELECT " in data:  # a statement is complete
                        self.passes.wait()
                    other[source].sendall(data)


@contextmanager
def held_responses(url: str, folder: Path) -> Iterator[Proxy]:
    """Run a proxy whose unix socket is in ``folder``."""
    proxy = Proxy(url, folder)
    try:
        yield proxy
    finally:
        proxy.close()
