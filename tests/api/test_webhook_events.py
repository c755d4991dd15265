"""What Clerk's webhooks do: end sessions, update users and erase them, exactly once."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any
from unittest import mock

import psycopg
import pytest

from futuretracker.api.views import webhooks
from futuretracker.database.queries import erasures
from tests.conftest import WEBHOOK_SECRET
from tests.support.clerk import event, send, session_of, user_object

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask
    from flask.testing import FlaskClient

    from tests.conftest import User

Connection = psycopg.Connection[Any]


def row_of(owner: Connection, user: User) -> tuple[Any, ...] | None:
    return owner.execute(
        "select email, full_name, avatar_url from users where clerk_id = %s", [user.id]
    ).fetchone()


@pytest.mark.parametrize("kind", ["session.revoked", "session.ended", "session.removed"])
@pytest.mark.in_process
def test_only_the_ended_session_is_refused_at_once(
    client: FlaskClient,
    make_user: Callable[..., User],
    lines: list[dict[str, Any]],
    kind: str,
) -> None:
    alice, bob = make_user(), make_user()
    assert [user.get("/api/me").status_code for user in (alice, bob)] == [200, 200]
    response = send(
        client, event(kind, id=session_of(alice.token), user_id=alice.id, status="ended")
    )
    refused = alice.get("/api/v1/me")

    assert (response.status_code, response.json) == (200, {"success": True})
    assert refused.status_code == 401
    assert refused.json["message"] == "Invalid token"
    assert bob.get("/api/me").status_code == 200
    reasons = [line["reason"] for line in lines if line["type"] == "AUTH"]
    assert reasons == ["session-revoked"]
    (audit,) = [line for line in lines if line["type"] == "AUDIT"]
    assert audit["action"] == "CLERK_EVENT"
    assert audit["resourceId"] == session_of(alice.token)
    assert audit["outcome"] == "success"
    assert audit["details"]["event"] == kind
    assert audit["details"]["effect"] == "new"


@pytest.mark.in_process
def test_a_deleted_user_is_refused_and_their_data_are_deleted(
    client: FlaskClient,
    make_user: Callable[..., User],
    owner: Connection,
    lines: list[dict[str, Any]],
) -> None:
    alice, bob = make_user(), make_user()
    for user in (alice, bob):
        row = user.post("/api/v1/opportunities", {"title": "Mine", "category": "internship"})
        path = f"/api/v1/opportunities/{row.json['id']}/rounds"
        assert user.post(path, {"round_type": "oa"}).status_code == 201
    internal = [user.get("/api/me").json["internalUserId"] for user in (alice, bob)]
    response = send(client, event("user.deleted", id=alice.id, deleted=True))

    assert response.status_code == 200
    assert alice.get("/api/me").status_code == 401
    assert [line["reason"] for line in lines if line["type"] == "AUTH"] == ["user-revoked"]
    left = "select count(*) from {} where user_id = %s"
    for table, of_bob in (("opportunities", 1), ("opportunity_rounds", 1)):
        counts = [
            owner.execute(left.format(table).encode(), [user_id]).fetchone() for user_id in internal
        ]
        assert counts == [(0,), (of_bob,)]
    assert row_of(owner, alice) is None
    assert row_of(owner, bob) is not None
    audits = "select action, details from audit_log where user_id = %s order by id"
    assert owner.execute(audits, [internal[0]]).fetchall() == [
        ("CREATE_OPPORTUNITY", {}),
        ("CREATE_ROUND", {}),
        ("ERASE_USER", {}),
    ]
    assert [details for _, details in owner.execute(audits, [internal[1]]) if not details] == []
    assert bob.get("/api/me").status_code == 200


@pytest.mark.in_process
def test_a_user_with_much_data_is_refused_at_once_and_erased_by_repeated_deliveries(
    client: FlaskClient,
    alice: User,
    owner: Connection,
    lines: list[dict[str, Any]],
) -> None:
    alice.create()
    internal = alice.get("/api/me").json["internalUserId"]
    owner.execute(
        "insert into opportunities (user_id, title)"
        " select %s, 'Row ' || n from generate_series(1, 1600) as n",
        [internal],
    )
    left = "select count(*) from opportunities where user_id = %s"
    seen, statuses = [], []
    sent, event_id = event("user.deleted", id=alice.id, deleted=True), f"msg_large{alice.id}"
    with mock.patch.object(webhooks, "ERASE_WITHIN", 0), mock.patch.object(erasures, "STEP", 0):
        while not statuses or (statuses[-1] == 503 and len(statuses) < 100):
            response = send(client, sent, event_id=event_id)
            statuses.append(response.status_code)
            seen.append(owner.execute(left.encode(), [internal]).fetchone())
            assert alice.get("/api/me").status_code == 401

    assert statuses == [503] * (len(statuses) - 1) + [200]
    assert seen[:4] == [(1101,), (601,), (101,), (0,)]
    assert row_of(owner, alice) is None
    audits = [line for line in lines if line["type"] == "AUDIT" and line["action"] == "CLERK_EVENT"]
    assert {line["resourceId"] for line in audits} == {alice.id}
    assert [line["outcome"] for line in audits] == ["failure"] * (len(audits) - 1) + ["success"]
    assert audits[0]["details"] == {
        "event": "user.deleted",
        "eventId": event_id,
        "statusCode": 503,
    }
    written = "select count(*) from audit_log where user_id = %s and action = 'ERASE_USER'"
    assert owner.execute(written.encode(), [internal]).fetchone() == (1,)


@pytest.mark.in_process
def test_the_503_of_an_unfinished_erasure_tells_the_sender_to_repeat_the_event(
    client: FlaskClient, alice: User, owner: Connection
) -> None:
    alice.create()
    internal = alice.get("/api/me").json["internalUserId"]
    owner.execute(
        "insert into opportunities (user_id, title)"
        " select %s, 'Row ' || n from generate_series(1, 600) as n",
        [internal],
    )
    sent = event("user.deleted", id=alice.id, deleted=True)
    with mock.patch.object(webhooks, "ERASE_WITHIN", 0), mock.patch.object(erasures, "STEP", 0):
        response = send(client, sent)

    assert (response.status_code, response.headers["Retry-After"]) == (503, "5")
    assert response.json == {
        "error": "Service Unavailable",
        "message": "The user has too much data to erase at once. Send the event again to continue.",
    }
    # Another event about the same user continues as well.
    assert send(client, sent).status_code == 200
    assert row_of(owner, alice) is None


@pytest.mark.in_process
def test_a_webhook_that_fails_is_audited_with_its_subject(
    build: Callable[..., Flask], lines: list[dict[str, Any]]
) -> None:
    app = build(CLERK_WEBHOOK_SECRET=WEBHOOK_SECRET, DATABASE_URL="postgresql://a@127.0.0.1:1/a")
    sent = event("user.deleted", id="user_1")
    assert send(app.test_client(), sent, event_id="msg_failed").status_code == 503

    (audit,) = [line for line in lines if line["type"] == "AUDIT"]
    assert (audit["resourceId"], audit["outcome"]) == ("user_1", "failure")
    assert audit["details"] == {
        "event": "user.deleted",
        "eventId": "msg_failed",
        "statusCode": 503,
    }


def test_a_deleted_user_is_not_created_again(
    client: FlaskClient, alice: User, owner: Connection
) -> None:
    """Neither a late event nor a token that is still valid creates the user again."""
    alice.create()
    send(client, event("user.deleted", id=alice.id, deleted=True))
    for kind in ("user.updated", "user.created"):
        late = user_object(alice.id, "ada@example.com", updated_at=int(time.time() * 1000))
        assert send(client, event(kind, **late)).status_code == 200
    assert alice.post("/api/opportunities", {"title": "Again"}).status_code == 401

    assert row_of(owner, alice) is None


def test_an_event_updates_the_user_unless_it_is_older_than_the_stored_data(
    client: FlaskClient, alice: User, owner: Connection
) -> None:
    alice.get("/api/me")
    for kind, email, updated_at in (
        ("user.created", "first@example.com", 1_000),
        ("user.updated", "third@example.com", 3_000),
        ("user.updated", "second@example.com", 2_000),
    ):
        sent = user_object(alice.id, email, updated_at=updated_at)
        assert send(client, event(kind, **sent)).status_code == 200

    assert row_of(owner, alice) == (
        "third@example.com",
        "Ada Lovelace",
        "https://img.clerk.com/ada",
    )
    assert alice.get("/api/me").json["email"] == "third@example.com"


@pytest.mark.parametrize(
    ("changes", "row"),
    [
        ({"first_name": None}, ("a@example.com", "Lovelace", "https://img.clerk.com/ada")),
        (
            {"first_name": None, "last_name": " ", "image_url": 7},
            ("a@example.com", None, None),
        ),
        (
            {"first_name": "A\0", "last_name": "\ud800", "image_url": "x" * 2_049},
            ("a@example.com", None, None),
        ),
        ({"primary_email_address_id": None}, (None, "Ada Lovelace", "https://img.clerk.com/ada")),
        ({"email_addresses": "none"}, (None, "Ada Lovelace", "https://img.clerk.com/ada")),
        (
            {"email_addresses": [7, {}, {"id": "idn_2", "email_address": {}}]},
            (None, "Ada Lovelace", "https://img.clerk.com/ada"),
        ),
        ({"updated_at": None}, ("a@example.com", "Ada Lovelace", "https://img.clerk.com/ada")),
        ({"updated_at": 10**30}, ("a@example.com", "Ada Lovelace", "https://img.clerk.com/ada")),
        ({"updated_at": True}, ("a@example.com", "Ada Lovelace", "https://img.clerk.com/ada")),
    ],
)
def test_missing_and_unstorable_values_become_null(
    client: FlaskClient,
    alice: User,
    owner: Connection,
    changes: dict[str, Any],
    row: tuple[Any, ...],
) -> None:
    alice.get("/api/me")
    sent = {**user_object(alice.id, "a@example.com", updated_at=5), **changes}

    assert send(client, event("user.updated", **sent)).status_code == 200
    assert row_of(owner, alice) == row


@pytest.mark.in_process
def test_a_repeated_event_is_not_processed_again(
    client: FlaskClient, alice: User, owner: Connection, lines: list[dict[str, Any]]
) -> None:
    alice.get("/api/me")
    sent = event("user.updated", **user_object(alice.id, "new@example.com", updated_at=9))
    first = send(client, sent, event_id=f"msg_again{alice.id}")
    owner.execute("update users set email = 'by hand' where clerk_id = %s", [alice.id])
    again = send(client, sent, event_id=f"msg_again{alice.id}", at=time.time() - 60)

    assert [(a.status_code, a.json) for a in (first, again)] == [(200, {"success": True})] * 2
    assert (row_of(owner, alice) or ())[0] == "by hand"
    effects = [line["details"]["effect"] for line in lines if line["type"] == "AUDIT"]
    assert effects == ["new", "repeated"]


@pytest.mark.parametrize(
    "kind", ["session.created", "user.createdAtEdge", "organization.created", "email.created"]
)
@pytest.mark.in_process
def test_an_irrelevant_event_is_accepted_without_effect(
    client: FlaskClient, lines: list[dict[str, Any]], kind: str
) -> None:
    body = json.dumps({"type": kind}).encode()

    assert send(client, body).status_code == 200
    (audit,) = [line for line in lines if line["type"] == "AUDIT"]
    assert (audit["outcome"], audit["details"]["effect"]) == ("success", "none")


def test_a_token_whose_session_has_not_ended_stays_valid(alice: User) -> None:
    assert [alice.get("/api/me").status_code for _ in range(3)] == [200] * 3


def test_an_ended_session_and_a_deleted_user_are_refused(
    client: FlaskClient, make_user: Callable[..., User]
) -> None:
    """The main case once more, without the log, so that it also runs with ``--worker``."""
    alice, bob, carol = make_user(), make_user(), make_user()
    ended = send(client, event("session.ended", id=session_of(alice.token), user_id=alice.id))
    deleted = send(client, event("user.deleted", id=bob.id, deleted=True))

    assert [response.status_code for response in (ended, deleted)] == [200, 200]
    assert [user.get("/api/me").status_code for user in (alice, bob, carol)] == [401, 401, 200]
