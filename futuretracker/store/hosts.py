"""The store of several hosts: Redis or Valkey."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from limits.storage import RedisStorage

from futuretracker.store.counting import Window

if TYPE_CHECKING:
    from collections.abc import Sequence

    from futuretracker.store.counting import Hit


class RedisStore(RedisStorage):
    """Counters in Redis or Valkey; one script counts all hits of a request in one round trip."""

    STORAGE_SCHEME = ["redis", "rediss"]
    SCRIPT = """
    local windows = {}
    for i, key in ipairs(KEYS) do
        local count = redis.call('incr', key)
        local left = redis.call('pttl', key)
        if left < 0 then
            left = ARGV[2 * i] * 1000
            redis.call('pexpire', key, left)
        end
        windows[i] = {count, left}
        if count > tonumber(ARGV[2 * i - 1]) then break end
    end
    return windows
    """

    def __init__(self, uri: str, **options: Any) -> None:
        super().__init__(uri, **options)
        self._spend = self.storage.register_script(self.SCRIPT)

    def spend(self, hits: Sequence[Hit]) -> list[Window]:
        """Count the hits in one script."""
        now = time.time()
        rows: list[list[int]] = self._spend(
            [f"futuretracker:{hit.key}" for hit in hits],
            [value for hit in hits for value in (hit.amount, hit.seconds)],
        )
        return [Window(count, now + left / 1000) for count, left in rows]
