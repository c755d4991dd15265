"""Requests over keep-alive connections: single ones, or many at once."""

from __future__ import annotations

import json
import random
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection, HTTPException
from typing import TYPE_CHECKING, NamedTuple

from tests.cluster.network import APP, FRONT

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tests.cluster.network import Network

ROWS = "/api/v1/opportunities"
BROKEN = 0  # stands for a status: the connection to nginx broke


class Request(NamedTuple):
    """A request that can be sent many times."""

    method: str
    path: str
    token: str | None = None
    body: object = None


class Client:
    """A keep-alive connection to nginx, or directly to a host.

    It sends nginx a forged X-Forwarded-For, and sends a host the one that nginx would send.
    """

    def __init__(self, network: Network, node: str = "front", port: int = 0) -> None:
        is_front = node == "front"
        port = port or (FRONT if is_front else APP)
        address = network.address("client")
        lie = f"198.51.100.{random.randrange(256)}"  # noqa: S311 - no secret
        self._headers = {"X-Forwarded-For": lie if is_front else address}
        self._connection = HTTPConnection(
            network.address(node), port, timeout=120, source_address=(address, 0)
        )

    def send(self, request: Request, more: Mapping[str, str] | None = None) -> tuple[int, bytes]:
        """Return the status and the body, or BROKEN."""
        headers = {**self._headers, **(more or {})}
        if request.token:
            headers["Authorization"] = f"Bearer {request.token}"
        body = None
        if request.body is not None:
            body, headers["Content-Type"] = json.dumps(request.body), "application/json"
        try:
            self._connection.request(request.method, request.path, body=body, headers=headers)
            response = self._connection.getresponse()
            return response.status, response.read()
        except (HTTPException, OSError):
            self._connection.close()
            return BROKEN, b""

    def close(self) -> None:
        self._connection.close()


def flood(
    network: Network, asks: Sequence[Request], times: int, *, clients: int = 8, port: int = FRONT
) -> Counter[int]:
    """Send this many requests over several connections, in turn; count the statuses."""
    tickets = iter(range(times))
    lock = threading.Lock()

    def one_client() -> Counter[int]:
        statuses: Counter[int] = Counter()
        client = Client(network, port=port)
        while True:
            with lock:
                ticket = next(tickets, None)
            if ticket is None:
                client.close()
                return statuses
            statuses[client.send(asks[ticket % len(asks)])[0]] += 1

    with ThreadPoolExecutor(clients) as pool:
        done = [pool.submit(one_client) for _ in range(clients)]
        return sum((client.result() for client in done), Counter())
