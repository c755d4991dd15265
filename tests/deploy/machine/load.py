"""Clients who create a row and read their list, again and again, and remember every answer."""

from __future__ import annotations

import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException
from typing import TYPE_CHECKING, NamedTuple

from tests.support.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

ROWS = "/api/v1/opportunities"
BROKEN = 0  # in place of a status
EXPECTED = {"POST": 201, "GET": 200}


class Try(NamedTuple):
    """A request; ``began`` is on the monotonic clock."""

    method: str
    status: int
    began: float
    seconds: float


class Load:
    """One client for each token, each with an address and a connection of its own."""

    PAUSE = 0.01  # seconds between two requests of a client
    WITHIN = 60.0  # seconds, should nobody end it

    def __init__(self, port: int, tokens: Sequence[str]) -> None:
        self._port, self._tokens = port, tokens
        self._ended = threading.Event()
        self.tries: list[Try] = []

    def failed(self) -> list[Try]:
        """Return the tries that were not answered as they should be."""
        return [each for each in self.tries if each.status != EXPECTED[each.method]]

    def slowest(self) -> float:
        """Return how many seconds the slowest answer took."""
        return max(each.seconds for each in self.tries)

    def more(self, tries: int = 200) -> None:
        """Wait for so many more tries."""
        target = len(self.tries) + tries
        wait_for(lambda: len(self.tries) >= target, what=f"{tries} more tries")

    @contextmanager
    def running(self) -> Iterator[None]:
        """Let them ask until the block ends; each finishes what it has begun."""
        with ThreadPoolExecutor(len(self._tokens)) as pool:
            clients = [pool.submit(self._ask, *each) for each in enumerate(self._tokens)]
            try:
                self.more()
                yield
                self.more()
            finally:
                self._ended.set()
        for client in clients:
            client.result()

    def _ask(self, number: int, token: str) -> None:
        connection = HTTPConnection("127.0.0.1", self._port, timeout=50)
        sent = {"Authorization": f"Bearer {token}", "X-Address": f"198.51.100.{number}"}
        until = time.monotonic() + self.WITHIN
        while not self._ended.is_set() and time.monotonic() < until:
            body = json.dumps({"title": "Internship"})
            self._try(connection, "POST", ROWS, sent | {"Content-Type": "application/json"}, body)
            self._try(connection, "GET", f"{ROWS}?limit=1", sent)
        connection.close()

    def _try(
        self,
        connection: HTTPConnection,
        method: str,
        path: str,
        headers: dict[str, str],
        body: str | None = None,
    ) -> None:
        began, status = time.monotonic(), BROKEN
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            answer.read()
            status = answer.status
        except (OSError, HTTPException):
            connection.close()
        self.tries.append(Try(method, status, began, time.monotonic() - began))
        time.sleep(self.PAUSE)
