"""Every route that changes something takes an Idempotency-Key, also routes that are added later."""

from __future__ import annotations

import json
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from futuretracker.auth import is_public
from futuretracker.web.request import WRITES
from tests.support.events import recorded_events

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import psycopg
    from flask import Flask
    from werkzeug.test import TestResponse

    from tests.conftest import User

KEY = "8e03978e-40d5-43dd-bc93-6894a57f9324"
V1 = "/api/v1/opportunities"
CSV = "text/csv"
INTERN: dict[str, Any] = {"title": "Intern", "category": "internship"}


class Case(NamedTuple):
    """A request that succeeds: the values of its path, its query string and its body."""

    values: Mapping[str, str] = MappingProxyType({})
    query: str = ""
    body: Any = None
    content_type: str = "application/json"


def _nothing(_user: User) -> Case:
    return Case(body=INTERN)


def _one(body: Any = None) -> Callable[[User], Case]:
    return lambda user: Case({"opportunity_id": user.create(**INTERN)["id"]}, body=body)


def _round(body: Any = None) -> Callable[[User], Case]:
    def make(user: User) -> Case:
        row_id = user.create(**INTERN)["id"]
        done = user.post(f"{V1}/{row_id}/rounds", {"round_type": "oa"}).json
        return Case({"opportunity_id": row_id, "round_id": done["round"]["id"]}, body=body)

    return make


def _key(body: Any = None) -> Callable[[User], Case]:
    def make(user: User) -> Case:
        made = user.post("/api/v1/api-keys", {"name": "Script", "scopes": ["account:read"]}).json
        return Case({"key_id": made["id"]}, body=body)

    return make


def _matching(body: Any = None) -> Callable[[User], Case]:
    def make(user: User) -> Case:
        user.create(**INTERN)
        return Case(query="?category=internship", body=body)

    return make


def _trashed(user: User) -> Case:
    row_id = user.create(**INTERN)["id"]
    user.delete(f"{V1}/{row_id}")
    return Case({"opportunity_id": row_id})


def _batch(user: User) -> Case:
    row_id = user.create(**INTERN)["id"]
    operations = [
        {"op": "create", "values": {"title": "New"}},
        {"op": "update", "id": row_id, "values": {"notes": "n"}},
    ]
    return Case(body={"operations": operations})


def _file(user: User) -> Case:
    user.create(**INTERN)
    return Case(query="?duplicates=update", body=b"title,notes\nIntern,n\nNew,\n", content_type=CSV)


def _deleted(user: User) -> Case:
    user.delete("/api/v1/me")
    return Case()


# By the path below the version: what its requests need.
CASES: dict[tuple[str, str], Callable[[User], Case]] = {
    ("POST", "/opportunities"): _nothing,
    ("PATCH", "/opportunities"): _matching({"notes": "all"}),
    ("DELETE", "/opportunities"): _matching(),
    ("POST", "/opportunities/batch"): _batch,
    ("POST", "/opportunities/import"): _file,
    ("PUT", "/opportunities/<opportunity_id>"): _one({"notes": "n"}),
    ("PATCH", "/opportunities/<opportunity_id>"): _one({"notes": "n"}),
    ("DELETE", "/opportunities/<opportunity_id>"): _one(),
    ("POST", "/opportunities/<opportunity_id>/rounds"): _one({"round_type": "hr"}),
    ("PATCH", "/opportunities/<opportunity_id>/rounds/<round_id>"): _round({"result": "cleared"}),
    ("DELETE", "/opportunities/<opportunity_id>/rounds/<round_id>"): _round(),
    ("POST", "/opportunities/<opportunity_id>/restore"): _trashed,
    ("DELETE", "/opportunities/trash"): _trashed,
    ("DELETE", "/me"): lambda _: Case(),
    ("POST", "/me/restore"): _deleted,
    ("POST", "/api-keys"): lambda _: Case(body={"name": "Script", "scopes": ["account:read"]}),
    ("PATCH", "/api-keys/<key_id>"): _key({"name": "Other"}),
    ("DELETE", "/api-keys/<key_id>"): _key(),
    ("POST", "/api-keys/<key_id>/rotate"): _key({}),
}
# The secret of a key is not stored, so the response that has it is not repeated.
SECRETS = {("POST", "/api-keys"), ("POST", "/api-keys/<key_id>/rotate")}
# The changes that the original API has as well.
ORIGINAL = {
    ("POST", "/opportunities"),
    *(key for key in CASES if key[1].startswith("/opportunities/<") and "restore" not in key[1]),
}
CHANGES = [("/api/v1", *key) for key in CASES] + [("/api", *key) for key in sorted(ORIGINAL)]


def _send(user: User, method: str, path: str, case: Case, key: str) -> TestResponse:
    for name, value in case.values.items():
        path = path.replace(f"<{name}>", value)
    headers = {"Idempotency-Key": key}
    options = {"content_type": case.content_type} if case.body is not None else {}
    return user.request(method, path + case.query, case.body, headers=headers, **options)


def _state(owner: psycopg.Connection[Any], user: User) -> list[Any]:
    """Return everything that the user has, apart from idempotency keys."""
    user_id = user.get("/api/v1/me").json["internalUserId"]
    tables = ("opportunities", "opportunity_rounds", "trash", "api_keys", "audit_log",
        "account_deletions")  # fmt: skip
    statement = (
        "select coalesce(json_agg(t order by t::text), '[]') from {} as t where user_id = %s"
    )
    return [owner.execute(statement.format(t).encode(), [user_id]).fetchone() for t in tables]


def _kept(response: TestResponse) -> dict[str, str]:
    names = ("Content-Type", "Location", "ETag", "Link", "X-Ignored-Fields")
    return {name: value for name, value in response.headers.items() if name in names}


def test_every_change_has_a_case(app: Flask) -> None:
    with app.app_context():
        changes = {
            (method, rule.rule)
            for rule in app.url_map.iter_rules()
            for method in (rule.methods or set()) & WRITES
            if not is_public(rule.endpoint)
        }

    assert {(method, api + path) for api, method, path in CHANGES} == changes


@pytest.mark.parametrize(("api", "method", "path"), CHANGES)
def test_every_change_is_made_once_and_its_response_repeated(
    alice: User, owner: psycopg.Connection[Any], api: str, method: str, path: str
) -> None:
    case = CASES[method, path](alice)
    first = _send(alice, method, api + path, case, KEY)
    assert 200 <= first.status_code < 300, first.text
    assert "Idempotent-Replayed" not in first.headers
    before = _state(owner, alice)
    with recorded_events("AUDIT") as audits:
        again = _send(alice, method, api + path, case, KEY)

    assert again.headers["Idempotent-Replayed"] == "true"
    if (method, path) in SECRETS:
        assert (again.status_code, again.json["code"]) == (409, "secret_shown_before")
        assert first.json["id"] in again.json["message"]
        assert first.json["secret"] not in again.text
    else:
        assert (again.status_code, again.data) == (first.status_code, first.data)
        assert _kept(again) == _kept(first)
    assert _state(owner, alice) == before
    assert [line["outcome"] for line in audits] == ["replayed"]


@pytest.mark.parametrize(("api", "method", "path"), CHANGES)
def test_every_change_refuses_a_key_with_another_payload(
    alice: User, owner: psycopg.Connection[Any], api: str, method: str, path: str
) -> None:
    case = CASES[method, path](alice)
    assert _send(alice, method, api + path, case, KEY).status_code < 300
    before = _state(owner, alice)
    body = case.body if isinstance(case.body, bytes) else json.dumps(case.body or {}).encode()
    other = case._replace(body=body + b" ")
    refused = _send(alice, method, api + path, other, KEY)

    assert refused.status_code == 422
    assert refused.json["error"] == "Unprocessable Content"
    assert refused.json.get("code") == ("idempotency_key_reused" if "v1" in api else None)
    assert "Idempotent-Replayed" not in refused.headers
    assert _state(owner, alice) == before


def test_neither_the_key_nor_a_secret_is_stored_or_logged(
    alice: User, owner: psycopg.Connection[Any]
) -> None:
    body = {"name": "Script", "scopes": ["account:read"]}
    with recorded_events() as events:
        made = alice.post("/api/v1/api-keys", body, headers={"Idempotency-Key": KEY})
        rotate = f"/api/v1/api-keys/{made.json['id']}/rotate"
        rotated = alice.post(rotate, {}, headers={"Idempotency-Key": KEY})
        alice.post("/api/v1/api-keys", body, headers={"Idempotency-Key": KEY})
    user_id = alice.get("/api/v1/me").json["internalUserId"]
    stored = owner.execute(
        "select idempotency_keys::text from idempotency_keys where user_id = %s", [user_id]
    ).fetchall()

    assert len(stored) == 2
    for text in (str(stored), str(events)):
        for secret in (KEY, KEY.encode().hex(), made.json["secret"], rotated.json["secret"]):
            assert secret not in text
