"""Concurrent changes of the rounds of one internship, through real processes."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from tests.api.interviews import PATH, RESULTS, TYPES, derive, said
from tests.api.test_round_status import STATUSES, conflict
from tests.conftest import ORIGIN, numbers

if TYPE_CHECKING:
    from collections.abc import Callable

    from futuretracker.commands.local.issuer import Issuer
    from tests.support.servers import Response, Service

THREADS = 8


@pytest.fixture
def ask(serve: Callable[..., Service], issuer: Issuer) -> Callable[..., Response]:
    """Send requests of one user to two workers; paths are below ``/api/v1/opportunities``."""
    service = serve(WEB_CONCURRENCY="2")
    token = issuer.token(f"user_busy{next(numbers)}", ttl=600, azp=ORIGIN)

    def ask(method: str, path: str, body: object = None) -> Response:
        return service.request(method, PATH + path, token=token, body=body)

    return ask


def internship(ask: Callable[..., Response]) -> str:
    response = ask("POST", "", {"title": "Intern", "category": "internship"})
    assert response.status == 201
    return f"/{response.json['id']}"


def at_once(jobs: list[Callable[[], Any]]) -> list[Any]:
    with ThreadPoolExecutor(THREADS) as pool:
        return [done.result() for done in [pool.submit(job) for job in jobs]]


def random_round(dice: random.Random) -> dict[str, Any]:
    return {
        "round_type": dice.choice(TYPES),
        "result": dice.choices(RESULTS, [6, 8, 1, 3])[0],
        "notes": str(dice.random()),
    }


def test_rounds_created_at_the_same_time_are_numbered_without_a_gap(
    ask: Callable[..., Response],
) -> None:
    path, dice = internship(ask), random.Random(3)  # noqa: S311 - a fixed order
    bodies = [random_round(dice) for _ in range(64)]
    responses = at_once([lambda body=body: ask("POST", f"{path}/rounds", body) for body in bodies])  # type: ignore[misc]

    assert {response.status for response in responses} == {201}
    made = [response.json["round"]["round_number"] for response in responses]
    assert sorted(made) == list(range(1, 65))
    for response in responses:
        body = response.json
        # Each request has seen all earlier changes, and none of the later ones.
        assert len(body["rounds"]) == body["round"]["round_number"]
        assert said(body["opportunity"]) == derive(body["rounds"])
    rounds = ask("GET", f"{path}/rounds").json
    assert sorted(one["notes"] for one in rounds) == sorted(body["notes"] for body in bodies)
    assert said(ask("GET", path).json) == derive(rounds)


def test_the_status_follows_from_the_rounds_after_concurrent_changes(
    ask: Callable[..., Response],
) -> None:
    path, dice = internship(ask), random.Random(4)  # noqa: S311 - a fixed order
    first = [ask("POST", f"{path}/rounds", random_round(dice)).json["round"] for _ in range(12)]

    def job(body: dict[str, Any], one: dict[str, Any], kind: str) -> Response:
        if kind == "POST":
            return ask("POST", f"{path}/rounds", body)
        where = f"{path}/rounds/{one['id']}"
        return ask(kind, where, None if kind == "DELETE" else body)

    kinds = ["POST", "PATCH", "PATCH", "PATCH", "DELETE"]
    chosen = [(random_round(dice), dice.choice(first), dice.choice(kinds)) for _ in range(120)]
    chosen = [
        ({**body, "round_number": dice.randint(1, 20)} if dice.random() < 0.4 else body, one, kind)
        for body, one, kind in chosen
    ]
    responses = at_once([lambda parts=parts: job(*parts) for parts in chosen])  # type: ignore[misc]

    assert {response.status for response in responses} <= {200, 201, 404, 409}
    done = [response.json for response in responses if response.status < 300]
    assert len(done) > 20
    for body in done:
        assert said(body["opportunity"]) == derive(body["rounds"])
    rounds = ask("GET", f"{path}/rounds").json
    assert said(ask("GET", path).json) == derive(rounds)
    taken = [one["round_number"] for one in rounds]
    assert len(set(taken)) == len(taken)


def test_a_conflict_is_shown_for_rounds_that_change_at_the_same_time(
    ask: Callable[..., Response],
) -> None:
    dice = random.Random(5)  # noqa: S311 - a fixed order
    paths = [internship(ask) for _ in range(6)]
    rounds = [ask("POST", f"{path}/rounds", {"round_type": "hr"}).json["round"] for path in paths]
    jobs: list[Callable[[], Response]] = []
    for _ in range(12):
        for path, one in zip(paths, rounds, strict=True):
            where, status = f"{path}/rounds/{one['id']}", dice.choice(STATUSES)
            body = {"round_type": dice.choice(TYPES), "result": dice.choice(RESULTS)}
            jobs += [
                lambda where=where, body=body: ask("PATCH", where, body),  # type: ignore[misc]
                lambda path=path, status=status: ask("PATCH", path, {"status": status}),  # type: ignore[misc]
            ]
    responses = at_once(jobs)

    assert {response.status for response in responses} == {200}
    for path in paths:
        row, [one] = ask("GET", path).json, ask("GET", f"{path}/rounds").json
        rounds_say = derive([one])[0]
        assert row["statusConflict"] == conflict(rounds_say, row["status"])
