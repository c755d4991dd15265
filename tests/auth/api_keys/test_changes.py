"""A changed key: what it may still do, in the process that changed it and in all others."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from tests.auth.api_keys.conftest import KEYS, SCOPES, Key
from tests.conftest import ORIGIN
from tests.support.events import recorded_events

if TYPE_CHECKING:
    from collections.abc import Callable

    import psycopg

    from futuretracker.commands.local.issuer import Issuer
    from tests.support.servers import Service

ROWS = "/api/v1/opportunities"
PLENTY = "1000000 per hour"


def test_a_narrowed_key_loses_its_scope_at_once(key: Key) -> None:
    assert key.post(ROWS, {"title": "Before"}).status_code == 201
    key.change("PATCH", body={"scopes": ["opportunities:read"]})
    refused = key.post(ROWS, {"title": "After"})
    assert (refused.status_code, refused.json["code"]) == (403, "insufficient_scope")


def test_a_change_refuses_no_request_that_is_still_allowed(key: Key) -> None:
    for name in ("first", "second", "third"):
        assert key.get(ROWS).status_code == 200
        key.change("PATCH", body={"name": name})
    assert key.get(ROWS).status_code == 200


def test_a_rotated_key_has_one_secret(key: Key) -> None:
    assert key.get(ROWS).status_code == 200
    new = Key(key.id, key.change("POST", "/rotate", {})["secret"], key.client, key.owner)
    with recorded_events("AUTH") as events:
        assert key.get(ROWS).status_code == 401
    assert [line["reason"] for line in events] == ["key-secret"]
    assert new.get(ROWS).status_code == 200


def test_the_former_secret_works_for_as_long_as_chosen(
    key: Key, owner: psycopg.Connection[Any]
) -> None:
    answer = key.change("POST", "/rotate", {"keepFormerFor": 3600})
    new = Key(key.id, answer["secret"], key.client, key.owner)
    assert key.get(ROWS).status_code == new.get(ROWS).status_code == 200
    owner.execute("update api_keys set former_until = now() where id = %s", [key.id])
    key.change("PATCH", body={"name": "Looked up again"})
    assert key.get(ROWS).status_code == 401
    assert new.get(ROWS).status_code == 200


def test_a_former_secret_is_remembered_no_longer_than_it_is_valid(
    key: Key, owner: psycopg.Connection[Any]
) -> None:
    key.change("POST", "/rotate", {"keepFormerFor": 3600})
    owner.execute(
        "update api_keys set former_until = now() + interval '1 second' where id = %s", [key.id]
    )
    assert key.get(ROWS).status_code == 200
    deadline = time.monotonic() + 60
    while key.get(ROWS).status_code == 200:
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_a_deleted_key_is_refused(key: Key) -> None:
    assert key.get(ROWS).status_code == 200
    key.change("DELETE")
    with recorded_events("AUTH") as events:
        refused = key.get(ROWS)
    assert (refused.status_code, refused.json["message"]) == (401, "Invalid token")
    assert [line["reason"] for line in events] == ["key-unknown"]


def test_the_keys_of_a_revoked_user_are_refused(key: Key, role: psycopg.Connection[Any]) -> None:
    role.execute("select futuretracker_revoke(null, 'user', %s, 60)", [key.owner.id])
    deadline = time.monotonic() + 60
    while key.get(ROWS).status_code == 200:
        assert time.monotonic() < deadline
        time.sleep(0.1)


@pytest.mark.wire
def test_a_deleted_key_under_load_stops_in_every_process(
    serve: Callable[..., Service], issuer: Issuer
) -> None:
    """The deletion is announced in the store, so no request that begins after it is admitted."""
    service = serve(
        WEB_CONCURRENCY="2",
        patient=True,
        **{f"RATE_LIMIT_{name}GENERAL": PLENTY for name in ("", "USER_", "KEY_")},
    )
    session = issuer.token("user_owner", ttl=3600, azp=ORIGIN)
    made = service.request(
        "POST", KEYS, token=session, body={"name": "Script", "scopes": SCOPES}
    ).json
    statuses: list[tuple[float, int]] = []
    ended = False

    def send() -> None:
        while not ended:
            began = time.monotonic()
            status = service.request("GET", ROWS, token=made["secret"]).status
            statuses.append((began, status))

    with ThreadPoolExecutor(4) as clients:
        for _ in range(4):
            clients.submit(send)
        time.sleep(1)
        gone = service.request("DELETE", f"{KEYS}/{made['id']}", token=session)
        deleted = time.monotonic()
        time.sleep(1)
        ended = True
    assert gone.status == 200
    assert {status for began, status in statuses if began > deleted} == {401}
    assert [status for began, status in statuses].count(200) > 0
