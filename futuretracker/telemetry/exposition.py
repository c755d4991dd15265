"""The content of /metrics: what was counted, and what is sampled when it is requested."""

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

STARTED = time.time()  # of the arbiter: workers inherit it


class Sampled(Protocol):
    """An object whose gauges and counters are updated from time to time."""

    def sample(self) -> None:
        """Update them."""


_sampled: WeakSet[Sampled] = WeakSet()
_lock = threading.Lock()


def watch(this: Sampled) -> None:
    """Sample an object for as long as it is in use."""
    _sampled.add(this)


def sample() -> None:
    """Update the metrics of every watched object; a worker does so once a second."""
    with _lock:
        for this in list(_sampled):
            this.sample()


def begin(slot: int) -> None:
    """Count in this worker's slot, with the gauges of a living worker reset."""
    multiprocess.enter(slot)
    metrics.store_up.set(1)
    metrics.workers.set(1)


def end() -> None:
    """Count what is left, and remove the gauges of a living worker."""
    sample()
    multiprocess.leave()


class Everything(Collector):
    """The metrics of this process, or of all processes of its gunicorn."""

    def collect(self) -> Iterable[Metric]:
        """Return the metrics."""
        if multiprocess.FOLDER in os.environ:
            return multiprocess.collect()
        return metrics.registry.collect()


def exposition(*further: Collector) -> bytes:
    """Return all metrics, and those of ``further``, in Prometheus' text format 0.0.4."""
    sample()
    registry = CollectorRegistry()
    for collector in (Everything(), *further):
        registry.register(collector)
    return generate_latest(registry)
