"""A suspended key is refused, whatever its user changes, until an operator undoes it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from futuretracker.auth.revocations import GENERATION
from futuretracker.web.application import Application
from tests.auth.api_keys.conftest import KEYS, SCOPES, Key, key_of
from tests.auth.api_keys.signer import ALGORITHMS, URL, new_signer
from tests.conftest import User, numbers
from tests.support.events import recorded_events

if TYPE_CHECKING:
    from collections.abc import Callable

    import psycopg
    from flask import Flask

    Connection = psycopg.Connection[Any]

ROWS = "/api/v1/opportunities"


@pytest.fixture
def user(build: Callable[..., Flask], make_user: Callable[..., User]) -> User:
    """A user of an application that only this test uses."""
    return make_user(client=build(PUBLIC_URL=URL).test_client())


def suspend(owner: Connection, user: User, key_id: str, *, undo: bool = False) -> None:
    """Suspend a key by the functions of the migration, and let the process load revocations."""
    finding = f"anom_suspended{next(numbers)}"
    owner.execute(
        "insert into anomaly_findings (id, kind, severity, subject, clerk_id, reason, first_seen,"
        " last_seen) values (%s, 'leaked-key', 'high', 'x', %s, 'x', now(), now())",
        [finding, user.id],
    )
    row = owner.execute(
        "insert into anomaly_actions (finding_id, action, subject, dry_run)"
        " values (%s, 'suspend-key', %s, false) returning id",
        [finding, f"key:{key_id}"],
    ).fetchone()
    assert row is not None
    assert owner.execute("select futuretracker_act(%s, 0)", row).fetchone() == ("done",)
    if undo:
        assert owner.execute("select futuretracker_undo(%s)", row).fetchone() == ("undone",)
    app = user.client.application
    assert isinstance(app, Application)
    app.store.put(GENERATION, finding.encode(), 60)


def test_it_is_refused_with_a_reason_that_only_the_log_has(user: User, owner: Connection) -> None:
    key = key_of(user)
    assert key.get(ROWS).status_code == 200
    suspend(owner, user, key.id)
    with recorded_events("AUTH") as events:
        refused = [key.get(ROWS) for _ in range(3)]

    for response in refused:
        assert (response.status_code, response.json["message"]) == (401, "Invalid token")
        assert response.json["code"] == "unauthorized"
    assert [(line["reason"], line["keyId"]) for line in events] == [("key-suspended", key.id)] * 3


def test_a_wrong_secret_is_a_wrong_secret_also_if_the_key_is_suspended(
    user: User, owner: Connection
) -> None:
    key, other = key_of(user), key_of(user)
    suspend(owner, user, key.id)
    key.change("POST", "/rotate", {})
    with recorded_events("AUTH") as events:
        assert key.get(ROWS).status_code == 401
    assert [line["reason"] for line in events] == ["key-secret"]
    assert other.get(ROWS).status_code == 200


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_it_signs_nothing(user: User, owner: Connection, algorithm: str) -> None:
    signer = new_signer(algorithm, lambda body: user.post(KEYS, body).json)

    def send() -> int:
        headers = signer.headers("GET", ROWS)
        return user.client.get(ROWS, headers=headers).status_code

    assert send() == 200
    suspend(owner, user, signer.id)
    with recorded_events("AUTH") as events:
        assert [send(), send()] == [401, 401]
    assert [line["reason"] for line in events] == ["key-suspended"] * 2


def test_its_user_sees_it_and_cannot_undo_it(user: User, owner: Connection) -> None:
    key = key_of(user)
    (listed,) = user.get(KEYS).json
    assert listed["suspendedAt"] is None
    suspend(owner, user, key.id)
    (listed,) = user.get(KEYS).json
    since = listed["suspendedAt"]
    assert since is not None
    assert key.change("PATCH", body={"name": "Another"})["suspendedAt"] == since
    rotated = key.change("POST", "/rotate", {"keepFormerFor": 60})
    assert rotated["suspendedAt"] == since
    new = Key(key.id, rotated["secret"], key.client, user)
    assert [key.get(ROWS).status_code, new.get(ROWS).status_code] == [401, 401]
    refused = user.patch(f"{KEYS}/{key.id}", {"suspendedAt": None, "name": "x"})
    assert refused.status_code in {200, 400}
    assert user.get(KEYS).json[0]["suspendedAt"] == since

    assert key_of(user).get(ROWS).status_code == 200


def test_it_works_again_after_it_was_undone(user: User, owner: Connection) -> None:
    key = key_of(user, scopes=SCOPES)
    assert key.get(ROWS).status_code == 200
    suspend(owner, user, key.id, undo=True)

    assert key.get(ROWS).status_code == 200
    assert user.get(KEYS).json[0]["suspendedAt"] is None
