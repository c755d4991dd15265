"""What ``watch`` has read and found: a file that it writes, and metrics from it.

Another user runs ``watch``, so the service reads its counts from a file.
"""

from __future__ import annotations

import json
import os
import time
from typing import TYPE_CHECKING, Any, NamedTuple

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from futuretracker.database.queries.watch_evaluation import select_state
from futuretracker.database.queries.watch_findings import count_findings
from futuretracker.database.queries.watch_inbox import count_inbox, select_sources

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from prometheus_client import Metric
    from psycopg import Connection

FILE = "anomalies.json"


class Numbers(NamedTuple):
    """What the file has. ``findings``: kind, severity, state and number; times in UNIX seconds."""

    lines: int = 0
    skipped: dict[str, int] = {}  # noqa: RUF012 - a NamedTuple does not change
    inbox: int = 0
    findings: list[tuple[str, str, str, int]] = []  # noqa: RUF012
    evaluated_at: float | None = None
    leads: bool = False
    saved_at: float = 0.0


def measure(conn: Connection[Any], *, host: str, source: str) -> Numbers:
    """Read the numbers from the database."""
    lines, skipped = select_sources(conn, names=[source])
    leader, evaluated_at = select_state(conn)
    return Numbers(
        lines=lines,
        skipped=skipped,
        inbox=count_inbox(conn),
        findings=[(*found,) for found in count_findings(conn)],
        evaluated_at=evaluated_at,
        leads=leader == host,
        saved_at=time.time(),
    )


def save(folder: Path, numbers: Numbers) -> None:
    """Replace the file; raise OSError. Every user of the host may read it."""
    partial = folder / f".{FILE}.{os.getpid()}"
    partial.write_text(json.dumps(numbers._asdict()) + "\n")
    partial.chmod(0o644)
    partial.rename(folder / FILE)


def read(folder: Path) -> Numbers | None:
    """Return the numbers in the file; None if it is missing or damaged."""
    try:
        values = json.loads((folder / FILE).read_bytes())
        numbers = Numbers(**{name: values[name] for name in Numbers._fields})
        return Numbers(
            int(numbers.lines),
            {str(reason): int(count) for reason, count in numbers.skipped.items()},
            int(numbers.inbox),
            [(str(a), str(b), str(c), int(count)) for a, b, c, count in numbers.findings],
            None if numbers.evaluated_at is None else float(numbers.evaluated_at),
            bool(numbers.leads),
            float(numbers.saved_at),
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


class AnomalyMetrics(Collector):
    """Reads the file at each scrape. Without it, no metric has a sample."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def collect(self) -> Iterable[Metric]:
        """Yield the metrics."""
        numbers = read(self._folder)
        yield _findings(numbers)
        yield _skipped(numbers)
        lines = CounterMetricFamily(
            "futuretracker_watch_lines_total", "Log lines of this host that watch has read."
        )
        if numbers:
            lines.add_metric([], numbers.lines)
        yield lines
        yield _gauge(
            "futuretracker_watch_inbox_batches",
            "Batches of observations, of all hosts, that wait for the evaluation.",
            numbers and numbers.inbox,
        )
        yield _gauge(
            "futuretracker_watch_evaluated_timestamp_seconds",
            "UNIX time at which a host last evaluated what was read.",
            numbers and numbers.evaluated_at,
        )
        yield _gauge(
            "futuretracker_watch_saved_timestamp_seconds",
            "UNIX time at which watch on this host last wrote these numbers.",
            numbers and numbers.saved_at,
        )
        yield _gauge(
            "futuretracker_watch_leader",
            "1 if this host evaluates what all hosts read, else 0.",
            numbers and numbers.leads,
        )


def _findings(numbers: Numbers | None) -> Metric:
    findings = GaugeMetricFamily(
        "futuretracker_anomaly_findings",
        "Findings of anomaly detection, by kind, severity and state.",
        labels=["kind", "severity", "state"],
    )
    for *labels, count in numbers.findings if numbers else ():
        findings.add_metric([str(label) for label in labels], float(count))
    return findings


def _skipped(numbers: Numbers | None) -> Metric:
    skipped = CounterMetricFamily(
        "futuretracker_watch_lines_skipped_total",
        "Log lines of this host that watch could not use, by reason.",
        labels=["reason"],
    )
    for reason, count in numbers.skipped.items() if numbers else ():
        skipped.add_metric([reason], count)
    return skipped


def _gauge(name: str, text: str, value: float | None) -> Metric:
    gauge = GaugeMetricFamily(name, text)
    if value is not None:
        gauge.add_metric([], float(value))
    return gauge
