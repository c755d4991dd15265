"""The latency of a service for one client that sends a request now and then."""

from __future__ import annotations

import threading
import time
from http import HTTPStatus
from http.client import HTTPConnection
from statistics import quantiles
from typing import Self

from benchmarks.processes import CannotMeasure

PAUSE = 0.02  # seconds between two requests
PATH = "/api/v1/opportunities?limit=20"


class Latency:
    """Sends requests in a thread while the block runs. Times are in milliseconds."""

    def __init__(self, port: int, token: str) -> None:
        self._port, self._headers = port, {"Authorization": f"Bearer {token}"}
        self._times: list[float] = []
        self.failed = 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    @property
    def requests(self) -> int:
        """Return the number of requests."""
        return len(self._times)

    @property
    def median(self) -> float:
        """Return the time that half of the requests did not exceed."""
        return self._hundredths()[49]

    @property
    def p99(self) -> float:
        """Return the time that 99 % of the requests did not exceed."""
        return self._hundredths()[98]

    def _hundredths(self) -> list[float]:
        if len(self._times) < 2:  # noqa: PLR2004 - a quantile needs two
            raise CannotMeasure("the service sent too few responses")
        return quantiles(self._times, n=100)

    def _run(self) -> None:
        connection = HTTPConnection("127.0.0.1", self._port, timeout=30)
        while not self._stop.wait(PAUSE):
            began = time.perf_counter()
            connection.request("GET", PATH, headers=self._headers)
            response = connection.getresponse()
            response.read()
            self._times.append((time.perf_counter() - began) * 1000)
            self.failed += response.status != HTTPStatus.OK
