"""Rate limits: the store counts exactly, even from several processes at once."""

from __future__ import annotations

import multiprocessing
from typing import TYPE_CHECKING

from futuretracker.checks.finding import Undecided, error, ok
from futuretracker.checks.items.store import folder_of
from futuretracker.checks.probes.burst import AMOUNT, EACH, PROCESSES, burst

if TYPE_CHECKING:
    from futuretracker.checks.finding import Finding
    from futuretracker.checks.subject import Subject

WITHIN = 15.0  # seconds, most of them for starting the processes


def counted(subject: Subject) -> Finding:
    """Send a burst of hits, and compare the counts with what was sent."""
    url = subject.config.store_url
    if url.startswith("memory:"):
        return ok("One worker counts in its own memory; no other process counts.")
    if url.startswith("lmdb:") and not (folder_of(url) / "data.mdb").exists():
        raise Undecided("The store does not exist yet.", "Check again after the first start.")
    sent = PROCESSES * EACH
    fix = "Check that the store is a single one, writable, and not full."
    try:
        found = burst(url, WITHIN)
    except multiprocessing.TimeoutError as problem:
        raise Undecided("The store did not finish the burst in time.", fix) from problem
    except Exception as problem:  # noqa: BLE001 - any error of a store's client means the same
        return error(f"The store refuses hits: {type(problem).__name__}.", fix)
    if not found.is_exact:
        return error(
            f"Of {sent} hits by {PROCESSES} processes {found.allowed} were allowed, not {AMOUNT}:"
            " the processes do not count together.",
            "Set REDIS_URL to one server, its Sentinels, or one Cluster; not to separate servers.",
        )
    return ok(f"{sent} hits by {PROCESSES} processes at once: {AMOUNT} allowed, as configured.")
