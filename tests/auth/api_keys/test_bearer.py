"""An API key as a bearer token: whose data it reads, and what it may not do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from futuretracker.auth.api_keys.format import checksum
from tests.auth.api_keys.conftest import KEYS, SCOPES, Key, key_of
from tests.support.events import recorded_events

if TYPE_CHECKING:
    from collections.abc import Callable

    import psycopg
    from werkzeug.test import TestResponse

    from tests.conftest import User

ROWS = "/api/v1/opportunities"


def check_401(response: TestResponse, reason: str, events: list[dict[str, Any]]) -> None:
    """Check the one body of each 401, and the reason in the log."""
    assert response.status_code == 401
    assert response.json.pop("requestId")
    assert response.json["message"] == "Invalid token"
    assert [line["reason"] for line in events] == [reason]
    assert 'error="invalid_token"' in response.headers["WWW-Authenticate"]


def test_a_key_works_on_the_data_of_its_user(key: Key, bob: User) -> None:
    key.owner.create(title="Before")
    others = bob.create(title="Bob's")
    made = key.post(ROWS, {"title": "By the script"})
    assert made.status_code == 201
    assert {row["title"] for row in key.get(ROWS).json["items"]} == {"Before", "By the script"}
    assert key.owner.get(f"{ROWS}/{made.json['id']}").status_code == 200
    assert key.get(f"{ROWS}/{others['id']}").status_code == 404
    assert key.get("/api/v1/me").json["userId"] == key.owner.id


@pytest.mark.parametrize(
    ("scope", "method", "path", "body"),
    [
        ("opportunities:read", "GET", ROWS, None),
        ("opportunities:read", "GET", f"{ROWS}/rounds/upcoming", None),
        ("opportunities:read", "GET", "/api/v1/analytics", None),
        ("opportunities:write", "POST", ROWS, {"title": "Internship"}),
        ("account:read", "GET", "/api/v1/me", None),
    ],
)
def test_a_key_needs_the_scope_of_the_route(
    make_key: Callable[..., Key], scope: str, method: str, path: str, body: object
) -> None:
    assert make_key(scopes=[scope]).request(method, path, body).status_code < 300
    refused = make_key(scopes=[other for other in SCOPES if other != scope]).request(
        method, path, body
    )
    assert refused.status_code == 403
    assert (refused.json["code"], refused.json["scope"]) == ("insufficient_scope", scope)
    assert f'scope="{scope}"' in refused.headers["WWW-Authenticate"]


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "", None),
        ("POST", "", {"name": "Another", "scopes": SCOPES}),
        ("PATCH", "/ID", {"name": "Renamed"}),
        ("POST", "/ID/rotate", {}),
        ("DELETE", "/ID", None),
    ],
)
def test_a_key_manages_no_keys(key: Key, method: str, path: str, body: object) -> None:
    before = key.owner.get(KEYS).json
    refused = key.request(method, KEYS + path.replace("ID", key.id), body)
    assert (refused.status_code, refused.json["code"]) == (403, "session_required")
    after = key.owner.get(KEYS).json
    assert [row["name"] for row in after] == [row["name"] for row in before]


def test_the_original_api_takes_no_keys(key: Key) -> None:
    with recorded_events("AUTH") as events:
        refused = key.get("/api/opportunities")
    assert refused.status_code == 401
    assert [line["reason"] for line in events] == ["key-original-api"]


def test_a_wrong_secret_is_refused(key: Key, make_key: Callable[..., Key]) -> None:
    other = make_key()
    body = f"ft_live_{key.id}_{other.token.rpartition('_')[2][:43]}"
    key.token = body + checksum(body)
    with recorded_events("AUTH") as events:
        check_401(key.get(ROWS), "key-secret", events)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda text: text[:-1] + ("0" if text[-1] != "0" else "1"), "key-checksum"),
        (lambda text: text[:-1], "key-malformed"),
        (lambda text: text.replace("ft_live", "ft_test"), "key-checksum"),
        (lambda _: "ft_", "token-malformed"),
    ],
)
def test_a_damaged_key_is_refused(key: Key, change: Callable[[str], str], reason: str) -> None:
    key.token = change(key.token)
    with recorded_events("AUTH") as events:
        check_401(key.get(ROWS), reason, events)


def test_an_expired_key_is_refused(key: Key, owner: psycopg.Connection[Any]) -> None:
    owner.execute("update api_keys set expires_at = now() where id = %s", [key.id])
    with recorded_events("AUTH") as events:
        check_401(key.get(ROWS), "key-unknown", events)


@pytest.mark.parametrize(
    ("networks", "works"),
    [
        (["127.0.0.0/8"], True),
        (["10.0.0.0/8", "127.0.0.1/32"], True),
        (["10.0.0.0/8"], False),
        (["::/0"], False),
        ([], True),
    ],
)
def test_a_key_works_from_its_networks_only(
    make_key: Callable[..., Key],
    networks: list[str],
    works: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    key = make_key(allowedNetworks=networks)
    for _ in range(2):  # also after the key is known to the process
        with recorded_events("AUTH") as events:
            response = key.get(ROWS)
            if works:
                assert response.status_code == 200
            else:
                check_401(response, "key-network", events)


def test_requests_outside_its_networks_do_not_count_for_the_user(
    build: Callable[..., Any], make_user: Callable[..., User]
) -> None:
    app = build(RATE_LIMIT_USER_GENERAL="5 per hour", RATE_LIMIT_KEY_GENERAL="5 per hour")
    user = make_user(client=app.test_client())
    key = key_of(user, allowedNetworks=["10.0.0.0/8"])
    assert {key.get(ROWS).status_code for _ in range(10)} == {401}
    assert user.get(ROWS).status_code == 200


def test_the_last_use_is_noted(key: Key) -> None:
    listed = key.owner.get(KEYS).json
    assert listed[0]["lastUsed"] is None
    key.get(ROWS, headers={"User-Agent": "script/1.0"})
    [listed] = key.owner.get(KEYS).json
    assert listed["lastUsed"]["address"] == "127.0.0.1"
    assert listed["lastUsed"]["userAgent"] == "script/1.0"


def test_a_key_has_rate_limits_of_its_own(
    build: Callable[..., Any], make_user: Callable[..., User]
) -> None:
    app = build(RATE_LIMIT_KEY_GENERAL="5 per hour", RATE_LIMIT_KEY_WRITE="2 per hour")
    user = make_user(client=app.test_client())
    key, other = key_of(user), key_of(user)
    statuses = [key.post(ROWS, {"title": "Internship"}).status_code for _ in range(3)]
    assert statuses == [201, 201, 429]
    statuses = [key.get(ROWS).status_code for _ in range(3)]
    assert statuses == [200, 200, 429]
    refused = key.get(ROWS)
    assert refused.headers["RateLimit-Policy"] == '"key-general";q=5;w=3600'
    assert other.get(ROWS).status_code == user.get(ROWS).status_code == 200


def test_a_key_also_counts_for_its_user(
    build: Callable[..., Any], make_user: Callable[..., User]
) -> None:
    user = make_user(client=build(RATE_LIMIT_USER_GENERAL="4 per hour").test_client())
    key = key_of(user)  # 1
    statuses = [client.get(ROWS).status_code for client in (key, key, user, user)]
    assert statuses == [200, 200, 200, 429]


def test_the_log_and_the_audit_name_the_key_and_have_no_secret(
    key: Key, owner: psycopg.Connection[Any]
) -> None:
    with recorded_events() as events:
        made = key.post(ROWS, {"title": "Internship"}).json
    lines = {line["type"]: line for line in events}
    assert lines["AUDIT"]["client"] == lines["RESPONSE"]["client"] == f"key:{key.id}"
    assert key.token.rpartition("_")[2] not in str(events)
    stored = owner.execute("select client from audit_log where resource_id = %s", [made["id"]])
    assert stored.fetchall() == [(f"key:{key.id}",)]
