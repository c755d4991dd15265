"""Rate limits over real worker processes: exact counts, bodies, headers, attempts to evade them."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from http.client import HTTPConnection, HTTPException
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from futuretracker.limits import address_key
from tests.support import servers
from tests.support.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask

    from futuretracker.commands.local.issuer import Issuer
    from tests.conftest import User
    from tests.support.servers import Response, Service

    Serve = Callable[..., Service]

ORIGIN = "http://localhost:3000"
ROWS = "/api/opportunities"
HEALTH = "/api/health"
PLENTY = "1000000 per 15 minutes"
DOWN = "shared store unavailable, rate limits are counted per process"
WRITE_429 = {
    "error": "Write Rate Limit Exceeded",
    "message": "You have made too many create/update/delete operations."
    " Please wait before you make more.",
    "limit": 1500,
    "window": "15 minutes",
    "tip": "If you need to add many opportunities at once, you can still do so within this limit.",
}
GENERAL_429 = {
    "error": "Rate Limit Exceeded",
    "message": "You have made too many requests. Please try again later.",
    "limit": 2000,
    "window": "15 minutes",
}


def flood(  # noqa: PLR0917 - a request has many parts
    service: Service,
    times: int,
    method: str = "GET",
    path: str = HEALTH,
    headers: dict[str, str] | None = None,
    body: bytes | None = None,
    source: str = "127.0.0.1",
    clients: int = 8,
) -> Counter[int]:
    """Send ``times`` requests over ``clients`` keep-alive connections; count the statuses.

    After a connection has broken, a new one is opened; the request counts as status 0.
    """
    tickets = iter(range(times))
    lock = threading.Lock()

    def one_client() -> Counter[int]:
        statuses: Counter[int] = Counter()
        connection = HTTPConnection(
            "127.0.0.1", service.port, timeout=60, source_address=(source, 0)
        )
        while True:
            with lock:
                if next(tickets, None) is None:
                    connection.close()
                    return statuses
            try:
                connection.request(method, path, body=body, headers=headers or {})
                response = connection.getresponse()
                response.read()
                statuses[response.status] += 1
            except (HTTPException, OSError):
                statuses[0] += 1
                connection.close()

    with ThreadPoolExecutor(clients) as pool:
        done = [pool.submit(one_client) for _ in range(clients)]
        return sum((client.result() for client in done), Counter())


def cpu(pid: int) -> int:
    """Return the CPU time of a process in ticks of 10 ms."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


def busiest(service: Service, before: dict[int, int]) -> tuple[int, int]:
    """Return the most ticks that a worker has used since ``before``, and its process id."""
    return max((cpu(pid) - before[pid], pid) for pid in before.keys() & service.workers())


def lines_of(service: Service, kind: str) -> list[dict[str, Any]]:
    return [line for line in service.lines() if line["type"] == kind]


def down_lines(service: Service) -> int:
    return [line.get("message") for line in service.lines()].count(DOWN)


def check_429(response: Response, expected: dict[str, Any], opened: float, seconds: int) -> None:
    """Compare the whole body with ``expected``; the window began after ``opened``."""
    now = time.time()
    body = response.json
    written = body.pop("retryAfter")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", written)
    ends_at = datetime.fromisoformat(written).timestamp()
    assert opened - 1 < ends_at - seconds < now + 1
    left = body.pop("retryAfterSeconds")
    # The response was sent between the two times.
    assert ends_at - now - 1 < left < ends_at - opened + 1
    assert response.status == 429
    assert response.headers["Retry-After"] == str(left)
    assert response.headers["Content-Type"] == "application/json; charset=utf-8"
    assert body == expected


@pytest.fixture
def token(issuer: Issuer) -> str:
    return issuer.token(f"user_limits{next(numbers)}x{os.getpid()}", ttl=3600, azp=ORIGIN)


numbers = count(1)


def test_of_2100_requests_from_one_address_exactly_2000_succeed(serve: Serve) -> None:
    service = serve(WEB_CONCURRENCY="4")
    opened = time.time()
    before = {pid: cpu(pid) for pid in service.workers()}
    statuses = flood(service, 2_100)

    assert statuses == {200: 2_000, 429: 100}
    assert len(before) == 4
    assert sum(cpu(pid) > ticks for pid, ticks in before.items()) > 1
    assert len(lines_of(service, "RATE_LIMIT")) == 100
    check_429(service.request("GET", HEALTH), GENERAL_429, opened, 900)
    assert service.request("GET", HEALTH, source="127.0.0.2").status == 200


def test_of_1600_writes_from_one_address_exactly_1500_are_served(serve: Serve, token: str) -> None:
    service = serve(
        WEB_CONCURRENCY="4", RATE_LIMIT_USER_WRITE=PLENTY, RATE_LIMIT_USER_GENERAL=PLENTY
    )
    headers = {"Authorization": f"Bearer {token}"}
    opened = time.time()
    # Each is a 400, because a write counts even if it changes nothing.
    statuses = flood(service, 1_600, "DELETE", f"{ROWS}/none", headers)

    assert statuses == {400: 1_500, 429: 100}
    refused = service.request("POST", ROWS, token=token, body={"title": "One more"})
    check_429(refused, WRITE_429, opened, 900)
    assert service.request("GET", ROWS, token=token).json == []
    line = lines_of(service, "RATE_LIMIT")[-1]
    assert (line["budget"], line["key"]) == ("write", "127.0.0.1")


def test_the_four_write_methods_share_one_limit(serve: Serve, token: str) -> None:
    service = serve(RATE_LIMIT_WRITE="4 per 15 minutes", WEB_CONCURRENCY="2")
    methods = ["POST", "PUT", "PATCH", "DELETE"]
    paths = [ROWS, *[f"{ROWS}/none"] * 3]
    statuses = [
        service.request(method, path, token=token, body={}).status
        for method, path in zip(methods * 2, paths * 2, strict=True)
    ]

    assert statuses == [400] * 4 + [429] * 4
    assert service.request("GET", ROWS, token=token).status == 200


def test_a_user_has_one_limit_over_all_addresses(serve: Serve, token: str, issuer: Issuer) -> None:
    service = serve(WEB_CONCURRENCY="4", RATE_LIMIT_USER_GENERAL="300 per 15 minutes")
    headers = {"Authorization": f"Bearer {token}"}
    opened = time.time()
    statuses: Counter[int] = Counter()
    for last in range(1, 9):
        statuses += flood(service, 40, path="/api/me", headers=headers, source=f"127.0.0.{last}")

    assert statuses == {200: 300, 429: 20}
    refused = service.request("GET", "/api/me", token=token, source="127.0.0.9")
    check_429(refused, {**GENERAL_429, "limit": 300}, opened, 900)
    assert lines_of(service, "RATE_LIMIT")[-1]["budget"] == "user-general"
    assert lines_of(service, "RATE_LIMIT")[-1]["key"].startswith("user_limits")
    other = issuer.token("user_other", ttl=60, azp=ORIGIN)
    assert service.request("GET", "/api/me", token=other).status == 200


def test_the_writes_of_a_user_have_one_limit_over_all_addresses(serve: Serve, token: str) -> None:
    service = serve(WEB_CONCURRENCY="4", RATE_LIMIT_USER_WRITE="50 per 1 hour")
    headers = {"Authorization": f"Bearer {token}"}
    opened = time.time()
    statuses: Counter[int] = Counter()
    for last in range(1, 7):
        source = f"127.0.0.{last}"
        statuses += flood(service, 10, "DELETE", f"{ROWS}/none", headers, source=source)

    assert statuses == {400: 50, 429: 10}
    refused = service.request("PATCH", f"{ROWS}/none", token=token, body={}, source="127.0.0.9")
    check_429(refused, {**WRITE_429, "limit": 50, "window": "1 hour"}, opened, 3600)
    assert service.request("GET", "/api/me", token=token).status == 200


def test_the_bodies_follow_the_settings(serve: Serve, token: str) -> None:
    service = serve(RATE_LIMIT_GENERAL="5 per 2 minutes", RATE_LIMIT_WRITE="1/minute")
    opened = time.time()
    service.request("POST", ROWS, token=token, body={})
    write = service.request("POST", ROWS, token=token, body={})
    general = [service.request("GET", HEALTH) for _ in range(4)][-1]

    check_429(write, {**WRITE_429, "limit": 1, "window": "1 minute"}, opened, 60)
    check_429(general, {**GENERAL_429, "limit": 5, "window": "2 minutes"}, opened, 120)


def test_after_a_window_the_whole_limit_is_available_again(serve: Serve) -> None:
    service = serve(RATE_LIMIT_GENERAL="3 per 5 second")
    first = service.request("GET", HEALTH)
    statuses = [service.request("GET", HEALTH).status for _ in range(4)]
    time.sleep(5.05)
    again = [service.request("GET", HEALTH).status for _ in range(4)]

    assert first.headers["RateLimit-Policy"] == '"general";q=3;w=5'
    assert statuses == [200, 200, 429, 429]
    assert again == [200, 200, 200, 429]


def test_each_429_logs_one_line_with_rate_limit_in_it(serve: Serve) -> None:
    service = serve(RATE_LIMIT_GENERAL="1 per 15 minutes")
    service.request("GET", HEALTH)
    service.request("GET", HEALTH, headers={"X-Request-Id": "the-refused-one"})
    text = [line for line in service.output.read_text().splitlines() if "Rate Limit" in line]

    assert len(text) == 1
    line = json.loads(text[0])
    del line["timestamp"]
    assert line == {
        "type": "RATE_LIMIT",
        "message": "Rate Limit Exceeded",
        "budget": "general",
        "key": "127.0.0.1",
        "requestId": "the-refused-one",
    }


def test_the_headers_describe_the_limit_with_the_fewest_requests_left(
    serve: Serve, token: str
) -> None:
    service = serve(RATE_LIMIT_GENERAL="100 per 15 minutes", RATE_LIMIT_USER_WRITE="2 per 1 hour")
    opened = time.time()
    read = service.request("GET", "/api/me", token=token).headers
    writes = [service.request("POST", ROWS, token=token, body={}).headers for _ in range(3)]

    assert read["RateLimit-Policy"] == '"general";q=100;w=900'
    assert re.fullmatch('"general";r=99;t=(900|8[0-9][0-9])', read["RateLimit"])
    assert [write["X-RateLimit-Remaining"] for write in writes] == ["1", "0", "0"]
    assert {write["RateLimit-Policy"] for write in writes} == {'"user-write";q=2;w=3600'}
    assert writes[2]["X-RateLimit-Limit"] == "2"
    assert opened + 3599 < int(writes[2]["X-RateLimit-Reset"]) < time.time() + 3602


def test_every_request_below_api_counts_but_preflights_do_not(build: Callable[..., Flask]) -> None:
    client = build(RATE_LIMIT_GENERAL="6 per 15 minutes").test_client()
    preflight = {"Origin": ORIGIN, "Access-Control-Request-Method": "POST"}
    asked = [
        ("GET", HEALTH, 200),
        ("GET", ROWS, 401),
        ("POST", ROWS, 401),
        ("GET", "/api/nothing", 404),
        ("POST", HEALTH, 405),
        ("GET", f"{ROWS}/none", 401),
    ]
    for method, path, status in asked:
        for _ in range(3):
            assert client.options(ROWS, headers=preflight).status_code == 204
            assert client.get("/healthz").status_code == 200
            assert client.get("/elsewhere").status_code == 404
        assert client.open(path, method=method).status_code == status

    assert client.get("/api/nothing").status_code == 429
    assert client.get(ROWS, headers={"Authorization": "Bearer x"}).status_code == 429
    assert client.options(ROWS, headers=preflight).status_code == 204
    assert client.get("/healthz").status_code == 200


def test_a_write_without_a_valid_token_does_not_count_as_a_write(
    build: Callable[..., Flask], make_user: Callable[..., User]
) -> None:
    client = build(RATE_LIMIT_WRITE="1 per 15 minutes").test_client()
    for _ in range(5):
        assert client.post(ROWS, json={"title": "x"}).status_code == 401

    user = make_user(client=client)
    assert user.post(ROWS, {"title": "x"}).status_code == 201
    assert user.post(ROWS, {"title": "x"}).status_code == 429


@pytest.mark.parametrize(
    ("address", "key"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2ff:1:2:3:4", "2001:db8:1:200::/56"),
        ("2001:db8:1:200::", "2001:db8:1:200::/56"),
        ("2001:db8:1:300::1", "2001:db8:1:300::/56"),
        ("fe80::1%eth0", "fe80::/56"),
        ("::1", "::/56"),
        ("", "unknown"),
        (None, "unknown"),
        ("not an address", "unknown"),
        ("192.0.2.7:4711", "192.0.2.7"),
        ("[2001:db8:1:2ff::4]:4711", "2001:db8:1:200::/56"),
        ("[2001:db8:1:2ff::4]", "2001:db8:1:200::/56"),
        ("2001:db8:1:2ff::4711", "2001:db8:1:200::/56"),
        (":4711", "unknown"),
        ("[]:4711", "unknown"),
        ("192.0.2.7:http", "unknown"),
    ],
)
def test_an_ipv6_address_is_counted_by_its_56_network(address: str | None, key: str) -> None:
    assert address_key(address) == key


def test_ipv6_addresses_of_one_56_network_share_a_limit(build: Callable[..., Flask]) -> None:
    client = build(RATE_LIMIT_GENERAL="2 per 15 minutes", TRUSTED_PROXIES="1").test_client()

    def ask(address: str) -> int:
        return client.get(HEALTH, headers={"X-Forwarded-For": address}).status_code

    assert [ask(f"2001:db8:1:2{n:02x}::{n}") for n in range(3)] == [200, 200, 429]
    assert ask("2001:db8:1:300::1") == 200


def test_the_port_of_a_forwarded_address_does_not_count(build: Callable[..., Flask]) -> None:
    client = build(RATE_LIMIT_GENERAL="2 per 15 minutes", TRUSTED_PROXIES="1").test_client()

    def ask(address: str) -> int:
        return client.get(HEALTH, headers={"X-Forwarded-For": address}).status_code

    assert [ask(f"192.0.2.7:{port}") for port in (1, 2, 3)] == [200, 200, 429]
    assert ask("192.0.2.8:1") == 200


def test_what_is_no_address_is_told_in_the_log_once_a_minute(serve: Serve) -> None:
    service = serve(TRUSTED_PROXIES="1", WEB_CONCURRENCY="1")

    for address in ("nonsense", "[2001:db8::1]:80", "192.0.2.7:80", "unknown", "_hidden"):
        service.request("GET", HEALTH, headers={"X-Forwarded-For": address})
    (line,) = [line for line in lines_of(service, "LOG") if "rate limit" in line["message"]]
    assert (line["level"], line["address"]) == ("WARNING", "nonsense")


def test_behind_one_proxy_the_last_address_counts_and_forged_ones_are_ignored(
    serve: Serve,
) -> None:
    service = serve(TRUSTED_PROXIES="1", RATE_LIMIT_GENERAL="3 per 15 minutes")

    def ask(forwarded: str) -> int:
        return service.request("GET", HEALTH, headers={"X-Forwarded-For": forwarded}).status

    forged = [ask(f"198.51.100.{n}, 192.0.2.7") for n in range(5)]
    assert forged == [200, 200, 200, 429, 429]
    assert ask("192.0.2.7, 192.0.2.8") == 200
    assert lines_of(service, "RATE_LIMIT")[-1]["key"] == "192.0.2.7"


def test_behind_two_proxies_the_last_but_one_address_counts(serve: Serve) -> None:
    service = serve(TRUSTED_PROXIES="2", RATE_LIMIT_GENERAL="3 per 15 minutes")

    def ask(forwarded: str) -> int:
        return service.request("GET", HEALTH, headers={"X-Forwarded-For": forwarded}).status

    forged = [ask(f"198.51.100.{n}, 192.0.2.7, 10.0.0.{n}") for n in range(5)]
    assert forged == [200, 200, 200, 429, 429]
    assert lines_of(service, "RATE_LIMIT")[-1]["key"] == "192.0.2.7"


def test_without_a_proxy_forwarded_addresses_are_ignored(serve: Serve) -> None:
    service = serve(TRUSTED_PROXIES="0", RATE_LIMIT_GENERAL="3 per 15 minutes")
    statuses = [
        service.request(
            "GET", HEALTH, headers={"X-Forwarded-For": f"192.0.2.{n}", "Forwarded": f"for={n}"}
        ).status
        for n in range(5)
    ]

    assert statuses == [200, 200, 200, 429, 429]
    assert lines_of(service, "RATE_LIMIT")[-1]["key"] == "127.0.0.1"


def test_killing_workers_blocks_no_requests_and_loses_no_counts(serve: Serve) -> None:
    service = serve(WEB_CONCURRENCY="4")
    before = {pid: cpu(pid) for pid in service.workers()}  # the start also used CPU time
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(flood, service, 2_300)
        for ticks in (4, 8):
            # Kill a worker that has used much CPU, because clients are connected to it.
            wait_for(lambda ticks=ticks: busiest(service, before)[0] >= ticks)
            os.kill(busiest(service, before)[1], signal.SIGKILL)
            assert not running.done()
        statuses = running.result(timeout=120)

    # A broken request may have been counted or not; all other counts are exact.
    assert statuses[200] + statuses[429] + statuses[0] == 2_300
    assert statuses[0] <= 16
    assert 2_000 - statuses[0] <= statuses[200] <= 2_000
    assert flood(service, 50) == {429: 50}


def test_memory_is_refused_with_more_than_one_worker(settings: dict[str, str]) -> None:
    env = {"PATH": os.environ["PATH"], **settings, "STORE_URL": "memory://", "WEB_CONCURRENCY": "2"}
    env["PORT"] = str(servers.free_port())
    refused = subprocess.run(
        [sys.executable, "-m", "gunicorn", "wsgi:app"],
        cwd=servers.ROOT,
        env=env,
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
    )

    assert refused.returncode != 0
    assert "Traceback" not in refused.stdout + refused.stderr
    assert refused.stderr == (
        "The settings are not usable:\n"
        "  - STORE_URL: memory:// counts in each process, so that several workers would multiply"
        " every rate limit; use lmdb:///, or one worker\n"
    )


def test_memory_serves_one_worker(serve: Serve) -> None:
    service = serve(
        STORE_URL="memory://", WEB_CONCURRENCY="1", RATE_LIMIT_GENERAL="50 per 15 minutes"
    )

    assert flood(service, 60) == {200: 50, 429: 10}


def test_redis_counts_over_processes_and_without_it_each_process_counts_on_its_own(
    serve: Serve, tmp_path: Path
) -> None:
    with servers.valkey() as (url, _pid):
        settings = {"REDIS_URL": url, "RATE_LIMIT_GENERAL": "400 per 15 minutes"}
        service = serve(patient=True, WEB_CONCURRENCY="4", **settings)
        opened = time.time()
        assert flood(service, 500) == {200: 400, 429: 100}
        check_429(service.request("GET", HEALTH), {**GENERAL_429, "limit": 400}, opened, 900)
        assert not (tmp_path / "store").exists()

    statuses = flood(service, 4_000, clients=16)
    for _ in range(100):
        if statuses[200] >= 400 * down_lines(service):
            break
        # A worker with few connections has not reached its limit.
        statuses += flood(service, 200, clients=16)
    workers = down_lines(service)
    assert set(statuses) == {200, 429}
    assert 1 <= workers <= 4
    assert statuses[200] == 400 * workers
    gauges = [line for line in service.lines() if line["type"] == "METRIC"]
    assert {(gauge["name"], gauge["value"]) for gauge in gauges} == {("store_up", 0)}
    assert len({gauge["process"] for gauge in gauges}) == len(gauges) == workers
    assert service.request("GET", "/api/health/deps").status == 429
