"""Monitoring: metrics that somebody scrapes, that nobody does, and that are not there."""

from __future__ import annotations

import socket
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from prometheus_client import CollectorRegistry, Gauge, start_http_server

from futuretracker.checks.finding import Verdict
from tests.support import servers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from futuretracker.checks.finding import Finding

NAME = "futuretracker_last_scrape_timestamp_seconds"


@contextmanager
def metrics(name: str, value: float) -> Iterator[str]:
    """Serve one gauge as Prometheus' own client writes it; yield the port."""
    registry = CollectorRegistry()
    Gauge(name, "When the metrics were last scraped", registry=registry).set(value)
    port = servers.free_port()
    server, thread = start_http_server(port, "127.0.0.1", registry)
    try:
        yield str(port)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_metrics_that_were_scraped_just_now_are_ok(find: Callable[..., Finding]) -> None:
    with metrics(NAME, time.time() - 15) as port:
        finding = find("metrics-scraped", METRICS_PORT=port)

    assert finding.verdict == Verdict.OK
    assert "scraped 15 seconds ago" in finding.found


@pytest.mark.parametrize(("age", "found"), [(None, "not been scraped"), (600, "10 minutes ago")])
def test_metrics_that_nobody_scrapes_are_a_warning(
    find: Callable[..., Finding], age: float | None, found: str
) -> None:
    with metrics(NAME, time.time() - age if age else 0) as port:
        finding = find("metrics-scraped", METRICS_PORT=port)

    assert finding.verdict == Verdict.WARNING
    assert found in finding.found


def test_metrics_of_something_else_are_unknown(find: Callable[..., Finding]) -> None:
    with metrics("node_time_seconds", 1) as port:
        assert find("metrics-scraped", METRICS_PORT=port).verdict == Verdict.UNKNOWN


def test_metrics_that_do_not_respond_are_an_error(find: Callable[..., Finding]) -> None:
    finding = find("metrics-scraped", METRICS_PORT=str(servers.free_port()))

    assert finding.verdict == Verdict.ERROR
    assert "Connection refused" in finding.found


def test_metrics_that_are_switched_off_are_a_warning(find: Callable[..., Finding]) -> None:
    assert find("metrics-scraped", METRICS_PORT="0").verdict == Verdict.WARNING


def test_the_service_s_own_port_serves_no_metrics_without_a_token(
    find: Callable[..., Finding], serve: Callable[..., servers.Service]
) -> None:
    service = serve()
    finding = find("metrics-scraped", METRICS_PORT=str(service.port))

    assert finding.verdict == Verdict.ERROR
    assert finding.found.endswith("/metrics returns 404.")


def test_a_program_at_the_metrics_port_does_not_receive_the_token(
    find: Callable[..., Finding],
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as stranger:
        learned: list[bytes] = []

        def listen() -> None:
            connection, _ = stranger.accept()
            with connection:
                learned.append(connection.recv(65536))

        thread = threading.Thread(target=listen)
        thread.start()
        find("metrics-scraped", METRICS_PORT=str(stranger.getsockname()[1]), METRICS_TOKEN="t" * 32)
        thread.join()

    assert learned[0].startswith(b"GET /metrics ")
    assert b"t" * 32 not in learned[0]
