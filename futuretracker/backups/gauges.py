"""What the backups' own status.json says of the last backup and the last drill."""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING, Any

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from prometheus_client import Metric


class BackupAge(Collector):
    """Gauges without a value where the file is not there, not readable or not what it should be."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "status.json"

    def collect(self) -> Iterable[Metric]:
        """Read the file anew."""
        try:
            status = json.loads(self._file.read_bytes())
        except (OSError, ValueError, RecursionError):
            status = None
        backup, drill = (_member(status, name) for name in ("backup", "drill"))
        ok = drill.get("ok")
        yield _gauge(
            "futuretracker_backup_timestamp_seconds",
            "UNIX time at which the last backup was finished.",
            _moment(backup.get("finished_at")),
        )
        yield _gauge(
            "futuretracker_drill_timestamp_seconds",
            "UNIX time at which the last restore drill was finished.",
            _moment(drill.get("finished_at")),
        )
        yield _gauge(
            "futuretracker_drill_ok",
            "1 where the last restore drill has found every row again, else 0.",
            float(ok) if isinstance(ok, bool) else None,
        )


def _member(status: object, name: str) -> dict[str, Any]:
    found = status.get(name) if isinstance(status, dict) else None
    return found if isinstance(found, dict) else {}


def _moment(text: object) -> float | None:
    """Return RFC 3339 as UNIX time."""
    try:
        moment = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return moment.timestamp() if moment.tzinfo else None


def _gauge(name: str, text: str, value: float | None) -> GaugeMetricFamily:
    gauge = GaugeMetricFamily(name, text)
    if value is not None:
        gauge.add_metric([], value)
    return gauge
