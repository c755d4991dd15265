"""A burst of hits from several processes at once, against one key that nobody else uses."""

from __future__ import annotations

import multiprocessing
import secrets
from typing import NamedTuple

from futuretracker.store import Hit, configured_store

PROCESSES = 3
EACH = 40  # hits of a process
AMOUNT = 70  # that the budget allows, fewer than come
SECONDS = 30


class Counted(NamedTuple):
    """The counts that the processes were told, in order, and how many hits were let through."""

    counts: list[int]
    allowed: int

    @property
    def is_exact(self) -> bool:
        """Tell whether every hit was counted, and none twice."""
        return self.counts == list(range(1, PROCESSES * EACH + 1)) and self.allowed == AMOUNT


def burst(url: str, within: float) -> Counted:
    """Hit the store from processes of their own; raise what its client raises, or TimeoutError."""
    hit = Hit(f"check:{secrets.token_hex(16)}", AMOUNT, SECONDS)
    # Spawned: a fork would take over this process's threads in whatever state they are.
    with multiprocessing.get_context("spawn").Pool(PROCESSES) as pool:
        waiting = pool.map_async(_hit, [(url, hit)] * PROCESSES, chunksize=1)
        counts = sorted(count for part in waiting.get(within) for count in part)
    return Counted(counts, sum(count <= AMOUNT for count in counts))


def _hit(work: tuple[str, Hit]) -> list[int]:
    url, hit = work
    store = configured_store(url)
    return [store.visit([hit]).windows[0].hits for _ in range(EACH)]
