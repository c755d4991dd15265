"""``DELETE /me`` and ``POST /me/restore``: the deletion of the account, with a grace period."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import pytest

from futuretracker.api.schemas.errors import CODES
from tests.support.events import recorded_events

if TYPE_CHECKING:
    from collections.abc import Callable

    import psycopg
    from flask import Flask

    from tests.conftest import User

ME = "/api/v1/me"
RESTORE = f"{ME}/restore"
ROWS = "/api/v1/opportunities"


def due_in(text: str) -> dt.timedelta:
    return dt.datetime.fromisoformat(text) - dt.datetime.now(dt.UTC)


def actions(owner: psycopg.Connection[Any], user: User) -> list[Any]:
    """Return the audit entries about the account: the action, the resource and the details."""
    user_id = user.get(ME).json["internalUserId"]
    return owner.execute(
        "select action, resource_id::text, details, client from audit_log"
        " where user_id = %s and action like '%%\\_ACCOUNT' order by id",
        [user_id],
    ).fetchall()


@pytest.mark.wire
def test_the_account_says_when_it_will_be_deleted(alice: User) -> None:
    response = alice.delete(ME)

    assert response.status_code == 202
    assert list(response.json) == ["deletionDueAt"]
    due_at = response.json["deletionDueAt"]
    assert dt.timedelta(days=29, hours=23) < due_in(due_at) <= dt.timedelta(days=30)
    assert alice.get(ME).json["deletionDueAt"] == due_at


def test_the_operator_sets_the_days(
    build: Callable[..., Flask], make_user: Callable[..., User]
) -> None:
    user = make_user(client=build(ACCOUNT_DELETION_DAYS="7").test_client())

    left = due_in(user.delete(ME).json["deletionDueAt"])

    assert dt.timedelta(days=6, hours=23) < left <= dt.timedelta(days=7)


def test_a_repeated_request_does_not_move_the_time(
    alice: User, owner: psycopg.Connection[Any]
) -> None:
    first = alice.delete(ME)
    again = alice.delete(ME)

    assert (again.status_code, again.json) == (202, first.json)
    assert len(actions(owner, alice)) == 1


def test_everything_works_until_then(alice: User) -> None:
    row = alice.create()
    alice.delete(ME)

    assert alice.patch(f"{ROWS}/{row['id']}", {"notes": "n"}).status_code == 200
    assert alice.post(ROWS, {"title": "Another"}).status_code == 201
    assert len(alice.get(f"{ME}/export").json["opportunities"]) == 2


@pytest.mark.wire
def test_the_user_can_cancel(alice: User) -> None:
    alice.delete(ME)

    response = alice.post(RESTORE)

    assert (response.status_code, response.json) == (200, {"deletionDueAt": None})
    assert alice.get(ME).json["deletionDueAt"] is None


def test_there_may_be_nothing_to_cancel(alice: User, bob: User) -> None:
    due_at = bob.delete(ME).json["deletionDueAt"]
    response = alice.post(RESTORE)

    assert response.status_code == 409
    assert response.json["code"] == "account_not_deleted"
    assert response.json["code"] in CODES
    assert response.json["message"] == "Nobody has asked for the deletion of this account"
    assert bob.get(ME).json["deletionDueAt"] == due_at
    assert alice.get(ME).json["deletionDueAt"] is None


def test_no_api_key_may_do_this(alice: User) -> None:
    scopes = ["account:read", "opportunities:read", "opportunities:write"]
    made = alice.post("/api/v1/api-keys", {"name": "Script", "scopes": scopes}).json
    alice.token = made["secret"]

    for method, path in (("DELETE", ME), ("POST", RESTORE), ("GET", f"{ME}/export")):
        response = alice.request(method, path)
        assert (response.status_code, response.json["code"]) == (403, "session_required")
    assert alice.get(ME).json["deletionDueAt"] is None


def test_the_original_api_has_neither(alice: User) -> None:
    alice.delete(ME)

    assert alice.delete("/api/me").status_code == 405
    assert alice.post("/api/me/restore").status_code == 404
    assert "deletionDueAt" not in alice.get("/api/me").json


@pytest.mark.in_process
def test_both_are_in_the_audit(alice: User, owner: psycopg.Connection[Any]) -> None:
    user_id = alice.get(ME).json["internalUserId"]
    with recorded_events("AUDIT") as lines:
        found = alice.delete(ME).json
        alice.post(RESTORE)
        alice.post(RESTORE)

    assert actions(owner, alice) == [
        ("DELETE_ACCOUNT", user_id, found, "web"),
        ("RESTORE_ACCOUNT", user_id, {}, "web"),
    ]
    seen = [(line["action"], line["outcome"], line["resourceId"]) for line in lines]
    assert seen == [
        ("DELETE_ACCOUNT", "success", user_id),
        ("RESTORE_ACCOUNT", "success", user_id),
        ("RESTORE_ACCOUNT", "failure", None),
    ]
