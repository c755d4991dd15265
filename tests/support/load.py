"""Several clients that send requests until a block ends."""

from __future__ import annotations

import threading
from collections import Counter
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from tests.support.servers import Service


class Load:
    """Clients that send GET requests one after the other; ``statuses`` counts the responses."""

    def __init__(self, service: Service, path: str, token: str, clients: int) -> None:
        self.service, self.path, self.token = service, path, token
        self.statuses = Counter[int]()
        self._end = threading.Event()
        self._threads = [threading.Thread(target=self._run) for _ in range(clients)]

    def _run(self) -> None:
        while not self._end.is_set():
            self.statuses[self.service.request("GET", self.path, token=self.token).status] += 1

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._end.set()
        for thread in self._threads:
            thread.join()
