"""The service's metrics; docs/operations/monitoring.md lists them.

The code names every label value. No client can add one, so the number of series is bounded.
"""

from __future__ import annotations

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
)

# From the fastest read to a request that hit every timeout.
BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)  # seconds

disable_created_metrics()  # type: ignore[no-untyped-call]
registry = CollectorRegistry()

requests = Counter(
    "futuretracker_requests_total",
    "Responses sent, by route template.",
    ["method", "route", "status"],
    registry=registry,
)
request_duration = Histogram(
    "futuretracker_request_duration_seconds",
    "Time from the last byte of a request to its response, in seconds.",
    ["method", "route"],
    buckets=BUCKETS,
    registry=registry,
)
limit_decisions = Counter(
    "futuretracker_limit_decisions_total",
    "Requests checked against a rate limit, by decision.",
    ["budget", "decision"],
    registry=registry,
)
authentication_failures = Counter(
    "futuretracker_authentication_failures_total",
    "Rejected tokens, by the reason in the AUTH log line.",
    ["reason"],
    registry=registry,
)
webhooks = Counter(
    "futuretracker_webhooks_total",
    "Webhooks received from Clerk, by outcome.",
    ["outcome"],
    registry=registry,
)
repeated_keys = Counter(
    "futuretracker_repeated_idempotency_keys_total",
    "Requests with an Idempotency-Key that was used before, by outcome.",
    ["outcome"],
    registry=registry,
)
store_up = Gauge(
    "futuretracker_store_up",
    "1 if every worker uses the shared store, 0 if any counts on its own.",
    multiprocess_mode="livemin",
    registry=registry,
)
store_visit = Gauge(
    "futuretracker_store_visit_seconds",
    "Mean duration of a visit to the shared store in the last second with visits, in seconds.",
    multiprocess_mode="livemax",
    registry=registry,
)
store_entries = Gauge(
    "futuretracker_store_entries",
    "Entries of the LMDB store, by kind (counters, values), with those that have expired.",
    ["kind"],
    multiprocess_mode="livemax",
    registry=registry,
)
store_bytes = Gauge(
    "futuretracker_store_bytes",
    "Size of the LMDB store (used), its limit, and the free space of its file system, in bytes.",
    ["kind"],
    multiprocess_mode="livemax",
    registry=registry,
)
database_errors = Counter(
    "futuretracker_database_errors_total",
    "Statements that the database did not complete, by kind.",
    ["kind"],
    registry=registry,
)
database_read_only = Gauge(
    "futuretracker_database_read_only",
    "1 if the database was found to be read-only in the last minute.",
    multiprocess_mode="livemax",
    registry=registry,
)
reads = Counter(
    "futuretracker_reads_total",
    "Reads while a replica is configured, by the server that was used.",
    ["server"],
    registry=registry,
)
replica_up = Gauge(
    "futuretracker_replica_up",
    "1 if every worker reads from the replica, 0 if any does not.",
    ["server"],
    multiprocess_mode="livemin",
    registry=registry,
)
replica_lag = Gauge(
    "futuretracker_replica_lag_seconds",
    "Age of the latest moment up to which the replica is known to be complete, in seconds.",
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
    "Maximum number of connections to Postgres.",
    ["server"],
    multiprocess_mode="livesum",
    registry=registry,
)
pool_waiting = Gauge(
    "futuretracker_pool_waiting_requests",
    "Requests waiting for a connection to Postgres.",
    ["server"],
    multiprocess_mode="livesum",
    registry=registry,
)
waiting_requests = Gauge(
    "futuretracker_waiting_requests",
    "Requests that wait for their turn: in the worker, of their user, at the database.",
    ["turn"],
    multiprocess_mode="livesum",
    registry=registry,
)
waiting_oldest = Gauge(
    "futuretracker_waiting_oldest_seconds",
    "For how long the oldest of these requests has waited, in seconds.",
    ["turn"],
    multiprocess_mode="livemax",
    registry=registry,
)
waited_in_vain = Counter(
    "futuretracker_waited_in_vain_total",
    "Requests that waited too long for their turn (late), or whose client disconnected (gone).",
    ["turn", "reason"],
    registry=registry,
)
revocations_loaded = Gauge(
    "futuretracker_revocations_loaded_timestamp_seconds",
    "UNIX time at which a worker last loaded the revocations.",
    multiprocess_mode="max",
    registry=registry,
)
workers = Gauge(
    "futuretracker_workers",
    "Worker processes that are running.",
    multiprocess_mode="livesum",
    registry=registry,
)
worker_memory = Gauge(
    "futuretracker_worker_memory_bytes",
    "Memory of the largest worker (resident set size, with the pages of the store), in bytes.",
    multiprocess_mode="livemax",
    registry=registry,
)
worker_exits = Counter(
    "futuretracker_worker_exits_total",
    "Worker processes that exited: on request (ended), or killed, crashed or hung (died).",
    ["outcome"],
    registry=registry,
)
last_scrape = Gauge(
    "futuretracker_last_scrape_timestamp_seconds",
    "UNIX time of the last scrape, except by the check command; 0 before the first.",
    multiprocess_mode="max",
    registry=registry,
)

# Create these series at 0: Prometheus' rate() does not see the first value of a new series.
for _outcome in ("new", "repeated", "none", "refused", "unfinished"):
    webhooks.labels(_outcome)
for _outcome in ("replayed", "in_progress", "reused", "outdated"):
    repeated_keys.labels(_outcome)
for _turn in ("worker", "user", "database"):
    for _reason in ("late", "gone"):
        waited_in_vain.labels(_turn, _reason)
for _outcome in ("ended", "died"):
    worker_exits.labels(_outcome)
store_up.set(1)
