"""The health checks and the probes."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from futuretracker.web.lifecycle import draining

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from flask import Flask
    from flask.testing import FlaskClient

NOWHERE = "postgresql://futuretracker_api:hunter2@127.0.0.1:1/nowhere"
ALL = ["/api/health", "/api/health/deps", "/healthz", "/readyz"]
# Parts of driver messages, addresses and stack traces.
REVEALING = re.compile(r"hunter2|127\.0\.0\.1|nowhere|refused|psycopg|redis|Traceback|Error|:1\b")


@pytest.fixture
def cut_off(build: Callable[..., Flask]) -> FlaskClient:
    """A client of an application whose database is unavailable."""
    return build(DATABASE_URL=NOWHERE).test_client()


@pytest.fixture
def told_to_stop() -> Iterator[None]:
    draining.set()
    yield
    draining.clear()


def is_now(timestamp: str) -> bool:
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", timestamp)
    return abs((datetime.now(UTC) - datetime.fromisoformat(timestamp)).total_seconds()) < 60


@pytest.mark.parametrize("path", ALL)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_health_checks_and_probes_need_no_token(
    client: FlaskClient, path: str, method: str
) -> None:
    assert client.open(path, method=method).status_code == 200
    headers = {"Authorization": "Bearer nonsense"}
    assert client.open(path, method=method, headers=headers).status_code == 200


def test_health_says_that_the_process_is_running(client: FlaskClient) -> None:
    body = client.get("/api/health").json

    assert list(body) == ["status", "timestamp", "environment", "version"]
    assert (body["status"], body["environment"]) == ("ok", "production")
    assert is_now(body["timestamp"])


@pytest.mark.parametrize("environment", ["development", "test"])
def test_health_names_the_environment(build: Callable[..., Flask], environment: str) -> None:
    client = build(FUTURETRACKER_ENV=environment).test_client()

    assert client.get("/api/health").json["environment"] == environment
    assert client.get("/api/health/deps").json["environment"] == environment


def test_available_dependencies_are_ok(client: FlaskClient) -> None:
    body = client.get("/api/health/deps").json

    assert list(body) == ["status", "timestamp", "environment", "version", "checks"]
    assert (body["status"], body["environment"]) == ("ok", "production")
    assert body["checks"] == {"database": "ok", "store": "ok"}
    assert is_now(body["timestamp"])


def test_without_its_database_the_service_is_alive_but_degraded_and_not_ready(
    cut_off: FlaskClient,
) -> None:
    dependencies, ready = cut_off.get("/api/health/deps"), cut_off.get("/readyz")

    assert dependencies.status_code == 503
    assert list(dependencies.json) == ["status", "timestamp", "environment", "version", "checks"]
    assert dependencies.json["status"] == "degraded"
    assert dependencies.json["checks"] == {"database": "unavailable", "store": "ok"}
    assert (ready.status_code, ready.json) == (503, {"status": "unavailable"})
    assert not REVEALING.search(dependencies.text + ready.text)
    assert cut_off.get("/healthz").status_code == 200
    assert cut_off.get("/api/health").status_code == 200


def test_without_its_shared_store_the_service_is_degraded_but_ready(
    build: Callable[..., Flask],
) -> None:
    client = build(REDIS_URL="redis://:hunter2@127.0.0.1:1").test_client()
    dependencies = client.get("/api/health/deps")

    assert dependencies.status_code == 503
    assert dependencies.json["status"] == "degraded"
    assert dependencies.json["checks"] == {"database": "ok", "store": "unavailable"}
    assert not REVEALING.search(dependencies.text)
    assert client.get("/readyz").status_code == 200


def test_probes_return_the_status_alone(client: FlaskClient) -> None:
    assert client.get("/healthz").json == {"status": "ok"}
    assert client.get("/readyz").json == {"status": "ok"}


@pytest.mark.in_process
def test_a_draining_process_is_alive_but_not_ready(client: FlaskClient, told_to_stop: None) -> None:
    ready = client.get("/readyz")

    assert (ready.status_code, ready.json) == (503, {"status": "draining"})
    assert client.get("/healthz").status_code == 200
    assert client.get("/api/health").status_code == 200


def test_probes_are_neither_counted_nor_limited(build: Callable[..., Flask]) -> None:
    client = build(RATE_LIMIT_GENERAL="1 per minute").test_client()
    probes = [client.get(path) for path in ("/healthz", "/readyz") for _ in range(5)]

    assert {response.status_code for response in probes} == {200}
    assert not any("RateLimit" in response.headers for response in probes)
    assert client.get("/api/health").status_code == 200
    assert client.get("/api/health").status_code == 429
    assert client.get("/readyz").status_code == 200
