"""A proxy in front of Postgres that loses the responses to some commits.

Postgres commits, and the connection breaks before the client hears of it. So the client does not
know whether the transaction was committed.
"""

from __future__ import annotations

import socket
import threading
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from psycopg.conninfo import conninfo_to_dict, make_conninfo

if TYPE_CHECKING:
    from collections.abc import Iterator

EVERY = 7  # the response to each seventh commit is lost


@dataclass
class Losses:
    """The URL through the proxy, and how many responses were lost."""

    url: str
    lost: int = 0
    commits: Iterator[int] = field(default_factory=count)


@contextmanager
def losing_commits(url: str) -> Iterator[Losses]:
    """Run the proxy in front of the unix socket of ``url``."""
    where = conninfo_to_dict(url)
    name = f".s.PGSQL.{where.get('port') or 5432}"
    with TemporaryDirectory(prefix="futuretracker-") as folder, _listener(folder, name) as listener:
        losses = Losses(make_conninfo(url, host=folder))
        target = str(Path(str(where["host"]), name))
        thread = threading.Thread(target=_accept, args=(listener, target, losses), daemon=True)
        thread.start()
        yield losses
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()


def _listener(folder: str, name: str) -> socket.socket:
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(Path(folder, name)))
    listener.listen(100)
    return listener


def _accept(listener: socket.socket, target: str, losses: Losses) -> None:
    with suppress(OSError):  # the listener is closed
        while True:
            client, _ = listener.accept()
            threading.Thread(target=_serve, args=(client, target, losses), daemon=True).start()


def _serve(client: socket.socket, target: str, losses: Losses) -> None:
    """Forward both ways, until either side closes or a response is lost."""
    loses = threading.Event()
    with client, socket.socket(socket.AF_UNIX) as server:
        server.connect(target)
        sending = threading.Thread(target=_send, args=(client, server, loses, losses))
        sending.start()
        with suppress(OSError):
            while data := server.recv(65536):
                if loses.is_set():
                    losses.lost += 1
                    break
                client.sendall(data)
        for each in (client, server):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
        sending.join()


def _send(
    client: socket.socket, server: socket.socket, loses: threading.Event, losses: Losses
) -> None:
    with suppress(OSError):
        while data := client.recv(65536):
            if b"COMMIT" in data and next(losses.commits) % EVERY == EVERY - 1:
                loses.set()
            server.sendall(data)
        server.shutdown(socket.SHUT_RDWR)
