"""The content of /metrics: counters, and gauges that are sampled at each request for it."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Protocol
from weakref import WeakSet

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.registry import Collector

from futuretracker.telemetry import metrics, multiprocess

if TYPE_CHECKING:
    from collections.abc import Iterable

    from prometheus_client import Metric

MEMORY = Path("/proc/self/statm")
PAGE = os.sysconf("SC_PAGE_SIZE")  # bytes
STARTED = time.time()  # of the arbiter: workers inherit it


class Sampled(Protocol):
    """An object whose gauges and counters are set when they are sampled."""

    def sample(self) -> None:
        """Update the metrics."""


_sampled: WeakSet[Sampled] = WeakSet()
_lock = threading.Lock()


def watch(source: Sampled) -> None:
    """Sample an object until the garbage collector removes it."""
    _sampled.add(source)


def sample() -> None:
    """Update the metrics of every watched object. Each worker calls this once a second."""
    with _lock:
        metrics.worker_memory.set(_resident_bytes())
        for source in list(_sampled):
            source.sample()


def _resident_bytes() -> int:
    return int(MEMORY.read_text().split()[1]) * PAGE


def begin(slot: int) -> None:
    """Start to count in this worker's slot, and reset the gauges of running workers."""
    multiprocess.enter(slot)
    metrics.store_up.set(1)
    metrics.workers.set(1)


def end() -> None:
    """Update the metrics a last time, and remove the gauges of running workers."""
    sample()
    multiprocess.leave()


class AllMetrics(Collector):
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
    for collector in (AllMetrics(), *further):
        registry.register(collector)
    return generate_latest(registry)
