"""Prometheus gauges of the table ``audit_log``, from a file that ``audit prune`` writes.

So a scrape costs no statement, and the service's role needs no right to read the table.
"""

from __future__ import annotations

import json
import os
import time
from typing import TYPE_CHECKING

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from prometheus_client import Metric

    from futuretracker.database.audit_log import Measured

FILE = "audit.json"
GAUGES = {
    "bytes": (
        "futuretracker_audit_log_bytes",
        "Size of the table audit_log with its indexes, when it was last measured.",
    ),
    "oldest": (
        "futuretracker_audit_log_oldest_timestamp_seconds",
        "UNIX time of the oldest entry of audit_log, when it was last measured.",
    ),
    "measured_at": (
        "futuretracker_audit_log_measured_timestamp_seconds",
        "UNIX time at which audit_log was last measured.",
    ),
}


class AuditLogGauges(Collector):
    """Reads the file at each scrape. A gauge without a known value has no sample."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def collect(self) -> Iterable[Metric]:
        """Yield the gauges."""
        try:
            values = json.loads((self._folder / FILE).read_bytes())
        except (OSError, ValueError, RecursionError):
            values = {}
        for field, (name, text) in GAUGES.items():
            value = values.get(field) if isinstance(values, dict) else None
            gauge = GaugeMetricFamily(name, text)
            if isinstance(value, int | float):
                gauge.add_metric([], float(value))
            yield gauge


def record(folder: Path, measured: Measured) -> None:
    """Replace the file; raise OSError. Every user of the host may read it."""
    values = {
        "bytes": measured.size,
        "oldest": measured.oldest.timestamp() if measured.oldest else None,
        "measured_at": time.time(),
    }
    partial = folder / f".{FILE}.{os.getpid()}"
    partial.write_text(json.dumps(values) + "\n")
    partial.chmod(0o644)
    partial.rename(folder / FILE)
