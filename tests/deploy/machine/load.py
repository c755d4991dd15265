"""Clients that repeatedly create an opportunity and read their list, and record every response."""

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
BROKEN = 0  # stands for a status: the connection broke
EXPECTED = {"POST": 201, "GET": 200}


class Try(NamedTuple):
    """A request; ``began`` is a time of the monotonic clock."""

    method: str
    status: int
    began: float
    seconds: float


class Load:
    """One client per token, each with its own address and connection."""

    PAUSE = 0.01  # seconds between two requests of a client
    WITHIN = 600.0  # seconds after which the clients stop by themselves

    def __init__(self, port: int, tokens: Sequence[str]) -> None:
        self._port, self._tokens = port, tokens
        self._ended = threading.Event()
        self.tries: list[Try] = []

    def failed(self) -> list[Try]:
        """Return the requests that did not get the expected response."""
        return [each for each in self.tries if each.status != EXPECTED[each.method]]

    def slowest(self) -> float:
        """Return the seconds that the slowest response took."""
        return max(each.seconds for each in self.tries)

    def more(self, tries: int = 200) -> None:
        """Wait for this number of further requests."""
        target = len(self.tries) + tries
        wait_for(lambda: len(self.tries) >= target, what=f"{tries} more tries")

    @contextmanager
    def running(self) -> Iterator[None]:
        """Let the clients work until the block ends; each finishes its current request."""
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
        connection = HTTPConnection("127.0.0.1", self._port, timeout=120)
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
            response = connection.getresponse()
            response.read()
            status = response.status
        except (OSError, HTTPException):
            connection.close()
        self.tries.append(Try(method, status, began, time.monotonic() - began))
        time.sleep(self.PAUSE)
