"""Clerk's webhooks that are refused, and the signatures that are valid."""

from __future__ import annotations

import io
import time
from io import BytesIO
from typing import TYPE_CHECKING, Any

import pytest

from tests.conftest import WEBHOOK_SECRET
from tests.support.clerk import PATH, event, send, sign, user_object

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from flask import Flask
    from flask.testing import FlaskClient

    from tests.conftest import User

OTHER = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"
PING = event("session.created", id="sess_1")
# Changed headers and malformed bodies, each with the reason in the log.
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
    ({"svix-signature": "v1,===="}, "webhook-signature-invalid"),
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


def check_refused(response: Any, lines: list[dict[str, Any]], reason: str) -> None:
    assert response.status_code == 400
    assert response.json == {
        "error": "Invalid Webhook",
        "message": "The webhook or its signature is not valid",
    }
    found = [line for line in lines if line["type"] == "WEBHOOK"]
    assert [line["reason"] for line in found] == [reason]
    assert found[0]["requestId"] == response.headers["X-Request-Id"]
    assert [line["outcome"] for line in lines if line["type"] == "AUDIT"] == ["failure"]


@pytest.mark.parametrize(("changes", "reason"), MALFORMED)
@pytest.mark.in_process
def test_malformed_headers_are_refused_with_a_reason_in_the_log(
    client: FlaskClient, lines: list[dict[str, Any]], changes: dict[str, str], reason: str
) -> None:
    response = client.post(PATH, data=PING, headers={**sign(PING), **changes})

    check_refused(response, lines, reason)


@pytest.mark.in_process
@pytest.mark.parametrize("changes", [{"svix-signature": ""}, {"svix-timestamp": "0"}])
def test_the_headers_are_checked_before_the_body_is_read(
    client: FlaskClient, changes: dict[str, str]
) -> None:
    body = BytesIO(PING)
    headers = {**sign(PING), **changes}
    length = str(len(PING))
    refused = client.post(PATH, input_stream=body, headers=headers, content_length=length)
    assert (refused.status_code, body.tell()) == (400, 0)

    accepted = client.post(PATH, input_stream=body, headers=sign(PING), content_length=length)
    assert (accepted.status_code, body.tell()) == (200, len(PING))


@pytest.mark.parametrize(("body", "reason"), BODIES)
@pytest.mark.in_process
def test_a_malformed_body_is_refused_with_a_reason_in_the_log(
    client: FlaskClient, lines: list[dict[str, Any]], body: bytes, reason: str
) -> None:
    check_refused(send(client, body), lines, reason)


@pytest.mark.parametrize("seconds", [-301, 301])
@pytest.mark.in_process
def test_a_webhook_of_more_than_five_minutes_ago_or_ahead_is_refused(
    client: FlaskClient, lines: list[dict[str, Any]], seconds: int
) -> None:
    check_refused(send(client, PING, at=time.time() + seconds), lines, "webhook-stale")


def test_a_refused_webhook_has_no_effect(client: FlaskClient, alice: User) -> None:
    deletion = event("user.deleted", id=alice.id)
    refused = [
        send(client, deletion, secret=OTHER),
        send(client, deletion, at=time.time() - 301),
        client.post(PATH, data=deletion, headers=sign(PING)),
        client.post(PATH, data=deletion),
    ]

    assert [response.status_code for response in refused] == [400] * 4
    assert alice.get("/api/me").status_code == 200


@pytest.mark.parametrize("seconds", [-290, 290])
def test_clocks_may_differ_by_five_minutes(client: FlaskClient, seconds: int) -> None:
    assert send(client, PING, at=time.time() + seconds).status_code == 200


@pytest.mark.in_process
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


def test_one_valid_signature_among_several_is_enough(client: FlaskClient) -> None:
    headers = sign(PING)
    headers["svix-signature"] = f"v1a,AAAA v1,AAAA {headers['svix-signature']}"

    assert client.post(PATH, data=PING, headers=headers).status_code == 200


def same_bytes(signature: str) -> list[str]:
    """Return other texts that a tolerant decoder reads as the same signature."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    last = signature[-2]  # before the padding, with two unused bits
    loose = signature[:-2] + alphabet[alphabet.index(last) ^ 1] + "="
    more = [signature + behind for behind in ("AAAA", "=", "==", "====", "AA==", "A", "=AAA")]
    return [loose, signature.rstrip("="), *more]


@pytest.mark.in_process
def test_a_signature_has_one_spelling(client: FlaskClient, lines: list[dict[str, Any]]) -> None:
    headers = sign(PING)
    for other in same_bytes(headers["svix-signature"]):
        lines.clear()
        response = client.post(PATH, data=PING, headers={**headers, "svix-signature": other})
        check_refused(response, lines, "webhook-signature-invalid")
    other = f"{headers['svix-signature']}AAAA {headers['svix-signature']}"

    response = client.post(PATH, data=PING, headers={**headers, "svix-signature": other})
    assert response.status_code == 200


class Unread(io.RawIOBase):
    """A body that must not be read."""

    def readable(self) -> bool:
        return True

    def readinto(self, _buffer: object) -> int:
        pytest.fail("the body was read")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        case
        for case in MALFORMED
        if case[1] != "webhook-signature-invalid" and all(map(str.isascii, case[0].values()))
    ],
)
@pytest.mark.parametrize("framing", ["Content-Length", "Transfer-Encoding"])
@pytest.mark.in_process
def test_the_body_is_not_read_unless_the_headers_are_well_formed_and_recent(
    client: FlaskClient,
    lines: list[dict[str, Any]],
    changes: dict[str, str],
    reason: str,
    framing: str,
) -> None:
    size = {"CONTENT_LENGTH": str(2**20)}
    framed = size if framing == "Content-Length" else {"wsgi.input_terminated": True}
    response = client.post(
        PATH,
        environ_overrides={"wsgi.input": Unread(), **framed},
        headers={**sign(PING), **changes},
    )

    check_refused(response, lines, reason)


def test_headers_are_checked_before_the_content_type_and_these_before_the_signature(
    client: FlaskClient,
) -> None:
    text = {"Content-Type": "text/plain"}
    signed = sign(PING)
    cases = [
        (400, {**text, "svix-timestamp": "0"}),
        (415, {**text, "svix-signature": "v1,AAAA"}),
        (400, {"svix-signature": "v1,AAAA"}),
    ]

    for status, changes in cases:
        response = client.post(PATH, data=PING, headers={**signed, **changes})
        assert response.status_code == status, changes
    large = client.post(PATH, data=b" " * (2**20 + 1), headers={**signed, "svix-id": ""})
    assert large.status_code == 413


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
    response = send(client, PING)

    assert response.status_code == unknown.status_code == 404
    assert response.json == {"error": "Not Found", "message": f"Route {PATH} not found"}
    assert client.get(PATH).status_code == 404


def test_another_content_type_and_a_large_body_are_refused_as_in_the_api(
    client: FlaskClient,
) -> None:
    large = b" " * (2**20 + 1)
    headers = {**sign(PING), "Content-Type": "text/plain"}

    assert client.post(PATH, data=PING, headers=headers).status_code == 415
    assert client.post(PATH, data=large, headers=sign(large)).status_code == 413
    assert client.get(PATH).status_code == 405


def test_webhooks_count_against_their_address_and_no_user(build: Callable[..., Flask]) -> None:
    app = build(CLERK_WEBHOOK_SECRET=WEBHOOK_SECRET, RATE_LIMIT_GENERAL="3 per 15 minutes")
    client = app.test_client()
    responses = [send(client, PING) for _ in range(3)]
    refused = client.post(PATH, data=b"forged")

    assert [response.status_code for response in responses] == [200] * 3
    assert responses[0].headers["RateLimit-Policy"] == '"general";q=3;w=900'
    assert refused.status_code == 429
    assert refused.json["error"] == "Rate Limit Exceeded"


def test_without_a_database_a_webhook_is_a_503_so_that_clerk_repeats_it(
    build: Callable[..., Flask],
) -> None:
    app = build(CLERK_WEBHOOK_SECRET=WEBHOOK_SECRET, DATABASE_URL="postgresql://a@127.0.0.1:1/a")
    for body in (
        event("session.ended", id="sess_1"),
        event("user.deleted", id="user_1"),
        event("user.updated", **user_object("user_1", "a@example.com", updated_at=1)),
    ):
        response = send(app.test_client(), body)
        assert response.status_code == 503
        assert int(response.headers["Retry-After"]) > 0
