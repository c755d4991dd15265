"""Run all checks at the same time; each has its own time limit, and none affects another."""

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


# For a verdict, the verdicts of the item with the cause that say enough.
EXPLAINS = {verdict: {Verdict.ERROR} for verdict in Verdict}
EXPLAINS[Verdict.UNKNOWN] = {Verdict.WARNING, Verdict.ERROR, Verdict.UNKNOWN}


class Result(NamedTuple):
    """An item and its finding."""

    item: Item
    finding: Finding


def run(items: Sequence[Item], subject: Subject) -> list[Result]:
    """Return a result for every item, in the order of the items."""
    started = time.monotonic()
    # Daemon threads do not delay the exit: a DNS look-up cannot be interrupted.
    waiting = [(item, _start(item, subject)) for item in items]
    return _fold([Result(item, _wait(item, found, started)) for item, found in waiting])


def _fold(results: list[Result]) -> list[Result]:
    """Turn items that failed for the cause of another item into skipped ones.

    The other item shows the cause. It must be as severe, so that no error becomes less.
    """
    verdicts = {item.id: finding.verdict for item, finding in results}

    def folded(item: Item, finding: Finding) -> Finding:
        cause = verdicts.get(finding.cause, Verdict.OK)
        if finding.cause == item.id or cause not in EXPLAINS[finding.verdict]:
            return finding
        text = f"It depends on {finding.cause}."
        return Finding(Verdict.SKIPPED, text, f"See {finding.cause}.", finding.cause)

    return [Result(item, folded(item, finding)) for item, finding in results]


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
    except Exception as problem:  # noqa: BLE001 - any error of a check means "unknown"
        # Only the type: the text may quote a secret.
        return Finding(
            Verdict.UNKNOWN,
            f"The check itself failed: {type(problem).__name__}.",
            "This is a bug in the check; please report it.",
        )
