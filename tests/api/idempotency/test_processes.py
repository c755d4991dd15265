"""Keys across processes: concurrent requests, and a process that dies before it responds."""

from __future__ import annotations

import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from tests.conftest import ORIGIN, numbers
from tests.support.held_responses import held_responses
from tests.support.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import psycopg

    from futuretracker.commands.local.issuer import Issuer
    from tests.support.servers import Response, Service

V1 = "/api/v1/opportunities"
COUNT = "select count(*) from opportunities where title = %s"


class Sender:
    """Sends requests of one user with one key, until they are carried out."""

    def __init__(self, service: Service, issuer: Issuer) -> None:
        self._service = service
        self._token = issuer.token(f"user_again{next(numbers)}", ttl=600, azp=ORIGIN)
        self.key = f"key-{next(numbers)}"

    def once(self, method: str, path: str, body: Any) -> Response:
        headers = {"Idempotency-Key": self.key}
        return self._service.request(method, path, token=self._token, body=body, headers=headers)

    def send(self, method: str, path: str, body: Any) -> Response:
        while True:
            response = self.once(method, path, body)
            if response.status not in {409, 429, 503} or "Retry-After" not in response.headers:
                return response
            time.sleep(float(response.headers["Retry-After"]))


def count(owner: psycopg.Connection[Any], title: str) -> int:
    [number] = owner.execute(COUNT, [title]).fetchone()
    return int(number)


def test_fifty_requests_at_once_make_one_row_and_get_one_body(
    serve: Callable[..., Service], issuer: Issuer, owner: psycopg.Connection[Any]
) -> None:
    sender = Sender(serve(WEB_CONCURRENCY="3", patient=True), issuer)
    title = f"Intern {next(numbers)} of {os.getpid()}"
    with ThreadPoolExecutor(50) as pool:
        jobs = [pool.submit(sender.send, "POST", V1, {"title": title}) for _ in range(50)]
        responses = [job.result() for job in jobs]

    assert {response.status for response in responses} == {201}
    assert len({response.body for response in responses}) == 1
    assert len({response.headers["Location"] for response in responses}) == 1
    repeated = [response.headers.get("Idempotent-Replayed") for response in responses]
    assert sorted(repeated, key=str) == [None, *["true"] * 49]
    assert count(owner, title) == 1


def test_requests_at_once_change_a_row_once(
    serve: Callable[..., Service], issuer: Issuer, owner: psycopg.Connection[Any]
) -> None:
    sender = Sender(serve(WEB_CONCURRENCY="2", patient=True), issuer)
    row = sender.send("POST", V1, {"title": "Intern"}).json
    path = f"{V1}/{row['id']}"
    with ThreadPoolExecutor(20) as pool:
        jobs = [pool.submit(sender.send, "PATCH", path, {"notes": "n"}) for _ in range(20)]
        bodies = {job.result().body for job in jobs}

    assert len(bodies) == 1
    changes = "select count(*) from audit_log where resource_id = %s and action like 'UPDATE%%'"
    assert owner.execute(changes, [row["id"]]).fetchone() == (1,)


@pytest.mark.parametrize("method", ["POST", "DELETE"])
def test_a_worker_that_is_killed_after_the_commit_has_carried_the_request_out(  # noqa: PLR0917 - fixtures
    serve: Callable[..., Service],
    issuer: Issuer,
    owner: psycopg.Connection[Any],
    service_url: str,
    tmp_path: Path,
    method: str,
) -> None:
    with held_responses(service_url, tmp_path) as proxy:
        service = serve(WEB_CONCURRENCY="1", patient=True, DATABASE_URL=proxy.url)
        sender = Sender(service, issuer)
        title = f"Intern {next(numbers)} of {os.getpid()}"
        if method == "DELETE":
            path = f"{V1}/{sender.send('POST', V1, {'title': title}).json['id']}"
            wanted, body = 0, None
        else:
            # The user is known, so that the statement of the change is the only one.
            sender.send("DELETE", f"{V1}/00000000-0000-4000-8000-000000000000", None)
            path, wanted, body = V1, 1, {"title": title}
        assert count(owner, title) == 1 - wanted
        proxy.passes.clear()
        with ThreadPoolExecutor(1) as pool:
            lost = pool.submit(sender.once, method, path, body)
            wait_for(lambda: count(owner, title) == wanted)
            [worker] = service.workers()
            os.kill(worker, signal.SIGKILL)
            assert lost.exception() is not None  # there is no response
        proxy.passes.set()
        wait_for(lambda: service.workers() not in ([], [worker]))
        again = sender.send(method, path, body)

    assert again.status == (201 if body else 200)
    assert again.headers["Idempotent-Replayed"] == "true"
    assert count(owner, title) == wanted
