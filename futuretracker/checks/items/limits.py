"""Rate limits: the store counts exactly, even from several processes at once."""

from __future__ import annotations

import multiprocessing
from typing import TYPE_CHECKING

from futuretracker.checks.as_owner import as_owner
from futuretracker.checks.finding import Undecided, error, ok
from futuretracker.checks.probes.burst import AMOUNT, EACH, PROCESSES, burst
from futuretracker.store import LmdbStore, folder_of, is_usable

if TYPE_CHECKING:
    from pathlib import Path

    from futuretracker.checks.finding import Finding
    from futuretracker.checks.subject import Subject

WITHIN = 40.0  # seconds, most of them for starting the processes


def counted(subject: Subject) -> Finding:
    """Send a burst of hits, and compare the counts with what was sent."""
    url = subject.config.store_url
    if url.startswith("memory:"):
        return ok("One worker counts in its own memory; no other process counts.")
    if url.startswith("lmdb:"):
        return counted_in_file(url)
    return _count(url)


@as_owner
def counted_in_file(url: str) -> Finding:
    """Send the burst to an LMDB store, if it can be used as it is."""
    _check_file(folder_of(url))
    return _count(url)


def _count(url: str) -> Finding:
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
            f"{found.allowed} of {sent} hits by {PROCESSES} processes were allowed, not {AMOUNT}:"
            " the processes do not share their counts.",
            "Set REDIS_URL to one server, its Sentinels, or one Cluster; not to separate servers.",
        )
    return ok(f"{sent} hits by {PROCESSES} processes at once: {AMOUNT} allowed, as configured.")


def _check_file(folder: Path) -> None:
    """Raise Undecided if the store would be created or replaced when it is opened."""
    if not (folder / "data.mdb").exists():
        raise Undecided("The store does not exist yet.", "Check again after the first start.")
    if not is_usable(folder, LmdbStore.SIZE):
        found = "The store is not usable as it is."
        raise Undecided(found, "See store-usable.", cause="store-usable")
