"""Send hits for one new key to the store, from several processes at the same time."""

from __future__ import annotations

import multiprocessing
import secrets
from typing import NamedTuple

from futuretracker.store import Hit, configured_store

PROCESSES = 3
EACH = 40  # hits by each process
AMOUNT = 70  # the rate limit, less than all hits together
SECONDS = 30
CALL_WITHIN = 5.0  # seconds; the burst is about counts, so a busy store has time


class Counted(NamedTuple):
    """The counts that the processes received, sorted, and how many hits were allowed."""

    counts: list[int]
    allowed: int

    @property
    def is_exact(self) -> bool:
        """Tell whether every hit was counted exactly once."""
        return self.counts == list(range(1, PROCESSES * EACH + 1)) and self.allowed == AMOUNT


def burst(url: str, within: float) -> Counted:
    """Run the processes; raise the errors of the store's client, or TimeoutError."""
    hit = Hit(f"check:{secrets.token_hex(16)}", AMOUNT, SECONDS)
    # Do not fork: it would copy locks that other threads of this process hold.
    with multiprocessing.get_context("spawn").Pool(PROCESSES) as pool:
        waiting = pool.map_async(_hit, [(url, hit)] * PROCESSES, chunksize=1)
        counts = sorted(count for part in waiting.get(within) for count in part)
    return Counted(counts, sum(count <= AMOUNT for count in counts))


def _hit(work: tuple[str, Hit]) -> list[int]:
    url, hit = work
    store = configured_store(url, CALL_WITHIN)
    return [store.visit([hit]).windows[0].hits for _ in range(EACH)]
