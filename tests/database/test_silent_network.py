"""Connections that the network has silently dropped are not tried one after the other."""

from __future__ import annotations

import socket
import threading
import time
from contextlib import closing, contextmanager, suppress
from typing import TYPE_CHECKING, Any

import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from futuretracker.database.connection import BoundedConnection
from futuretracker.database.failures import DatabaseFailure
from futuretracker.database.pool import Pool
from tests.conftest import config_from

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import psycopg


class Firewall:
    """Forwards connections to Postgres; can forget those that are open."""

    def __init__(self, url: str, folder: Path) -> None:
        target = conninfo_to_dict(url)
        name = f".s.PGSQL.{target.get('port') or 5432}"
        self._target = f"{target['host']}/{name}"
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(folder / name))
        self._listener.listen(20)
        self._known: set[int] = set()
        self._sockets: list[socket.socket] = []
        self.accepted = 0
        self.url = make_conninfo(url, host=str(folder))

    def run(self) -> None:
        with suppress(OSError):  # the listener is closed
            while True:
                client, _ = self._listener.accept()
                server = socket.socket(socket.AF_UNIX)
                server.connect(self._target)
                self._sockets += [client, server]
                self.accepted += 1
                self._known.add(self.accepted)
                for ends in ((client, server), (server, client)):
                    threading.Thread(
                        target=self._forward, args=(self.accepted, *ends), daemon=True
                    ).start()

    def _forward(self, number: int, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                if number in self._known:
                    target.sendall(data)
        for sock in (source, target):
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)  # ends the other direction too

    def forget(self) -> None:
        """Drop from now on what the open connections send, without closing them."""
        self._known.clear()

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        for sock in (self._listener, *self._sockets):
            sock.close()


class Impatient(BoundedConnection):
    RESPONSE_WITHIN = 0.3


@contextmanager
def firewall(url: str, folder: Path) -> Iterator[Firewall]:
    with closing(Firewall(url, folder)) as it:
        threading.Thread(target=it.run, daemon=True).start()
        yield it


def select_one(conn: psycopg.Connection[Any]) -> Any:
    return conn.execute("select 1").fetchone()


def hold(pool: Pool, many: int) -> None:
    """Use several connections at the same time."""
    pool.run(lambda _conn: hold(pool, many - 1) if many > 1 else None)


def test_after_one_silent_connection_the_others_are_replaced(
    settings: dict[str, str], tmp_path: Path
) -> None:
    with firewall(settings["DATABASE_URL"], tmp_path) as network:
        config = config_from({**settings, "DATABASE_URL": network.url})
        with closing(Pool(config.database.primary, config, Impatient)) as pool:
            hold(pool, 5)
            network.forget()
            with pytest.raises(DatabaseFailure) as caught:
                pool.run(select_one)
            time.sleep(Pool.PAUSE)

            assert pool.run(select_one) == (1,)
            assert caught.value.kind.name == "no_response"
            assert network.accepted == 6
