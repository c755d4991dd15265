"""A Valkey that is 50 ms away delays only the requests that visit it."""

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

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.servers import Service


pytestmark = pytest.mark.event_loop("each visit occupies one of THREADS")
CLIENTS = 16
AWAY = 0.05  # seconds


def ask(service: Service, path: str, times: int) -> list[float]:
    """Return how long each request took, one after another on one connection."""
    connection = HTTPConnection("127.0.0.1", service.port, timeout=30)
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


def test_other_requests_go_on_and_many_clients_are_served_at_the_same_time(
    serve: Callable[..., Service],
) -> None:
    with (
        servers.valkey() as (url, _pid),
        delayed(urlsplit(url).port or 0, AWAY) as port,
        ThreadPoolExecutor(CLIENTS) as pool,
    ):
        service = serve(WEB_CONCURRENCY="1", REDIS_URL=f"redis://127.0.0.1:{port}")

        def rate(clients: int, times: int) -> float:
            began = time.monotonic()
            list(pool.map(lambda _: ask(service, "/api/health", times), range(clients)))
            return clients * times / (time.monotonic() - began)

        rate(CLIENTS, 2)  # opens the connections to the store
        one, many = rate(1, 8), rate(CLIENTS, 8)
        over = threading.Event()
        loaded = [pool.submit(ask_until, service, over) for _ in range(CLIENTS - 1)]
        probes = ask(service, "/healthz", 20)
        over.set()
        visits = [seconds for each in loaded for seconds in each.result()]

    assert min(visits) > AWAY
    assert median(probes) < median(visits) / 2
    assert many > 4 * one
    assert not [line for line in service.lines() if line.get("logger", "").endswith("failover")]
