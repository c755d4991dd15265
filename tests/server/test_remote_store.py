"""A distant Valkey delays only the requests that visit it."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from statistics import median
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from tests.support import servers
from tests.support.slow_network import delayed
from tests.support.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.servers import Service


pytestmark = pytest.mark.event_loop("each visit occupies one of THREADS")
CLIENTS = 16
DISTANT = "shared store is distant, each request waits for it"
LOST = "shared store unavailable, rate limits are counted per process"
METRIC = "futuretracker_store_visit_seconds "
PLENTY = "1000000 per 15 minutes"
TOKEN = "a-token-that-a-scraper-brings-along"


def ask(service: Service, path: str, times: int) -> list[float]:
    """Return how long each request took, one after another on one connection."""
    connection = HTTPConnection("127.0.0.1", service.port, timeout=60)
    found = []
    for _ in range(times):
        began = time.monotonic()
        connection.request("GET", path)
        response = connection.getresponse()
        response.read()
        assert response.status == 200
        found.append(time.monotonic() - began)
    connection.close()
    return found


def ask_until(service: Service, over: threading.Event) -> list[float]:
    """Visit the store again and again; return how long each request took."""
    found = ask(service, "/api/health", 1)
    while not over.is_set():
        found += ask(service, "/api/health", 1)
    return found


def messages(service: Service) -> list[tuple[str, str]]:
    """Return what the service has logged about its store, with the cause."""
    lines = [line for line in service.lines() if ".store." in line.get("logger", "")]
    return [(line["message"], line["cause"]) for line in lines]


@pytest.mark.parametrize(("away", "gain"), [(0.02, 1.5), (0.09, 3), (0.5, 4)])
def test_other_requests_go_on_and_many_clients_are_served_at_the_same_time(
    serve: Callable[..., Service], away: float, gain: float
) -> None:
    with (
        servers.valkey() as (url, _pid),
        delayed(urlsplit(url).port or 0, away) as port,
        ThreadPoolExecutor(CLIENTS) as pool,
    ):
        service = serve(
            patient=True,
            WEB_CONCURRENCY="1",
            REDIS_URL=f"redis://127.0.0.1:{port}",
            RATE_LIMIT_GENERAL=PLENTY,
            METRICS_TOKEN=TOKEN,
            GUNICORN_CMD_ARGS="--worker-class tests.server.observant.Worker",
        )

        def rate(clients: int, times: int) -> float:
            began = time.monotonic()
            list(pool.map(lambda _: ask(service, "/api/health", times), range(clients)))
            return clients * times / (time.monotonic() - began)

        rate(CLIENTS, 1)  # opens the connections to the store
        one, many = rate(1, 4), rate(CLIENTS, 4)
        over = threading.Event()
        loaded = [pool.submit(ask_until, service, over) for _ in range(CLIENTS - 1)]
        probes = ask(service, "/healthz", 20)
        wait_for(lambda: messages(service), what="the warning")
        metrics = service.request("GET", "/metrics", token=TOKEN).body.decode()
        over.set()
        visits = [seconds for each in loaded for seconds in each.result()]

    assert min(visits) > away
    assert median(probes) < median(visits)
    assert many > gain * one
    ((message, cause),) = messages(service)
    assert message == DISTANT
    assert int(cause.removesuffix(" ms a visit")) >= away * 1000
    (line,) = [line for line in metrics.splitlines() if line.startswith(METRIC)]
    assert float(line.split()[1]) > away


def test_a_store_that_is_too_far_away_is_not_used(serve: Callable[..., Service]) -> None:
    away = 0.15
    with servers.valkey() as (url, _pid), delayed(urlsplit(url).port or 0, away) as port:
        service = serve(
            WEB_CONCURRENCY="1",
            REDIS_URL=f"redis://127.0.0.1:{port}",
            RATE_LIMIT_GENERAL=PLENTY,
        )
        wait_for(lambda: ask(service, "/api/health", 1) and messages(service))
        with ThreadPoolExecutor(CLIENTS) as pool:
            found = pool.map(lambda _: ask(service, "/api/health", 50), range(CLIENTS))
            visits = [seconds for each in found for seconds in each]

    assert median(visits) < away
    (lost,) = messages(service)
    assert lost in {(LOST, "slow"), (LOST, "TimeoutError")}  # a busy machine is slower still
