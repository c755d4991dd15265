"""The route of the current user."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

if TYPE_CHECKING:
    import psycopg

    from tests.conftest import User


def test_me_returns_both_ids(alice: User) -> None:
    response = alice.get("/api/me")

    assert response.status_code == 200
    assert list(response.json) == ["userId", "internalUserId", "email"]
    assert response.json["userId"] == alice.id
    assert str(UUID(response.json["internalUserId"])) == response.json["internalUserId"]
    assert response.json["email"] is None


def test_v1_also_says_when_the_account_will_be_deleted(alice: User) -> None:
    found = alice.get("/api/v1/me").json

    assert found == {**alice.get("/api/me").json, "deletionDueAt": None}


def test_the_internal_id_stays_and_is_the_owner_of_the_users_rows(alice: User) -> None:
    internal_id = alice.get("/api/me").json["internalUserId"]

    assert alice.create()["user_id"] == internal_id
    assert alice.get("/api/me").json["internalUserId"] == internal_id


def test_two_users_have_two_ids(alice: User, bob: User) -> None:
    assert alice.get("/api/me").json["internalUserId"] != bob.get("/api/me").json["internalUserId"]


def test_me_returns_the_email_address_if_it_is_known(
    alice: User, bob: User, owner: psycopg.Connection[Any]
) -> None:
    for user in (alice, bob):
        user.get("/api/me")
    owner.execute("update users set email = 'a@example.com' where clerk_id = %s", [alice.id])

    assert alice.get("/api/me").json["email"] == "a@example.com"
    assert bob.get("/api/me").json["email"] is None


def test_me_needs_a_token(alice: User) -> None:
    response = alice.client.get("/api/me")

    assert response.status_code == 401
    assert response.json == {
        "error": "Unauthorized",
        "message": "Missing or invalid Authorization header",
    }
