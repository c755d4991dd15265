"""More requests than the worker can serve: they wait for a moment, then they are refused."""

from __future__ import annotations

import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from itertools import count
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from futuretracker.limits.at_once import AT_ONCE
from tests.conftest import ORIGIN
from tests.support import servers
from tests.support.pooler import with_long_timeouts
from tests.support.waiting import wait_for
from tests.support.wire import ROWS, connect, head, parse, posting, read_all
from tests.telemetry.metrics.scrape import TOKEN, scrape

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from concurrent.futures import Future

    from futuretracker.commands.local.issuer import Issuer
    from tests.support.servers import Response, Service

pytestmark = pytest.mark.event_loop("each request occupies a thread, and waits there")

V1 = "/api/v1/opportunities"
BODY = b'{"title": "Waits"}'
BLOCKED = (
    "select count(*) from pg_stat_activity where wait_event_type = 'Lock'"
    " and query like '%%opportunities%%'"
)
numbers = count(1)


class Crowd:
    """Users who send requests at the same time to a worker with one statement at a time."""

    def __init__(self, service: Service, issuer: Issuer, pool: ThreadPoolExecutor) -> None:
        self.service = service
        self._issuer = issuer
        self._pool = pool

    def token(self) -> str:
        return self._issuer.token(f"user_crowd{next(numbers)}x{os.getpid()}", ttl=3600, azp=ORIGIN)

    def known(self) -> str:
        """Return the token of a user whom the service knows already."""
        token = self.token()
        assert self.service.request("GET", "/api/me", token=token).status == 200
        return token

    def send(self, method: str, path: str, token: str, **more: Any) -> Future[Response]:
        return self._pool.submit(self.service.request, method, path, token=token, **more)

    def wait_until_waiting(self, turn: str, requests: int) -> None:
        """Wait until so many requests wait for such a turn; on failure, show what happened."""
        try:
            wait_for(lambda: self.metric("waiting_requests", turn=turn) == requests)
        except AssertionError as error:
            found = {name: value for name, value in scrape(self.service).items() if value}
            message = f"{turn} != {requests}: {found} {self.service.lines()}"
            raise AssertionError(message) from error

    def metric(self, name: str, **labels: str) -> float:
        wanted = {f'{label}="{value}"' for label, value in labels.items()}
        for sample, value in scrape(self.service).items():
            found, _, text = sample.rstrip("}").partition("{")
            if found == f"futuretracker_{name}" and set(text.split(",")) == wanted:
                return value
        return 0.0


@pytest.fixture
def crowd_with(
    service_url: str, issuer: Issuer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[..., Crowd]]:
    with ThreadPoolExecutor(32) as pool:
        stack = []

        def start(**changes: str) -> Crowd:
            folder = tmp_path_factory.mktemp("worker")
            settings = {
                "DATABASE_URL": with_long_timeouts(service_url),
                "STORE_URL": f"lmdb://{folder / 'store'}",
                "WEB_CONCURRENCY": "1",
                "STATEMENTS": "1",
                "TRUSTED_PROXIES": "0",
                "CORS_ORIGIN": ORIGIN,
                "METRICS_TOKEN": TOKEN,
                **issuer.settings(),
                **changes,
            }
            running = servers.gunicorn(settings, folder / "log", patient=True)
            stack.append(running)
            return Crowd(running.__enter__(), issuer, pool)

        yield start
        for running in stack:
            running.__exit__(None, None, None)


@pytest.fixture
def lock(owner_url: str) -> Iterator[psycopg.Connection[Any]]:
    """Lock the opportunities until the test rolls back."""
    with psycopg.connect(owner_url) as holder:
        holder.execute("lock table opportunities in access exclusive mode")
        yield holder


def blocked(owner: psycopg.Connection[Any]) -> int:
    (found,) = owner.execute(BLOCKED).fetchone()
    return found


def rows_of(crowd: Crowd, tokens: list[str]) -> int:
    return sum(len(crowd.service.request("GET", ROWS, token=token).json) for token in tokens)


def test_who_waits_too_long_is_refused_and_nothing_is_done(
    crowd_with: Callable[..., Crowd],
    lock: psycopg.Connection[Any],
    owner: psycopg.Connection[Any],
) -> None:
    crowd = crowd_with(TESTS_TURN_PATIENCE="0.8")
    tokens = [crowd.known() for _ in range(8)]
    served = crowd.send("POST", V1, tokens[0], body={"title": "Served"})
    wait_for(lambda: blocked(owner) == 1)
    paths = [V1, ROWS] * 4
    others = [
        crowd.send("POST", path, token, body={"title": "Late"}, headers={"Origin": ORIGIN})
        for path, token in zip(paths, tokens[1:], strict=False)
    ]
    found = [other.result() for other in others]
    assert not served.done()
    lock.rollback()

    assert served.result().status == 201
    assert {response.status for response in found} == {503}
    message = "The service is currently unavailable. Please try again in a moment."
    for path, response in zip(paths, found, strict=False):
        body = response.json
        assert response.headers["Retry-After"] == "2"
        assert response.headers["Access-Control-Allow-Origin"] == ORIGIN
        if path == V1:
            assert body.pop("code") == "overloaded"
            assert body.pop("requestId") == response.headers["X-Request-Id"]
        assert body == {"error": "Service Unavailable", "message": message}
    assert rows_of(crowd, tokens) == 1
    # Three writes may be in progress. For those that had no place, nothing was done at all.
    inside = crowd.metric("waited_in_vain_total", turn="database", reason="late")
    outside = crowd.metric("waited_in_vain_total", turn="worker", reason="late")
    refused = crowd.metric("requests_total", method="POST", route="refused", status="503")
    assert (inside + outside, refused) == (7, outside)
    assert inside >= 2
    assert outside >= 1
    assert sum(line["type"] == "REQUEST" for line in crowd.service.lines()) == 1 + inside


def test_a_request_whose_client_has_gone_is_not_carried_out(
    crowd_with: Callable[..., Crowd],
    lock: psycopg.Connection[Any],
    owner: psycopg.Connection[Any],
) -> None:
    crowd = crowd_with()
    tokens = [crowd.known() for _ in range(8)]
    served = crowd.send("POST", V1, tokens[0], body={"title": "Served"})
    wait_for(lambda: blocked(owner) == 1)
    for token in tokens[1:]:
        sending = posting(token, f"Content-Length: {len(BODY)}") + BODY
        with connect(crowd.service, sending):
            time.sleep(0.05)

    def gone() -> float:
        turns = ("database", "worker")
        return sum(crowd.metric("waited_in_vain_total", turn=turn, reason="gone") for turn in turns)

    wait_for(lambda: gone() == 7)
    lock.rollback()

    assert served.result().status == 201
    assert rows_of(crowd, tokens) == 1


def test_a_client_that_goes_before_its_connection_is_accepted_is_not_served(
    crowd_with: Callable[..., Crowd],
) -> None:
    crowd = crowd_with()
    token = crowd.known()
    (worker,) = crowd.service.workers()
    os.kill(worker, signal.SIGSTOP)
    try:
        connect(crowd.service, posting(token, f"Content-Length: {len(BODY)}") + BODY).close()
        patient = connect(crowd.service, head("GET", ROWS, f"Authorization: Bearer {token}"))
        time.sleep(0.5)
    finally:
        os.kill(worker, signal.SIGCONT)
    with patient:
        (response,) = parse(read_all(patient), "GET")

    assert response.json == []
    assert crowd.metric("waited_in_vain_total", turn="worker", reason="gone") == 1
    assert rows_of(crowd, [token]) == 0


def test_durations_count_from_the_last_byte(
    crowd_with: Callable[..., Crowd],
) -> None:
    crowd = crowd_with()
    token = crowd.known()
    (worker,) = crowd.service.workers()
    os.kill(worker, signal.SIGSTOP)
    try:
        created = crowd.send("POST", V1, token, body={"title": "Waits"})
        time.sleep(0.5)
    finally:
        os.kill(worker, signal.SIGCONT)

    assert created.result().status == 201
    (line,) = [line for line in crowd.service.lines() if line["type"] == "RESPONSE"]
    seconds = crowd.metric("request_duration_seconds_sum", method="POST", route=V1)
    assert line["durationMs"] > 300
    assert seconds > 0.3


def test_the_time_in_which_a_body_arrives_is_not_in_the_duration(
    crowd_with: Callable[..., Crowd],
) -> None:
    crowd = crowd_with()
    sending = posting(crowd.known(), f"Content-Length: {len(BODY)}")
    with connect(crowd.service, sending) as sock:
        time.sleep(6)
        sock.sendall(BODY)
        (response,) = parse(read_all(sock), "POST")

    assert response.status == 201
    (line,) = [line for line in crowd.service.lines() if line["type"] == "RESPONSE"]
    assert line["durationMs"] < 6000


def test_waiting_for_a_turn_counts_in_the_duration_and_in_the_gauges(
    crowd_with: Callable[..., Crowd],
    lock: psycopg.Connection[Any],
    owner: psycopg.Connection[Any],
) -> None:
    crowd = crowd_with()
    tokens = [crowd.known() for _ in range(5)]
    writes = [crowd.send("POST", V1, token, body={"title": "Waits"}) for token in tokens]
    wait_for(lambda: blocked(owner) == 1)
    crowd.wait_until_waiting("database", 2)
    crowd.wait_until_waiting("worker", 2)
    wait_for(lambda: crowd.metric("waiting_oldest_seconds", turn="worker") > 0.3)
    lock.rollback()

    assert {write.result().status for write in writes} == {201}
    durations = [line["durationMs"] for line in crowd.service.lines() if line["type"] == "RESPONSE"]
    assert max(durations) > 300  # on a busy machine, others may have come later
    crowd.wait_until_waiting("worker", 0)
    assert crowd.metric("waiting_oldest_seconds", turn="worker") == 0


def test_probes_wait_behind_nobody(
    crowd_with: Callable[..., Crowd],
    lock: psycopg.Connection[Any],
    owner: psycopg.Connection[Any],
) -> None:
    crowd = crowd_with()
    tokens = [crowd.known() for _ in range(8)]
    reads = [crowd.send("GET", ROWS, token) for token in tokens]
    wait_for(lambda: blocked(owner) == 1)
    crowd.wait_until_waiting("worker", 5)
    for path in ("/healthz", "/readyz"):
        assert crowd.service.request("GET", path).status == 200
    assert not any(read.done() for read in reads)
    lock.rollback()

    assert {read.result().status for read in reads} == {200}


def test_writes_that_wait_for_a_lock_delay_no_reads(
    crowd_with: Callable[..., Crowd], owner_url: str, owner: psycopg.Connection[Any]
) -> None:
    crowd = crowd_with()
    tokens = [crowd.known() for _ in range(8)]
    with psycopg.connect(owner_url) as holder:
        holder.execute("lock table opportunities in share mode")
        writes = [crowd.send("POST", V1, token, body={"title": "Waits"}) for token in tokens]
        crowd.wait_until_waiting("worker", 5)
        assert crowd.service.request("GET", V1, token=tokens[0]).json["items"] == []
        assert not any(write.done() for write in writes)
        holder.rollback()

    assert {write.result().status for write in writes} == {201}


def test_one_user_has_a_few_turns_and_others_are_served(
    crowd_with: Callable[..., Crowd],
    lock: psycopg.Connection[Any],
    owner: psycopg.Connection[Any],
) -> None:
    crowd = crowd_with(STATEMENTS="4")
    greedy, other = crowd.known(), crowd.known()
    many = [crowd.send("GET", ROWS, greedy) for _ in range(24)]
    crowd.wait_until_waiting("user", 24 - AT_ONCE)
    assert crowd.metric("waiting_requests", turn="database") == 0
    wait_for(lambda: blocked(owner) == AT_ONCE)
    assert crowd.service.request("GET", "/api/me", token=other).status == 200
    assert crowd.service.request("POST", "/api/nowhere", token=greedy).status == 404
    assert not any(read.done() for read in many)
    lock.rollback()

    assert {read.result().status for read in many} == {200}


def test_what_one_user_sends_too_much_is_refused_to_that_user(
    crowd_with: Callable[..., Crowd],
    lock: psycopg.Connection[Any],
    owner: psycopg.Connection[Any],
) -> None:
    crowd = crowd_with(STATEMENTS="4", TESTS_TURN_PATIENCE="0.8")
    greedy, other = crowd.known(), crowd.known()
    served = [crowd.send("GET", V1, greedy) for _ in range(AT_ONCE)]
    wait_for(lambda: blocked(owner) == AT_ONCE)
    response = crowd.service.request("GET", V1, token=greedy)
    assert crowd.service.request("GET", "/api/me", token=other).status == 200
    lock.rollback()

    assert {read.result().status for read in served} == {200}
    assert response.status == 429
    assert int(response.headers["Retry-After"]) == response.json["retryAfterSeconds"]
    assert response.json["code"] == "rate_limit_exceeded"
    assert response.json["limit"] == AT_ONCE
    assert "RateLimit" in response.headers
    (line,) = [line for line in crowd.service.lines() if line["type"] == "RATE_LIMIT"]
    assert (line["message"], line["budget"]) == ("Rate Limit Exceeded", "user-at-once")
    assert line["key"].startswith("user_crowd")
    assert crowd.metric("limit_decisions_total", budget="user-at-once", decision="refused") == 1


def test_slow_readers_do_not_occupy_the_turns_of_their_user(
    crowd_with: Callable[..., Crowd], owner: psycopg.Connection[Any]
) -> None:
    crowd = crowd_with(STATEMENTS="4", TESTS_TURN_PATIENCE="0.8")
    token = crowd.known()
    me = crowd.service.request("GET", "/api/me", token=token).json["internalUserId"]
    owner.execute(
        "insert into opportunities (user_id, title, notes)"
        " select %s, 'Large', repeat('x', 200000) from generate_series(1, 150)",
        [me],
    )
    asking = head("GET", ROWS, f"Authorization: Bearer {token}")
    with ExitStack() as stack:
        for _ in range(AT_ONCE):
            sock = stack.enter_context(connect(crowd.service, asking, receive_buffer=4096))
            assert sock.recv(1)
        assert crowd.service.request("GET", "/api/me", token=token).status == 200
