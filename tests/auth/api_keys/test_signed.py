"""Signed requests over HTTP: what is accepted, and that each is accepted once."""

from __future__ import annotations

import json
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from tests.auth.api_keys.signer import ALGORITHMS, KEYS, URL, Signer, hmac_of, new_signer
from tests.conftest import ORIGIN
from tests.support.events import recorded_events
from tests.support.servers import free_port
from tests.support.valkeys import server

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask
    from werkzeug.test import TestResponse

    from futuretracker.commands.local.issuer import Issuer
    from tests.conftest import User
    from tests.support.servers import Service

ROWS = "/api/v1/opportunities"
# The reasons that are found before the key's id is trusted to be one.
WITHOUT_KEY = {"signature-stale", "signature-from-the-future", "signature-no-authority"}
BODY = b'{"title": "Signed"}'
PLENTY = "1000000 per hour"


@pytest.fixture
def user(build: Callable[..., Flask], make_user: Callable[..., User]) -> User:
    """A user of an application that accepts signed requests."""
    return make_user(client=build(PUBLIC_URL=URL).test_client())


@pytest.fixture(params=ALGORITHMS)
def signer(request: pytest.FixtureRequest, user: User) -> Signer:
    """A key of each algorithm."""
    return new_signer(request.param, lambda body: created(user, body))


def created(user: User, body: dict[str, Any]) -> dict[str, Any]:
    response = user.post(KEYS, body)
    assert response.status_code == 201, response.text
    key: dict[str, Any] = response.json
    return key


def send(
    user: User, method: str, target: str, headers: dict[str, str], body: bytes = b""
) -> TestResponse:
    """Send a request without a token."""
    return user.client.open(target, method=method, headers=headers, data=body or None)


def refused_as(reason: str, response: TestResponse, events: list[dict[str, Any]]) -> None:
    """Check the one body of each 401, what is wanted instead, and the reason in the log."""
    assert response.status_code == 401
    assert response.json.keys() == {"error", "message", "code", "requestId"}
    assert response.json["message"] == "Invalid token"
    assert 'tag="futuretracker"' in response.headers["Accept-Signature"]
    assert [line["reason"] for line in events] == [reason]
    assert len(events[0].get("keyId", "")) == (0 if reason in WITHOUT_KEY else 12)


def test_signed_requests_are_accepted(user: User, signer: Signer) -> None:
    made = send(user, "POST", ROWS, signer.headers("POST", ROWS, BODY), BODY)
    assert made.status_code == 201
    target = f"{ROWS}?q=Signed&limit=5"
    found = send(user, "GET", target, signer.headers("GET", target))
    assert [row["id"] for row in found.json["items"]] == [made.json["id"]]
    one = f"{ROWS}/{made.json['id']}"
    assert send(user, "DELETE", one, signer.headers("DELETE", one)).status_code == 200


def test_a_signature_is_accepted_once(user: User, signer: Signer) -> None:
    headers = signer.headers("POST", ROWS, BODY)
    assert send(user, "POST", ROWS, headers, BODY).status_code == 201
    for _ in range(2):
        with recorded_events("AUTH") as events:
            again = send(user, "POST", ROWS, headers, BODY)
        refused_as("signature-replayed", again, events)
    assert len(user.get(ROWS).json["items"]) == 1


def test_a_nonce_belongs_to_its_key(user: User, signer: Signer) -> None:
    other = new_signer("hmac-sha256", lambda body: created(user, body))
    nonce = "AAAAAAAAAAAAAAAAAAAAAA"
    for each in (signer, other):
        assert send(user, "GET", ROWS, each.headers("GET", ROWS, nonce=nonce)).status_code == 200
    again = send(user, "GET", ROWS, signer.headers("GET", ROWS, nonce=nonce))
    assert again.status_code == 401


@pytest.mark.parametrize(
    ("skew", "reason"),
    [(-301, "signature-stale"), (302, "signature-from-the-future"), (-290, None), (299, None)],
)
def test_clocks_may_differ_by_300_seconds(
    user: User, signer: Signer, skew: int, reason: str | None
) -> None:
    headers = signer.headers("GET", ROWS, created=int(time.time()) + skew)
    with recorded_events("AUTH") as events:
        response = send(user, "GET", ROWS, headers)
    if reason:
        refused_as(reason, response, events)
    else:
        assert response.status_code == 200


def test_the_host_header_decides_nothing(user: User, signer: Signer) -> None:
    evil = signer.headers("GET", ROWS, authority="evil.example")
    with recorded_events("AUTH") as events:
        refused = send(user, "GET", ROWS, {**evil, "Host": "evil.example"})
    refused_as("signature-invalid", refused, events)
    good = {**signer.headers("GET", ROWS), "Host": "127.0.0.1"}
    assert send(user, "GET", ROWS, good).status_code == 200


def test_a_changed_body_is_refused(user: User, signer: Signer) -> None:
    headers = signer.headers("POST", ROWS, BODY)
    with recorded_events("AUTH") as events:
        refused = send(user, "POST", ROWS, headers, BODY.replace(b"Signed", b"Forged"))
    refused_as("signature-content-digest-differs", refused, events)
    assert user.get(ROWS).json["items"] == []


def test_with_a_token_a_signature_is_ignored(user: User) -> None:
    """Some proxies sign requests too."""
    headers = {"Authorization": f"Bearer {user.token}", "Signature-Input": "x", "Signature": "y"}
    assert send(user, "GET", ROWS, headers).status_code == 200
    with recorded_events("AUTH") as events:
        refused = send(user, "GET", ROWS, {**headers, "Authorization": "Bearer x.y.z"})
    assert (refused.status_code, events[0]["reason"]) == (401, "token-malformed")


def test_a_key_that_signs_is_no_bearer_key(user: User) -> None:
    key = created(user, {"name": "HMAC", "scopes": ["account:read"], "signedOnly": True})
    headers = {"Authorization": f"Bearer {key['secret']}"}
    with recorded_events("AUTH") as events:
        refused_as("key-signed-only", send(user, "GET", "/api/v1/me", headers), events)


def test_a_bearer_key_does_not_sign(user: User) -> None:
    key = created(user, {"name": "Bearer", "scopes": ["account:read"]})
    signer = Signer(key["id"], hmac_of(key["secret"]))
    with recorded_events("AUTH") as events:
        refused = send(user, "GET", "/api/v1/me", signer.headers("GET", "/api/v1/me"))
    refused_as("key-does-not-sign", refused, events)


def test_the_scope_and_the_network_count_for_signed_requests_too(user: User) -> None:
    narrow = new_signer("ed25519", lambda body: created(user, body), scopes=["opportunities:read"])
    refused = send(user, "POST", ROWS, narrow.headers("POST", ROWS, BODY), BODY)
    assert (refused.status_code, refused.json["code"]) == (403, "insufficient_scope")
    away = new_signer(
        "hmac-sha256", lambda body: created(user, body), allowedNetworks=["10.0.0.0/8"]
    )
    with recorded_events("AUTH") as events:
        refused_as("key-network", send(user, "GET", ROWS, away.headers("GET", ROWS)), events)


def test_a_rotated_key_signs_with_both_secrets_for_a_while(user: User) -> None:
    former = new_signer("hmac-sha256", lambda body: created(user, body))
    # The process remembers the key with its former secret.
    assert send(user, "GET", ROWS, former.headers("GET", ROWS)).status_code == 200
    answer = user.post(f"{KEYS}/{former.id}/rotate", {"keepFormerFor": 3600}).json
    new = Signer(former.id, hmac_of(answer["secret"]))
    for each in (new, former, new):
        assert send(user, "GET", ROWS, each.headers("GET", ROWS)).status_code == 200
    user.post(f"{KEYS}/{former.id}/rotate", {})
    for each in (former, new):
        assert send(user, "GET", ROWS, each.headers("GET", ROWS)).status_code == 401


def test_a_deleted_key_signs_nothing(user: User, signer: Signer) -> None:
    assert send(user, "GET", ROWS, signer.headers("GET", ROWS)).status_code == 200
    assert user.delete(f"{KEYS}/{signer.id}").status_code == 200
    with recorded_events("AUTH") as events:
        refused_as("key-unknown", send(user, "GET", ROWS, signer.headers("GET", ROWS)), events)


def test_without_a_public_url_no_signature_is_accepted(app: Flask, alice: User) -> None:
    signer = new_signer("ed25519", lambda body: created(alice, body))
    with recorded_events("AUTH") as events:
        refused = send(alice, "GET", ROWS, signer.headers("GET", ROWS))
    refused_as("signature-no-authority", refused, events)


def test_without_the_shared_store_signed_requests_are_a_503(
    build: Callable[..., Flask], make_user: Callable[..., User]
) -> None:
    """Also a request that was signed before the store came back: its nonce may be unknown."""
    with server(port := free_port()):
        app = build(PUBLIC_URL=URL, REDIS_URL=f"redis://127.0.0.1:{port}/0")
        user = make_user(client=app.test_client())
        signer = new_signer("hmac-sha256", lambda body: created(user, body))
        assert send(user, "GET", ROWS, signer.headers("GET", ROWS)).status_code == 200
    for method, body in (("GET", b""), ("POST", BODY)):
        refused = send(user, method, ROWS, signer.headers(method, ROWS, body), body)
        assert (refused.status_code, refused.json["code"]) == (503, "service_unavailable")
        assert refused.headers["Retry-After"]
    assert user.get(ROWS).json["items"] == []


def test_replays_count_for_the_address_and_not_for_the_user(
    build: Callable[..., Flask], make_user: Callable[..., User]
) -> None:
    app = build(
        PUBLIC_URL=URL, RATE_LIMIT_GENERAL="20 per hour", RATE_LIMIT_USER_GENERAL="3 per hour"
    )
    user = make_user(client=app.test_client())
    signer = new_signer("hmac-sha256", lambda body: created(user, body))
    headers = signer.headers("GET", ROWS)
    statuses = [send(user, "GET", ROWS, headers).status_code for _ in range(25)]
    assert Counter(statuses) == {200: 1, 401: 18, 429: 6}


@pytest.mark.parametrize("store", ["lmdb", "valkey"])
@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_of_100_parallel_sends_one_creates(
    serve: Callable[..., Service],
    issuer: Issuer,
    store: str,
    algorithm: str,
) -> None:
    port = free_port()
    settings = {"REDIS_URL": f"redis://127.0.0.1:{port}/0"} if store == "valkey" else {}
    with server(port):
        service = serve(WEB_CONCURRENCY="2", PUBLIC_URL=URL, patient=True, **settings)
        token = issuer.token(f"user_replay{port}", ttl=3600, azp=ORIGIN)

        def create(body: dict[str, Any]) -> dict[str, Any]:
            key: dict[str, Any] = service.request("POST", KEYS, token=token, body=body).json
            return key

        headers = new_signer(algorithm, create).headers("POST", ROWS, BODY)
        with ThreadPoolExecutor(20) as clients:
            sent = [
                clients.submit(service.request, "POST", ROWS, headers=headers, body=BODY)
                for _ in range(100)
            ]
            statuses = Counter(one.result().status for one in sent)
        assert statuses == {201: 1, 401: 99}
        rows = service.request("GET", ROWS, token=token).json["items"]
        assert [row["title"] for row in rows] == [json.loads(BODY)["title"]]
