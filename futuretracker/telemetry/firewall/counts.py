"""How many requests the firewall has refused: a file of ``waf-log``, and metrics from it.

Another user runs ``waf-log``, so the service reads its counts from a file.
"""

from __future__ import annotations

import json
import os
import time
from typing import TYPE_CHECKING

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from prometheus_client import Metric

FILE = "waf.json"
OUTCOMES = ("refused", "detected")


class FirewallCounts:
    """The counts since the first start, in a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        known = _read(folder)
        self._counts = {outcome: int(known.get(outcome, 0)) for outcome in OUTCOMES}

    def add(self, outcome: str) -> None:
        """Count a request."""
        self._counts[outcome] += 1

    def save(self) -> None:
        """Replace the file; raise OSError. Every user of the host may read it."""
        partial = self._folder / f".{FILE}.{os.getpid()}"
        partial.write_text(json.dumps({**self._counts, "read_at": time.time()}) + "\n")
        partial.chmod(0o644)
        partial.rename(self._folder / FILE)


class FirewallMetrics(Collector):
    """Reads the file at each scrape. Without it, no metric has a sample."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def collect(self) -> Iterable[Metric]:
        """Yield the metrics."""
        values = _read(self._folder)
        requests = CounterMetricFamily(
            "futuretracker_waf_requests_total",
            "Requests that the firewall has refused, or only detected, by outcome.",
            labels=["outcome"],
        )
        for outcome in filter(values.__contains__, OUTCOMES):
            requests.add_metric([outcome], values[outcome])
        yield requests
        read = GaugeMetricFamily(
            "futuretracker_waf_log_timestamp_seconds",
            "UNIX time at which the firewall's audit log was last read.",
        )
        if "read_at" in values:
            read.add_metric([], values["read_at"])
        yield read


def _read(folder: Path) -> dict[str, float]:
    """Return the numbers in the file: none if it is missing or damaged."""
    try:
        values = json.loads((folder / FILE).read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    if not isinstance(values, dict):
        return {}
    return {name: value for name, value in values.items() if isinstance(value, int | float)}
