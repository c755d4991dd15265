"""What /metrics says: everything that was counted, and what is looked up as it is asked."""

from __future__ import annotations

import os
import threading
import time
from typing import TYPE_CHECKING, Protocol
from weakref import WeakSet

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.registry import Collector

from futuretracker.telemetry import metrics, multiprocess

if TYPE_CHECKING:
    from collections.abc import Iterable

    from prometheus_client import Metric

STARTED = time.time()  # workers inherit it from the arbiter


class Sampled(Protocol):
    """Something whose gauges are set, or whose events are counted, from time to time."""

    def sample(self) -> None:
        """Do so."""


_sampled: WeakSet[Sampled] = WeakSet()
_lock = threading.Lock()


def watch(this: Sampled) -> None:
    """Sample this from now on, as long as somebody uses it."""
    _sampled.add(this)


def sample() -> None:
    """Set what is not set as it happens; a worker does it once a second."""
    with _lock:
        for this in list(_sampled):
            this.sample()


def begin(seat: int) -> None:
    """Begin to count as the worker at this seat; what was there of living ones is zero."""
    multiprocess.sit(seat)
    metrics.store_up.set(1)
    metrics.workers.set(1)


def end() -> None:
    """Count what is left, and take back what holds for living workers alone."""
    sample()
    multiprocess.leave()


class Everything(Collector):
    """What this process has counted, or all those that share a folder."""

    def collect(self) -> Iterable[Metric]:
        """Collect it."""
        if multiprocess.FOLDER in os.environ:
            return multiprocess.collect()
        return metrics.registry.collect()


def exposition(*further: Collector) -> bytes:
    """Return everything, and what ``further`` collects, in Prometheus' text format 0.0.4."""
    sample()
    registry = CollectorRegistry()
    for collector in (Everything(), *further):
        registry.register(collector)
    return generate_latest(registry)
