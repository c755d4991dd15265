"""Clerk's webhooks: which are handled, exactly once, and which are refused."""

from __future__ import annotations

import json
import logging
import time
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from tests.conftest import WEBHOOK_SECRET
from tests.support.clerk import PATH, event, send, session_of, sign, user_object

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from flask import Flask
    from flask.testing import FlaskClient

    from tests.conftest import User

pytestmark = pytest.mark.in_process

Connection = psycopg.Connection[Any]
OTHER = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"
PING = event("session.created", id="sess_1")
# Events from Clerk, and events that are malformed.
MALFORMED = [
    ({"svix-id": ""}, "webhook-headers-missing"),
    ({"svix-timestamp": ""}, "webhook-headers-missing"),
    ({"svix-signature": ""}, "webhook-headers-missing"),
    ({"svix-id": "msg_1 or 1=1"}, "webhook-id-malformed"),
    ({"svix-id": "m" * 129}, "webhook-id-malformed"),
    ({"svix-id": "msg_\xe9"}, "webhook-id-malformed"),
    ({"svix-timestamp": "soon"}, "webhook-timestamp-malformed"),
    ({"svix-timestamp": "nan"}, "webhook-timestamp-malformed"),
    ({"svix-timestamp": "1e9"}, "webhook-timestamp-malformed"),
    ({"svix-timestamp": "-1"}, "webhook-timestamp-malformed"),
    ({"svix-timestamp": "\xb2\xb2"}, "webhook-timestamp-malformed"),
    ({"svix-timestamp": "9" * 400}, "webhook-timestamp-malformed"),
    ({"svix-timestamp": "0"}, "webhook-stale"),
    ({"svix-timestamp": "9999999999"}, "webhook-stale"),
    ({"svix-signature": "v1"}, "webhook-signature-malformed"),
    ({"svix-signature": "v1,"}, "webhook-signature-malformed"),
    ({"svix-signature": "v1,a,b"}, "webhook-signature-malformed"),
    ({"svix-signature": "v1,\xff\xfe"}, "webhook-signature-malformed"),
    ({"svix-signature": " ".join(["v1,AAAA"] * 11)}, "webhook-signature-malformed"),
    ({"svix-signature": "v1,A"}, "webhook-signature-invalid"),
    ({"svix-signature": "v1,AAAA="}, "webhook-signature-invalid"),
    ({"svix-signature": "v1,AAAA"}, "webhook-signature-invalid"),
    ({"svix-id": "msg_another"}, "webhook-signature-invalid"),
]
BODIES = [
    (b"", "webhook-body-malformed"),
    (b"{", "webhook-body-malformed"),
    (b"[]", "webhook-body-malformed"),
    (b"null", "webhook-body-malformed"),
    (b"[" * 100_000, "webhook-body-malformed"),
    (b'{"type": 1, "data": {}}', "webhook-body-malformed"),
    (b'{"data": {}}', "webhook-body-malformed"),
    (b'{"type": "user.deleted"}', "webhook-subject-invalid"),
    (event("user.deleted"), "webhook-subject-invalid"),
    (event("user.deleted", id=7), "webhook-subject-invalid"),
    (event("user.deleted", id="sess_1"), "webhook-subject-invalid"),
    (event("user.deleted", id="user_1' or true"), "webhook-subject-invalid"),
    (event("session.revoked", id="user_1"), "webhook-subject-invalid"),
    (event("session.revoked", id="sess_\0"), "webhook-subject-invalid"),
    (b'{"type": "user.updated", "data": [1]}', "webhook-subject-invalid"),
    (b"\xff\xfe{}", "webhook-signature-invalid"),
]


@pytest.fixture
def lines() -> Iterator[list[dict[str, Any]]]:
    """The type and the fields of each log line."""
    found: list[dict[str, Any]] = []

    class Keep(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            found.append({"type": record.msg, **record.__dict__["event"]})

    handler, logger = Keep(), logging.getLogger("futuretracker.events")
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    yield found
    logger.removeHandler(handler)
    logger.setLevel(logging.NOTSET)


def row_of(owner: Connection, user: User) -> tuple[Any, ...] | None:
    return owner.execute(
        "select email, full_name, avatar_url from users where clerk_id = %s", [user.id]
    ).fetchone()


@pytest.mark.parametrize("kind", ["session.revoked", "session.ended", "session.removed"])
def test_a_session_that_has_ended_is_refused_at_once_and_no_other(
    client: FlaskClient,
    make_user: Callable[..., User],
    lines: list[dict[str, Any]],
    kind: str,
) -> None:
    alice, bob = make_user(), make_user()
    assert [user.get("/api/me").status_code for user in (alice, bob)] == [200, 200]
    answer = send(client, event(kind, id=session_of(alice.token), user_id=alice.id, status="ended"))
    refused = alice.get("/api/v1/me")

    assert (answer.status_code, answer.json) == (200, {"success": True})
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


def test_a_user_who_was_deleted_is_refused_and_forgotten(
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
    answer = send(client, event("user.deleted", id=alice.id, deleted=True))

    assert answer.status_code == 200
    assert alice.get("/api/me").status_code == 401
    assert [line["reason"] for line in lines if line["type"] == "AUTH"] == ["user-revoked"]
    left = "select count(*) from {} where user_id = %s"
    for table, of_bob in (("opportunities", 1), ("opportunity_rounds", 1)):
        counts = [owner.execute(left.format(table).encode(), [who]).fetchone() for who in internal]
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


def test_a_user_who_was_deleted_is_not_brought_back(
    client: FlaskClient, alice: User, owner: Connection
) -> None:
    """Neither a late event nor a token that is still valid brings the user back."""
    alice.create()
    send(client, event("user.deleted", id=alice.id, deleted=True))
    for kind in ("user.updated", "user.created"):
        late = user_object(alice.id, "ada@example.com", updated_at=int(time.time() * 1000))
        assert send(client, event(kind, **late)).status_code == 200
    assert alice.post("/api/opportunities", {"title": "Again"}).status_code == 401

    assert row_of(owner, alice) is None


def test_a_users_data_follow_clerks_and_older_news_change_nothing(
    client: FlaskClient, alice: User, owner: Connection
) -> None:
    alice.get("/api/me")
    for kind, email, updated_at in (
        ("user.created", "first@example.com", 1_000),
        ("user.updated", "third@example.com", 3_000),
        ("user.updated", "second@example.com", 2_000),
    ):
        told = user_object(alice.id, email, updated_at=updated_at)
        assert send(client, event(kind, **told)).status_code == 200

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
def test_what_clerk_leaves_out_or_nobody_can_store_is_not_there(
    client: FlaskClient,
    alice: User,
    owner: Connection,
    changes: dict[str, Any],
    row: tuple[Any, ...],
) -> None:
    alice.get("/api/me")
    told = {**user_object(alice.id, "a@example.com", updated_at=5), **changes}

    assert send(client, event("user.updated", **told)).status_code == 200
    assert row_of(owner, alice) == row


def test_an_event_that_is_sent_again_does_nothing_again(
    client: FlaskClient, alice: User, owner: Connection, lines: list[dict[str, Any]]
) -> None:
    alice.get("/api/me")
    told = event("user.updated", **user_object(alice.id, "new@example.com", updated_at=9))
    first = send(client, told, event_id=f"msg_again{alice.id}")
    owner.execute("update users set email = 'by hand' where clerk_id = %s", [alice.id])
    again = send(client, told, event_id=f"msg_again{alice.id}", at=time.time() - 60)

    assert [(a.status_code, a.json) for a in (first, again)] == [(200, {"success": True})] * 2
    assert (row_of(owner, alice) or ())[0] == "by hand"
    effects = [line["details"]["effect"] for line in lines if line["type"] == "AUDIT"]
    assert effects == ["new", "repeated"]


@pytest.mark.parametrize(
    "kind", ["session.created", "user.createdAtEdge", "organization.created", "email.created"]
)
def test_an_event_that_means_nothing_here_is_welcome(
    client: FlaskClient, lines: list[dict[str, Any]], kind: str
) -> None:
    body = json.dumps({"type": kind}).encode()

    assert send(client, body).status_code == 200
    (audit,) = [line for line in lines if line["type"] == "AUDIT"]
    assert (audit["outcome"], audit["details"]["effect"]) == ("success", "none")


def test_a_token_whose_session_never_ended_is_as_good_as_before(alice: User) -> None:
    assert [alice.get("/api/me").status_code for _ in range(3)] == [200] * 3


# Refusals.


def check_refused(answer: Any, lines: list[dict[str, Any]], reason: str) -> None:
    assert answer.status_code == 400
    assert answer.json == {
        "error": "Invalid Webhook",
        "message": "The webhook or its signature is not valid",
    }
    found = [line for line in lines if line["type"] == "WEBHOOK"]
    assert [line["reason"] for line in found] == [reason]
    assert found[0]["requestId"] == answer.headers["X-Request-Id"]
    assert [line["outcome"] for line in lines if line["type"] == "AUDIT"] == ["failure"]


@pytest.mark.parametrize(("changes", "reason"), MALFORMED)
def test_malformed_headers_are_refused_with_a_reason_in_the_log(
    client: FlaskClient, lines: list[dict[str, Any]], changes: dict[str, str], reason: str
) -> None:
    answer = client.post(PATH, data=PING, headers={**sign(PING), **changes})

    check_refused(answer, lines, reason)


@pytest.mark.parametrize(("body", "reason"), BODIES)
def test_a_malformed_body_is_refused_with_a_reason_in_the_log(
    client: FlaskClient, lines: list[dict[str, Any]], body: bytes, reason: str
) -> None:
    check_refused(send(client, body), lines, reason)


@pytest.mark.parametrize("seconds", [-301, 301])
def test_a_webhook_of_more_than_five_minutes_ago_or_ahead_is_refused(
    client: FlaskClient, lines: list[dict[str, Any]], seconds: int
) -> None:
    check_refused(send(client, PING, at=time.time() + seconds), lines, "webhook-stale")


@pytest.mark.parametrize("seconds", [-290, 290])
def test_clocks_may_differ_by_five_minutes(client: FlaskClient, seconds: int) -> None:
    assert send(client, PING, at=time.time() + seconds).status_code == 200


def test_another_secret_and_another_body_are_refused(
    client: FlaskClient, alice: User, lines: list[dict[str, Any]]
) -> None:
    forged = event("user.deleted", id=alice.id)
    check_refused(send(client, forged, secret=OTHER), lines, "webhook-signature-invalid")
    lines.clear()
    headers = sign(PING)
    check_refused(
        client.post(PATH, data=forged, headers=headers), lines, "webhook-signature-invalid"
    )

    assert alice.get("/api/me").status_code == 200


def test_one_good_signature_among_several_is_enough(client: FlaskClient) -> None:
    headers = sign(PING)
    headers["svix-signature"] = f"v1a,AAAA v1,AAAA {headers['svix-signature']}"

    assert client.post(PATH, data=PING, headers=headers).status_code == 200


def test_a_secret_can_be_changed_without_losing_a_webhook(
    build: Callable[..., Flask], tmp_path: Path
) -> None:
    client = build(CLERK_WEBHOOK_SECRET=f"{OTHER}, {WEBHOOK_SECRET}").test_client()
    store = f"lmdb://{tmp_path / 'other'}"
    new = build(CLERK_WEBHOOK_SECRET=OTHER, STORE_URL=store).test_client()

    assert [send(client, PING, secret=s).status_code for s in (OTHER, WEBHOOK_SECRET)] == [
        200,
        200,
    ]
    assert [send(new, PING, secret=s).status_code for s in (OTHER, WEBHOOK_SECRET)] == [
        200,
        400,
    ]


def test_without_a_secret_there_is_no_such_route(build: Callable[..., Flask]) -> None:
    client = build().test_client()
    unknown = client.post("/webhooks/other", data=PING, headers=sign(PING))
    answer = send(client, PING)

    assert answer.status_code == unknown.status_code == 404
    assert answer.json == {"error": "Not Found", "message": f"Route {PATH} not found"}
    assert client.get(PATH).status_code == 404


def test_other_types_and_too_large_a_body_are_refused_as_elsewhere(client: FlaskClient) -> None:
    large = b" " * (2**20 + 1)
    headers = {**sign(PING), "Content-Type": "text/plain"}

    assert client.post(PATH, data=PING, headers=headers).status_code == 415
    assert client.post(PATH, data=large, headers=sign(large)).status_code == 413
    assert client.get(PATH).status_code == 405


def test_webhooks_count_against_their_address_and_no_user(build: Callable[..., Flask]) -> None:
    app = build(CLERK_WEBHOOK_SECRET=WEBHOOK_SECRET, RATE_LIMIT_GENERAL="3 per 15 minutes")
    client = app.test_client()
    answers = [send(client, PING) for _ in range(3)]
    refused = client.post(PATH, data=b"forged")

    assert [answer.status_code for answer in answers] == [200] * 3
    assert answers[0].headers["RateLimit-Policy"] == '"general";q=3;w=900'
    assert refused.status_code == 429
    assert refused.json["error"] == "Rate Limit Exceeded"


def test_without_a_database_clerk_is_asked_to_send_it_again(build: Callable[..., Flask]) -> None:
    app = build(CLERK_WEBHOOK_SECRET=WEBHOOK_SECRET, DATABASE_URL="postgresql://a@127.0.0.1:1/a")
    for body in (
        event("session.ended", id="sess_1"),
        event("user.deleted", id="user_1"),
        event("user.updated", **user_object("user_1", "a@example.com", updated_at=1)),
    ):
        answer = send(app.test_client(), body)
        assert answer.status_code == 503
        assert int(answer.headers["Retry-After"]) > 0
