"""Writes of an impersonated session: the audit names the user who has signed in as another one."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.auth.forge import Forge, In
from tests.support.events import recorded_events

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import psycopg
    from flask import Flask

ROWS = "/api/v1/opportunities"
IMPERSONATOR = "user_support7"
ACT = {"iss": "https://dashboard.clerk.com", "sub": IMPERSONATOR}


class Impersonated:
    """A client that sends one token of an impersonated session in every request."""

    def __init__(self, app: Flask, forge: Forge) -> None:
        self.id = "user_impersonated"
        self._client = app.test_client()
        token = forge.token({"sub": self.id, "act": ACT, "exp": In(300)})
        self._headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}

    def send(self, method: str, path: str, body: object = None) -> tuple[int, Any]:
        data = None if body is None else json.dumps(body)
        response = self._client.open(path, method=method, data=data, headers=self._headers)
        return response.status_code, response.json


@pytest.fixture
def user(build: Callable[..., Flask]) -> Impersonated:
    forge = Forge()
    return Impersonated(build(RATE_LIMIT_USER_WRITE="7 per 15 minutes", **forge.settings()), forge)


@pytest.fixture
def audits() -> Iterator[list[dict[str, Any]]]:
    """The fields of each AUDIT line that is logged."""
    with recorded_events("AUDIT") as events:
        yield events


def change_each(user: Impersonated) -> None:
    """Create, update and delete an opportunity and a round."""
    status, row = user.send("POST", ROWS, {"title": "Internship", "category": "internship"})
    assert status == 201
    path = f"{ROWS}/{row['id']}"
    status, made = user.send("POST", f"{path}/rounds", {"round_type": "hr"})
    assert status == 201
    of_round = f"{path}/rounds/{made['round']['id']}"
    for method, target, body in (
        ("PATCH", path, {"notes": "n"}),
        ("PATCH", of_round, {"notes": "n"}),
        ("DELETE", of_round, None),
        ("DELETE", path, None),
    ):
        assert user.send(method, target, body)[0] == 200


@pytest.mark.in_process
def test_every_write_of_an_impersonated_session_names_the_impersonator(
    user: Impersonated, audits: list[dict[str, Any]], owner: psycopg.Connection[Any]
) -> None:
    change_each(user)
    kept = owner.execute(
        "select action, details from audit_log where actor = %s order by id", [user.id]
    ).fetchall()

    # All but the first request use the session that the service remembers for the token.
    assert len(audits) == len(kept) == 6
    assert {line["impersonator"] for line in audits} == {IMPERSONATOR}
    assert {line["userId"] for line in audits} == {user.id}
    assert {details["impersonator"] for _, details in kept} == {IMPERSONATOR}
    assert [(line["action"], line["details"]) for line in audits] == kept


@pytest.mark.in_process
def test_a_failed_write_of_an_impersonated_session_names_the_impersonator(
    user: Impersonated, audits: list[dict[str, Any]]
) -> None:
    row = f"{ROWS}/00000000-0000-4000-8000-000000000000"
    statuses = [user.send("POST", ROWS, {})[0], user.send("DELETE", row)[0]]
    statuses += [user.send("DELETE", row)[0] for _ in range(6)]

    assert statuses == [400, *[404] * 6, 429]
    assert [line["impersonator"] for line in audits] == [IMPERSONATOR] * 8
    assert [line["details"]["statusCode"] for line in audits] == statuses
    assert {line["outcome"] for line in audits} == {"failure"}


@pytest.mark.in_process
def test_another_session_has_no_such_field(
    build: Callable[..., Flask], audits: list[dict[str, Any]], owner: psycopg.Connection[Any]
) -> None:
    forge = Forge()
    client = build(**forge.settings()).test_client()
    headers = {"Authorization": f"Bearer {forge.token({'sub': 'user_usual'})}"}
    made = client.post(ROWS, json={"title": "Internship"}, headers=headers)
    failed = client.post(ROWS, json={}, headers=headers)

    assert [made.status_code, failed.status_code] == [201, 400]
    assert [set(line) & {"impersonator"} for line in audits] == [set(), set()]
    kept = owner.execute("select details from audit_log where actor = 'user_usual'").fetchall()
    assert [set(details) for (details,) in kept] == [{"title", "category"}]
