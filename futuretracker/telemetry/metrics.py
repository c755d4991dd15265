"""What is measured, and what it is called: docs/monitoring.md has a line for each.

Every label has few values, which the code names and no client can add to.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

# From a read that is answered at once to one that waited for everything.
BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)  # seconds
# What `pool.OutOfReach` calls them; whatever else there is has to do with the connection.
DATABASE_ERRORS = {
    "PoolTimeout": "pool_timeout",
    "QueryCanceled": "statement_timeout",
    "LockNotAvailable": "lock_timeout",
    "Known": "known",
}

disable_created_metrics()  # type: ignore[no-untyped-call]
registry = CollectorRegistry()

requests = Counter(
    "futuretracker_requests_total",
    "Requests answered, by route template.",
    ["method", "route", "status"],
    registry=registry,
)
request_duration = Histogram(
    "futuretracker_request_duration_seconds",
    "Time from a request's last byte to its answer, in seconds.",
    ["method", "route"],
    buckets=BUCKETS,
    registry=registry,
)
limit_decisions = Counter(
    "futuretracker_limit_decisions_total",
    "Requests counted against a budget, and what was decided.",
    ["budget", "decision"],
    registry=registry,
)
authentication_failures = Counter(
    "futuretracker_authentication_failures_total",
    "Tokens refused, by the reason in the AUTH log line.",
    ["reason"],
    registry=registry,
)
webhooks = Counter(
    "futuretracker_webhooks_total",
    "Webhooks of Clerk's, by what became of them.",
    ["outcome"],
    registry=registry,
)
store_up = Gauge(
    "futuretracker_store_up",
    "1 while every worker reaches the shared store, 0 once one goes on without.",
    multiprocess_mode="livemin",
    registry=registry,
)
database_errors = Counter(
    "futuretracker_database_errors_total",
    "Statements that the database has not answered, by kind.",
    ["kind"],
    registry=registry,
)
reads = Counter(
    "futuretracker_reads_total",
    "Reads where there is a replica, by the server that answered.",
    ["server"],
    registry=registry,
)
replica_up = Gauge(
    "futuretracker_replica_up",
    "1 while every worker reads from the replica, 0 once one does not.",
    ["server"],
    multiprocess_mode="livemin",
    registry=registry,
)
replica_lag = Gauge(
    "futuretracker_replica_lag_seconds",
    "Age of the last moment that the replica is known to have whole, in seconds.",
    ["server"],
    multiprocess_mode="livemax",
    registry=registry,
)
pool_connections = Gauge(
    "futuretracker_pool_connections",
    "Connections to Postgres, by server and state (used, idle).",
    ["server", "state"],
    multiprocess_mode="livesum",
    registry=registry,
)
pool_limit = Gauge(
    "futuretracker_pool_connections_limit",
    "The most connections to Postgres that there may be.",
    ["server"],
    multiprocess_mode="livesum",
    registry=registry,
)
pool_waiting = Gauge(
    "futuretracker_pool_waiting_requests",
    "Requests that wait for a connection to Postgres.",
    ["server"],
    multiprocess_mode="livesum",
    registry=registry,
)
revocations_loaded = Gauge(
    "futuretracker_revocations_loaded_timestamp_seconds",
    "UNIX time at which a worker last loaded who is refused.",
    multiprocess_mode="max",
    registry=registry,
)
workers = Gauge(
    "futuretracker_workers",
    "Worker processes that live.",
    multiprocess_mode="livesum",
    registry=registry,
)
worker_exits = Counter(
    "futuretracker_worker_exits_total",
    "Worker processes that have ended: told to (ended), or killed, crashed or hung (died).",
    ["outcome"],
    registry=registry,
)
last_scrape = Gauge(
    "futuretracker_last_scrape_timestamp_seconds",
    "UNIX time of the last scrape but for those of the check command; 0 before the first.",
    multiprocess_mode="max",
    registry=registry,
)

# What may be counted is there from the beginning: a rate sees nothing of a series' first value.
for _kind in ("connection", *DATABASE_ERRORS.values()):
    database_errors.labels(_kind)
for _outcome in ("new", "repeated", "none", "refused"):
    webhooks.labels(_outcome)
for _outcome in ("ended", "died"):
    worker_exits.labels(_outcome)
store_up.set(1)


def observe_all(histogram: Histogram, amounts: Iterable[float]) -> None:
    """Observe many amounts at once; the library itself knows one after the other alone."""
    rising = sorted(amounts)
    below = 0
    for bucket, bound in zip(histogram._buckets, histogram._upper_bounds, strict=True):  # noqa: SLF001
        up_to = bisect_right(rising, bound)
        if up_to > below:
            bucket.inc(up_to - below)
        below = up_to
    histogram._sum.inc(sum(rising))  # noqa: SLF001
