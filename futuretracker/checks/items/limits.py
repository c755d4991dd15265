"""Budgets: the store counts exactly, whoever counts in it."""

from __future__ import annotations

import multiprocessing
from typing import TYPE_CHECKING

from futuretracker.checks.finding import Undecided, error, ok
from futuretracker.checks.items.store import folder_of
from futuretracker.checks.probes.burst import AMOUNT, EACH, PROCESSES, burst

if TYPE_CHECKING:
    from futuretracker.checks.finding import Finding
    from futuretracker.checks.subject import Subject

WITHIN = 15.0  # seconds; most of it goes for the start of the processes


def counted(subject: Subject) -> Finding:
    """Send a real burst, and compare what was counted with what was sent."""
    url = subject.config.store_url
    if url.startswith("memory:"):
        return ok("One worker counts in its own memory: nobody counts beside it.")
    if url.startswith("lmdb:") and not (folder_of(url) / "data.mdb").exists():
        raise Undecided("The store is not there yet.", "Check once the service has been started.")
    sent = PROCESSES * EACH
    mend = "Look at the store: is it one, writable, and not full?"
    try:
        found = burst(url, WITHIN)
    except multiprocessing.TimeoutError as problem:
        raise Undecided("The store did not take a burst in time.", mend) from problem
    except Exception as problem:  # noqa: BLE001 - whatever a store's client raises means the same
        return error(f"The store takes no hits: {type(problem).__name__}.", mend)
    if not found.is_exact:
        return error(
            f"Of {sent} hits from {PROCESSES} processes {found.allowed} were let through,"
            f" not {AMOUNT}: they do not count together.",
            "Let REDIS_URL name one server (or its Sentinels, or its Cluster), not several.",
        )
    return ok(f"{sent} hits from {PROCESSES} processes at once: {AMOUNT} let through, as allowed.")
