"""Prometheus gauges of the steps of ``prune``, from a file that ``prune`` writes.

So a scrape costs no statement, and the port of the metrics needs no connection to Postgres.
"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from futuretracker.database.queries.prune import STEPS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from prometheus_client import Metric

    from futuretracker.database.queries.prune import PruneRun

FILE = "prune.json"
GAUGES = {
    "finished_at": (
        "futuretracker_prune_finished_timestamp_seconds",
        "UNIX time at which each step of prune last finished.",
    ),
    "removed": (
        "futuretracker_prune_removed_rows",
        "What each step of prune removed when it last finished: rows, or users.",
    ),
}


class PruneGauges(Collector):
    """Reads the file at each scrape. A step without a known value has no sample."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def collect(self) -> Iterable[Metric]:
        """Yield the gauges."""
        try:
            runs = json.loads((self._folder / FILE).read_bytes())
        except (OSError, ValueError, RecursionError):
            runs = {}
        for field, (name, text) in GAUGES.items():
            gauge = GaugeMetricFamily(name, text, labels=["step"])
            for step in STEPS:
                run = runs.get(step) if isinstance(runs, dict) else None
                value = run.get(field) if isinstance(run, dict) else None
                if isinstance(value, int | float):
                    gauge.add_metric([step], float(value))
            yield gauge


def record(folder: Path, runs: Sequence[PruneRun]) -> None:
    """Replace the file; raise OSError. Every user of the host may read it."""
    values = {
        run.step: {"finished_at": run.finished_at.timestamp(), "removed": run.removed}
        for run in runs
    }
    partial = folder / f".{FILE}.{os.getpid()}"
    partial.write_text(json.dumps(values) + "\n")
    partial.chmod(0o644)
    partial.rename(folder / FILE)
