"""The worst searches of one user: sent at once, and not waited for."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING, Any

from benchmarks.overload import searches
from tests.support.waiting import wait_for

if TYPE_CHECKING:
    import socket

    import psycopg

IN_FLIGHT = searches.IN_FLIGHT
RUNNING = """
select count(*) from pg_stat_activity
where state = 'active' and pid <> pg_backend_pid() and query like '%strpos(search_text%'
"""


class Searches:
    """The searches of a user who has the rows for them. Each has a connection of its own."""

    def __init__(
        self, owner: psycopg.Connection[Any], internal_user_id: str, host: str = "localhost"
    ) -> None:
        self._owner = owner
        self._host = host
        self._sent: list[socket.socket] = []
        owner.execute(searches.fill(internal_user_id).encode())

    def send(self, sock: socket.socket, token: str) -> None:
        """Send a search, and keep the connection."""
        lines = [
            f"GET {searches.PATH} HTTP/1.1",
            f"Host: {self._host}",
            f"Authorization: Bearer {token}",
        ]
        sock.sendall("\r\n".join([*lines, "", ""]).encode())
        self._sent.append(sock)

    def wait_until_running(self, number: int) -> None:
        """Wait until Postgres carries out this number of searches."""
        wait_for(lambda: self._owner.execute(RUNNING).fetchone() >= (number,))

    def ended(self) -> int:
        """Return how many searches are over; this reads the first byte of each response."""
        return sum(map(_is_over, self._sent))


def _is_over(sock: socket.socket) -> bool:
    sock.setblocking(False)
    try:
        sock.recv(1)
    except (BlockingIOError, ssl.SSLWantReadError):
        return False
    return True
