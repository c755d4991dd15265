"""Within two seconds no process on any host accepts a revoked token, whatever the store does."""

from __future__ import annotations

import os
import signal
import threading
import time
from http.client import HTTPConnection
from itertools import count
from statistics import median
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
import redis

from futuretracker.database.queries.revocations import insert_revocation
from tests.conftest import ORIGIN, WEBHOOK_SECRET
from tests.support import clerk, servers, valkeys
from tests.support.signals import frozen
from tests.support.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from futuretracker.commands.local.issuer import Issuer
    from tests.support.servers import Response, Service

    Serve = Callable[..., Service]

pytestmark = pytest.mark.apart
Connection = psycopg.Connection[Any]
ME = "/api/me"
WITHIN = 2.0  # seconds
DOWN = "shared store unavailable, rate limits are counted per process"
BACK = "shared store is available again"
HOOKED = {"CLERK_WEBHOOK_SECRET": WEBHOOK_SECRET}
numbers = count(1)


class Person:
    """A user with one session, and connections that reach every worker of some services."""

    def __init__(self, issuer: Issuer, *services: Service) -> None:
        self.id = f"user_everywhere{next(numbers)}x{os.getpid()}"
        self.token = issuer.token(self.id, ttl=3600, azp=ORIGIN)
        self.session = clerk.session_of(self.token)
        self.connections = [HTTPConnection("127.0.0.1", s.port, timeout=60) for s in services * 8]

    def ask(self) -> list[int]:
        """Send one request over each connection, which stays with its worker."""
        statuses = []
        for connection in self.connections:
            connection.request("GET", ME, headers={"Authorization": f"Bearer {self.token}"})
            response = connection.getresponse()
            response.read()
            statuses.append(response.status)
        return statuses

    def close(self) -> None:
        for connection in self.connections:
            connection.close()


@pytest.fixture
def person(issuer: Issuer) -> Iterator[Callable[..., Person]]:
    made: list[Person] = []

    def make(*services: Service) -> Person:
        made.append(Person(issuer, *services))
        assert set(made[-1].ask()) == {200}
        return made[-1]

    yield make
    for one in made:
        one.close()


def send_event(service: Service, kind: str, **data: Any) -> Response:
    body = clerk.event(kind, **data)
    return service.request("POST", clerk.PATH, body=body, headers=clerk.sign(body))


def refused_within(person: Person, seconds: float) -> bool:
    """Return whether every worker refuses the token by then, and none accepts it again."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if set(person.ask()) == {401}:
            return set(person.ask()) == {401}
        time.sleep(0.01)
    return set(person.ask()) == {401}


def messages(service: Service) -> list[str]:
    return [line.get("message", "") for line in service.lines()]


def test_one_webhook_reaches_every_process_of_a_host_at_once(
    serve: Serve, person: Callable[..., Person]
) -> None:
    service = serve(WEB_CONCURRENCY="4", **HOOKED)
    alice, bob = person(service), person(service)
    assert send_event(service, "session.revoked", id=alice.session).status == 200

    assert set(alice.ask()) == {401}
    assert set(bob.ask()) == {200}
    reasons = {line["reason"] for line in service.lines() if line["type"] == "AUTH"}
    assert reasons == {"session-revoked"}


@pytest.mark.parametrize("kind", ["redis", "cluster", "sentinel"])
def test_one_webhook_reaches_every_process_of_every_host_at_once(
    serve: Serve, person: Callable[..., Person], kind: str
) -> None:
    started: dict[str, Callable[[], AbstractContextManager[Any]]] = {
        "redis": servers.valkey,
        "cluster": valkeys.cluster,
        "sentinel": valkeys.sentinel,
    }
    with started[kind]() as found:
        url = found if kind == "cluster" else found[0]
        one, two = (serve(WEB_CONCURRENCY="2", REDIS_URL=url, **HOOKED) for _ in range(2))
        alice, bob = person(one, two), person(one, two)
        assert send_event(one, "session.ended", id=alice.session).status == 200
        assert set(alice.ask()) == {401}
        assert send_event(two, "user.deleted", id=bob.id).status == 200
        assert set(bob.ask()) == {401}
        assert DOWN not in messages(one) + messages(two)


def test_a_user_has_one_rate_limit_over_all_hosts(
    serve: Serve, person: Callable[..., Person]
) -> None:
    with servers.valkey() as (url, _pid):
        few = {"REDIS_URL": url, "RATE_LIMIT_USER_GENERAL": "40 per 15 minutes"}
        one, two = serve(**few), serve(**few)
        alice, bob = person(one, two), person(one)  # 16 requests, 8
        statuses = alice.ask() + alice.ask()

        assert statuses == [200] * 24 + [429] * 8
        assert set(bob.ask()) == {200}


def test_hosts_without_a_shared_store_refuse_within_two_seconds(
    serve: Serve, person: Callable[..., Person], tmp_path: Any
) -> None:
    one = serve(**HOOKED)
    two = serve(STORE_URL=f"lmdb://{tmp_path / 'another-host'}")
    alice = person(one, two)
    assert send_event(one, "session.removed", id=alice.session).status == 200

    assert refused_within(alice, WITHIN)


@pytest.mark.parametrize("how", ["gone", "frozen", "full"])
def test_without_the_store_a_revocation_takes_effect_within_two_seconds(
    serve: Serve, person: Callable[..., Person], how: str
) -> None:
    with servers.valkey() as (url, pid), redis.Redis.from_url(url) as client:
        one, two = (serve(REDIS_URL=url, **HOOKED) for _ in range(2))
        alice, bob = person(one, two), person(one, two)
        assert send_event(one, "session.revoked", id=bob.session).status == 200
        assert set(bob.ask()) == {401}
        if how == "gone":
            client.shutdown(nosave=True)
        elif how == "full":
            client.config_set("maxmemory", 1)
        else:
            os.kill(pid, signal.SIGSTOP)
        try:
            assert set(bob.ask()) == {401}  # what is known stays in force
            assert set(alice.ask()) == {200}
            assert send_event(one, "session.revoked", id=alice.session).status == 200
            assert refused_within(alice, WITHIN)
            assert set(bob.ask()) == {401}
        finally:
            if how == "frozen":
                os.kill(pid, signal.SIGCONT)
    for service in (one, two):
        assert 1 <= messages(service).count(DOWN) <= 2
        assert not [line for line in service.lines() if line.get("statusCode", 200) >= 500]


def test_a_frozen_store_delays_each_process_once(
    serve: Serve, person: Callable[..., Person]
) -> None:
    with servers.valkey() as (url, pid):
        service = serve(WEB_CONCURRENCY="1", REDIS_URL=url)
        alice = person(service)

        def seconds() -> float:
            started = time.monotonic()
            assert set(alice.ask()) == {200}
            return time.monotonic() - started

        usual = [seconds() for _ in range(7)]
        with frozen(pid):
            first, *later = [seconds() for _ in range(8)]

    assert first > 0.15
    assert median(later) < median(usual) + 0.8  # each of the eight requests would wait for 0.2 s
    assert messages(service).count(DOWN) == 1


def test_an_empty_store_after_a_restart_loses_no_revocation(
    serve: Serve, person: Callable[..., Person]
) -> None:
    port = servers.free_port()
    with servers.valkey(port) as (url, _pid):
        service = serve(REDIS_URL=url, RATE_LIMIT_GENERAL="60 per 15 minutes", **HOOKED)
        alice, bob = person(service), person(service)
        assert send_event(service, "session.revoked", id=alice.session).status == 200
        assert set(alice.ask()) == {401}
        assert service.request("GET", ME, token=bob.token).headers["X-RateLimit-Remaining"] < "40"
        with redis.Redis.from_url(url) as client:
            client.flushall()

        assert set(alice.ask()) == {401}
        assert set(bob.ask()) == {200}
        left = service.request("GET", ME, token=bob.token).headers["X-RateLimit-Remaining"]
        assert left == str(60 - 17)
    assert set(alice.ask()) == {401}
    with servers.valkey(port):
        wait_for(lambda: messages(service).count(BACK) >= 1)
        assert set(alice.ask()) == {401}
        assert set(bob.ask()) == {200}


def test_a_store_that_lacks_the_announcement_delays_a_revocation_by_two_seconds_at_most(
    serve: Serve, person: Callable[..., Person], role: Connection
) -> None:
    """For example after a failover that lost writes, or if the operator cannot reach the store."""
    with servers.valkey() as (url, _pid):
        one, two = (serve(REDIS_URL=url) for _ in range(2))
        alice = person(one, two)
        insert_revocation(role, event=None, kind="user", subject=alice.id, seconds=600)

        assert refused_within(alice, WITHIN)


def test_requests_under_way_do_not_recreate_a_deleted_user(
    serve: Serve, person: Callable[..., Person], owner: Connection
) -> None:
    service = serve(WEB_CONCURRENCY="4", **HOOKED)
    alice = person(service)
    statuses: list[int] = []

    def write() -> None:
        for number in range(60):
            body = {"title": f"Row {number}"}
            response = service.request("POST", "/api/opportunities", token=alice.token, body=body)
            statuses.append(response.status)

    threads = [threading.Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    wait_for(lambda: len(statuses) > 20)
    assert send_event(service, "user.deleted", id=alice.id).status == 200
    for thread in threads:
        thread.join()

    assert set(statuses) <= {201, 401, 503}
    assert statuses[-1] == 401
    assert owner.execute("select from users where clerk_id = %s", [alice.id]).fetchall() == []
    details = "select count(*) from audit_log where actor = %s and details <> '{}'"
    assert owner.execute(details.encode(), [alice.id]).fetchone() == (0,)
