"""List the misses and the false alarms of training worlds, for those who tune the detectors."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from typing import TYPE_CHECKING

from benchmarks.anomalies.seeds import is_held_out

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.anomalies.evaluation import Result


def explain(result: Result) -> Iterator[str]:
    """Yield lines about single events; refuse to do so for a held-out world."""
    if is_held_out(result.seed):
        raise ValueError("The events of a held-out world must not be looked at.")
    for outcome in result.outcomes:
        incident = outcome.incident
        how = "missed" if outcome.delay is None else f"after {outcome.delay:.0f} s"
        kinds = dict(Counter(outcome.kinds))
        unheard = f"{outcome.unheard} alarms extended open findings" if outcome.unheard else ""
        yield f"{incident.kind} | {incident.strength} | {how} | {kinds or ''} {unheard}"
    for kind, number in Counter(r.finding.kind for r in result.false_alarms).most_common():
        yield f"false alarms of {kind}: {number}"
    for raised in result.false_alarms:
        at = dt.datetime.fromtimestamp(raised.at, dt.UTC)
        finding = raised.finding
        yield f"{at:%m-%d %H:%M} {finding.kind} {finding.subject}: {finding.reason}"
