"""Prometheus gauges of the last backup and the last restore drill."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from futuretracker.backups.files.status import Status

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from prometheus_client import Metric

    from futuretracker.backups.files.status import Result


class BackupAge(Collector):
    """Reads ``status.json`` at each scrape. A gauge without a known value has no sample."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def collect(self) -> Iterable[Metric]:
        """Yield the three gauges."""
        try:
            status = Status.read(self._folder)
        except (OSError, ValueError):
            status = Status()
        yield _gauge(
            "futuretracker_backup_timestamp_seconds",
            "UNIX time at which the last backup was finished.",
            _finished(status.backup),
        )
        yield _gauge(
            "futuretracker_drill_timestamp_seconds",
            "UNIX time at which the last restore drill was finished.",
            _finished(status.drill),
        )
        yield _gauge(
            "futuretracker_drill_ok",
            "1 if the last restore drill restored every row, else 0.",
            status.drill.ok if status.drill else None,
        )


def _finished(result: Result | None) -> float | None:
    return result.finished_at.timestamp() if result and result.finished_at else None


def _gauge(name: str, text: str, value: float | None) -> GaugeMetricFamily:
    gauge = GaugeMetricFamily(name, text)
    if value is not None:
        gauge.add_metric([], float(value))
    return gauge
