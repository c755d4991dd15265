"""The stores of several hosts: Redis or Valkey, alone, under Sentinel or as a Cluster."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from limits.storage import RedisClusterStorage, RedisSentinelStorage, RedisStorage
from redis.backoff import NoBackoff
from redis.exceptions import AskError, MovedError
from redis.retry import Retry

from futuretracker.store.base import Visit, Window

if TYPE_CHECKING:
    from collections.abc import Sequence

    from futuretracker.store.base import Hit

ONCE = Retry(NoBackoff(), 0)
SCRIPT = """
local windows, values, hits, fit = {}, {}, tonumber(ARGV[1]), true
for i = 1, hits do
    local weight = tonumber(ARGV[3 * i + 1])
    if weight > 1 then
        local count = tonumber(redis.call('get', KEYS[i]) or 0)
        fit = fit and count + weight <= tonumber(ARGV[3 * i - 1])
    end
end
for i = 1, hits do
    local weight, uncounted = tonumber(ARGV[3 * i + 1]), 0
    if weight > 1 and not fit then weight, uncounted = 0, weight end
    local count = redis.call('incrby', KEYS[i], weight) + uncounted
    local left = redis.call('pttl', KEYS[i])
    if left < 0 then
        left = ARGV[3 * i] * 1000
        redis.call('pexpire', KEYS[i], left)
    end
    windows[i] = {count, left}
    if count > tonumber(ARGV[3 * i - 1]) then break end
end
for i = hits + 1, #KEYS do values[i - hits] = redis.call('get', KEYS[i]) end
return {windows, values}
"""


class RedisStore(RedisStorage):
    """Counters and values in Redis or Valkey; one script does a visit in one round trip."""

    STORAGE_SCHEME = ["redis", "rediss"]
    NAMESPACE = "futuretracker:"

    def __init__(self, uri: str, **options: Any) -> None:
        # With this prefix the library's ``get`` and ``clear`` find the keys of ``visit``.
        super().__init__(uri, key_prefix=self.NAMESPACE.removesuffix(":"), **options)
        self._script = self.storage.register_script(SCRIPT)

    def visit(self, hits: Sequence[Hit], keys: Sequence[str] = ()) -> Visit:
        """Count and read in one script."""
        names = [self.NAMESPACE + hit.key for hit in hits]
        names += [self.NAMESPACE + key for key in keys]
        limits = [number for hit in hits for number in (hit.amount, hit.seconds, hit.weight)]
        counters, values = self._run(names, [len(hits), *limits])
        now = time.time()
        return Visit([Window(count, now + left / 1000) for count, left in counters], values)

    def _run(self, keys: list[str], arguments: list[int]) -> Any:
        return self._script(keys, arguments)

    def put(self, key: str, value: bytes, seconds: int) -> None:
        """Set a value that expires after ``seconds``."""
        self.storage.set(self.NAMESPACE + key, value, ex=seconds)

    def forget(self, key: str) -> None:
        """Delete a value."""
        self.storage.delete(self.NAMESPACE + key)

    def recover(self) -> None:
        """Send a ping: it lets the client of a Cluster find its nodes again."""
        self.check()

    def sample(self) -> None:
        """Do nothing: every question to the server would wait for the network."""


class SentinelStore(RedisStore, RedisSentinelStorage):
    """The store on the primary server, whose address Sentinel knows."""

    STORAGE_SCHEME = ["redis+sentinel"]

    def __init__(self, uri: str, **options: Any) -> None:
        # Connections to Sentinel use only these options. Without ONCE they would retry.
        waits = {name: value for name, value in options.items() if name.startswith("socket_")}
        super().__init__(uri, sentinel_kwargs={**waits, "retry": ONCE}, **options)


class ClusterStore(RedisStore, RedisClusterStorage):
    """The store on one node of a Cluster, so that a visit stays one round trip."""

    STORAGE_SCHEME = ["redis+cluster"]
    NAMESPACE = "{futuretracker}:"  # the hash tag: all keys are on the same node

    def __init__(self, uri: str, **options: Any) -> None:
        super().__init__(uri, retry=ONCE, **options)
        self._slot = self.storage.keyslot(self.NAMESPACE)

    def _run(self, keys: list[str], arguments: list[int]) -> Any:
        """Run the script on the node itself: the Cluster's client would try others on a timeout."""
        node = self.storage.nodes_manager.get_node_from_slot(self._slot)
        try:
            return self._script(keys, arguments, client=self.storage.get_redis_connection(node))
        except (MovedError, AskError):
            return self._script(keys, arguments)
