"""Runs the checks, all at once: each has a time of its own, and none can break the others."""

from __future__ import annotations

import threading
import time
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, NamedTuple

from futuretracker.checks.finding import Failed, Finding, Undecided, Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from futuretracker.checks.checklist import Item
    from futuretracker.checks.subject import Subject


class Result(NamedTuple):
    """An item and what was found."""

    item: Item
    finding: Finding


def run(items: Sequence[Item], subject: Subject) -> list[Result]:
    """Return a result for every item, in their order."""
    started = time.monotonic()
    # Threads that nobody waits for at the end: a resolver or a dead server cannot be interrupted.
    waiting = [(item, _start(item, subject)) for item in items]
    return [Result(item, _wait(item, found, started)) for item, found in waiting]


def _start(item: Item, subject: Subject) -> SimpleQueue[Finding]:
    found: SimpleQueue[Finding] = SimpleQueue()
    threading.Thread(
        target=lambda: found.put(_check(item, subject)), name=item.id, daemon=True
    ).start()
    return found


def _wait(item: Item, found: SimpleQueue[Finding], started: float) -> Finding:
    try:
        return found.get(timeout=max(0.0, started + item.within - time.monotonic()))
    except Empty:
        return Finding(Verdict.UNKNOWN, f"No result within {item.within:.0f} seconds.")


def _check(item: Item, subject: Subject) -> Finding:
    try:
        return item.check(subject)
    except (Undecided, Failed) as outcome:
        return outcome.finding
    except Exception as problem:  # noqa: BLE001 - whatever it is, it proves nothing
        # The kind alone: the text may quote a secret.
        return Finding(
            Verdict.UNKNOWN,
            f"The check itself failed: {type(problem).__name__}.",
            "This is a mistake in the check; please report it.",
        )
