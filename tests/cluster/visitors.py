"""Simulated users, whose requests are recorded."""

from __future__ import annotations

import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import count
from typing import TYPE_CHECKING, NamedTuple

import jwt

from tests.cluster.load import ROWS, Client, Request

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.cluster.network import Network

EXPECTED = {"POST": 201, "GET": 200, "PATCH": 200, "DELETE": 200}


class Try(NamedTuple):
    """A request that a visitor has made; ``began`` is a time of the monotonic clock."""

    method: str
    status: int
    began: float
    seconds: float
    title: str
    id: str | None


class Visitors:
    """Users who repeatedly create, read, change and sometimes delete an opportunity."""

    AT_MOST = 60_000  # requests
    WITHIN = 600.0  # seconds
    PAUSE = 0.005  # seconds between two opportunities of one visitor

    def __init__(self, network: Network, tokens: Sequence[str], steps: Sequence[str]) -> None:
        self._network, self._tokens, self._steps = network, tokens, steps
        self._ended = threading.Event()
        self._until = time.monotonic() + self.WITHIN
        self._numbers = count(1)
        self.tries: list[Try] = []

    @property
    def users(self) -> list[str]:
        """Return the users of the tokens."""
        claims = (jwt.decode(token, options={"verify_signature": False}) for token in self._tokens)
        return [claim["sub"] for claim in claims]

    def failed(self) -> list[Try]:
        """Return the requests that did not get the expected response."""
        return [t for t in self.tries if t.status != EXPECTED[t.method]]

    def acknowledged(self) -> dict[str, str]:
        """Return the acknowledged opportunities: their titles by id."""
        return {str(t.id): t.title for t in self.tries if (t.method, t.status) == ("POST", 201)}

    def _visit(self, token: str) -> None:
        client = Client(self._network)
        while not self._ended.is_set() and len(self.tries) < self.AT_MOST:
            if time.monotonic() > self._until:
                break
            title = f"row {next(self._numbers)}"
            made = self._try(client, Request("POST", ROWS, token, {"title": title}), title)
            for method in self._steps if made else ():
                body = {"notes": "seen"} if method == "PATCH" else None
                self._try(client, Request(method, f"{ROWS}/{made}", token, body), title)
            time.sleep(self.PAUSE)
        client.close()

    def _try(self, client: Client, request: Request, title: str) -> str | None:
        """Send a request; return the id of the created opportunity."""
        began = time.monotonic()
        status, body = client.send(request)
        is_created = (request.method, status) == ("POST", 201)
        found = str(json.loads(body)["id"]) if is_created else None
        self.tries.append(
            Try(request.method, status, began, time.monotonic() - began, title, found)
        )
        return found

    @contextmanager
    def about(self) -> Iterator[None]:
        """Let the visitors work until the block ends; each finishes its current request."""
        with ThreadPoolExecutor(len(self._tokens)) as pool:
            visits = [pool.submit(self._visit, token) for token in self._tokens]
            try:
                yield
            finally:
                self._ended.set()
        for visit in visits:
            visit.result()
