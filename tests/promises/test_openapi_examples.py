"""The examples of the OpenAPI document are real responses of the service."""

from __future__ import annotations

import datetime as dt
import re
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask
    from flask.testing import FlaskClient

    from tests.conftest import User

PATH = "/api/v1/openapi.json"
ROWS = "/api/v1/opportunities"
ROW = f"{ROWS}/{{opportunity_id}}"
KEYS = "/api/v1/api-keys"
NOWHERE = "00000000-0000-4000-8000-000000000000"
# What differs from one run to the next: ids, times, days that follow from today, and settings.
VOLATILE = re.compile(
    r"(.*_)?(id|at)|.*Id|userId|timestamp|environment|email|weekStart|month|date|day|dayOfWeek"
    r"|applied_on|nextCursor|retryAfter(Seconds)?|limit|prefix|secret|createdAt"
).fullmatch


@pytest.fixture
def document(client: FlaskClient) -> dict[str, Any]:
    found: dict[str, Any] = client.get(PATH).json
    return found


def example(document: dict[str, Any], path: str, method: str, status: int) -> Any:
    response = document["paths"][path][method]["responses"][str(status)]
    if "$ref" in response:
        response = document["components"]["responses"][response["$ref"].rpartition("/")[2]]
    return response["content"]["application/json"]["example"]


def body(document: dict[str, Any], path: str, method: str, name: str) -> Any:
    content = document["paths"][path][method]["requestBody"]["content"]["application/json"]
    return content["examples"][name]["value"]


def untrue(said: Any, true: Any, where: str = "") -> list[str]:
    """Return where an example is not what the service returned; its arrays may be shorter."""
    if isinstance(said, dict) and isinstance(true, dict):
        missing = [f"{where}.{name}" for name in said.keys() ^ true.keys()]
        return missing + [
            problem
            for name in said.keys() & true.keys()
            for problem in (
                [] if VOLATILE(name) else untrue(said[name], true[name], f"{where}.{name}")
            )
        ]
    if isinstance(said, list) and isinstance(true, list):
        return [
            f"{where}[{n}]" for n, item in enumerate(said) if all(untrue(item, t) for t in true)
        ]
    return [] if said == true else [f"{where}: {said!r}, not {true!r}"]


@pytest.mark.parametrize("prefix", ["/api", "/api/v1"])
def test_the_examples_of_opportunities_are_true(
    document: dict[str, Any], alice: User, prefix: str
) -> None:
    rows = f"{prefix}/opportunities"
    row = f"{rows}/{{opportunity_id}}"
    internship = body(document, rows, "post", "internship")

    created = alice.post(rows, internship)
    path = f"{rows}/{created.json['id']}"
    same = {name: internship[name] for name in ("title", "status")}

    assert untrue(example(document, rows, "post", 201), created.json) == []
    assert untrue(example(document, row, "get", 200), alice.get(path).json) == []
    assert untrue(example(document, row, "patch", 200), alice.patch(path, same).json) == []
    assert untrue(example(document, row, "put", 200), alice.request("PUT", path, same).json) == []
    query = "?include=total" if prefix == "/api/v1" else ""
    assert untrue(example(document, rows, "get", 200), alice.get(rows + query).json) == []
    assert untrue(example(document, row, "delete", 200), alice.delete(path).json) == []


def test_the_examples_of_bodies_are_accepted(document: dict[str, Any], alice: User) -> None:
    first = alice.post(ROWS, body(document, ROWS, "post", "internship")).json
    one = alice.post(f"{ROWS}/{first['id']}/rounds", {"round_type": "hr"}).json["round"]
    key = alice.post(KEYS, body(document, KEYS, "post", "bearer")).json
    ids = {"{opportunity_id}": first["id"], "{round_id}": one["id"], "{key_id}": key["id"]}
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            content = operation.get("requestBody", {}).get("content", {})
            for given in content.get("application/json", {}).get("examples", {}).values():
                where = re.sub(r"{\w+}", lambda found: ids[found[0]], path)
                where += "?all=true" if (path, method) == (ROWS, "patch") else ""
                response = alice.request(method.upper(), where, given["value"])
                assert response.status_code in {200, 201}, (method, path, given, response.text)


def test_the_examples_of_rounds_are_true(document: dict[str, Any], alice: User) -> None:
    row = alice.post(ROWS, body(document, ROWS, "post", "internship")).json
    alice.patch(f"{ROWS}/{row['id']}", {"status": "interviewed"})  # the first round sets it back
    rounds, one = f"{ROW}/rounds", f"{ROW}/rounds/{{round_id}}"
    path = f"{ROWS}/{row['id']}/rounds"

    created = alice.post(path, body(document, rounds, "post", "assessment"))
    round_path = f"{path}/{created.json['round']['id']}"
    second = alice.post(path, body(document, rounds, "post", "type only")).json["round"]

    assert untrue(example(document, rounds, "post", 201), created.json) == []
    assert untrue(example(document, rounds, "get", 200), alice.get(path).json) == []
    changed = alice.patch(round_path, {"result": "pending"})
    assert untrue(example(document, one, "patch", 200), changed.json) == []
    upcoming = f"{ROWS}/rounds/upcoming"
    found = alice.get(f"{upcoming}?from=2026-12-01&to=2026-12-31")
    assert untrue(example(document, upcoming, "get", 200), found.json) == []
    history = f"{ROWS}/{{opportunity_id}}/history"
    found = alice.get(path.replace("/rounds", "/history"))
    assert untrue(example(document, history, "get", 200), found.json) == []
    deleted = alice.delete(f"{path}/{second['id']}")
    assert untrue(example(document, one, "delete", 200), deleted.json) == []


def test_the_examples_of_api_keys_are_true(document: dict[str, Any], alice: User) -> None:
    one = f"{KEYS}/{{key_id}}"
    created = alice.post(KEYS, body(document, KEYS, "post", "bearer"))
    path = f"{KEYS}/{created.json['id']}"
    rotated = alice.post(f"{path}/rotate", {})
    changed = alice.patch(path, {"name": "Spreadsheet"})

    assert untrue(example(document, KEYS, "post", 201), created.json) == []
    assert untrue(example(document, f"{one}/rotate", "post", 200), rotated.json) == []
    assert untrue(example(document, one, "patch", 200), changed.json) == []
    assert untrue(example(document, KEYS, "get", 200), alice.get(KEYS).json) == []
    assert untrue(example(document, one, "delete", 200), alice.delete(path).json) == []
    other = alice.post(KEYS, {"name": "Other", "scopes": ["account:read"]}).json
    headers = {"Authorization": f"Bearer {other['secret']}"}
    refused = alice.client.get(ROWS, headers=headers)
    assert untrue(example(document, ROWS, "get", 403), refused.json) == []


@pytest.mark.parametrize("prefix", ["/api", "/api/v1"])
def test_the_examples_of_the_analytics_are_true(
    document: dict[str, Any], alice: User, prefix: str
) -> None:
    rejected = alice.post(ROWS, body(document, ROWS, "post", "internship")).json
    round_ = {"round_type": "oa", "result": "rejected"}
    alice.post(f"{ROWS}/{rejected['id']}/rounds", round_)
    internship = {"title": "I", "category": "internship", "campus_mode": "off_campus"}
    alice.post(ROWS, {**internship, "status": "selected"})
    soon = (dt.datetime.now(dt.UTC) + dt.timedelta(days=7)).date().isoformat()
    alice.post(ROWS, {"title": "H", "category": "hackathon", "deadline": soon})

    found = alice.get(f"{prefix}/analytics").json

    assert untrue(example(document, f"{prefix}/analytics", "get", 200), found) == []


def test_the_other_examples_are_true(
    document: dict[str, Any], alice: User, client: FlaskClient
) -> None:
    for path in ("/me", "/health", "/health/deps"):
        for prefix in ("/api", "/api/v1"):
            said = example(document, prefix + path, "get", 200)
            assert untrue(said, alice.get(prefix + path).json) == [], path
    for path in ("/healthz", "/readyz"):
        assert untrue(example(document, path, "get", 200), client.get(path).json) == []


@pytest.mark.parametrize("prefix", ["/api", "/api/v1"])
def test_the_examples_of_errors_are_true(
    document: dict[str, Any],
    alice: User,
    make_user: Callable[..., User],
    build: Callable[..., Flask],
    prefix: str,
) -> None:
    rows = f"{prefix}/opportunities"
    alone = {"STORE_URL": "memory://", "WEB_CONCURRENCY": "1"}
    down = build(**alone, DATABASE_URL="postgresql://a@127.0.0.1:1/a").test_client()
    limited = make_user(client=build(**alone, RATE_LIMIT_GENERAL="1 per 15 minutes").test_client())
    limited.get(rows)
    true = {
        400: alice.post(rows, {}),
        401: alice.client.get(rows),
        413: alice.post(rows, b" " * (2**20 + 1)),
        415: alice.post(rows, b"x", content_type="text/plain"),
        429: limited.get(rows),
        503: make_user(client=down).get(rows),
    }

    for status, response in true.items():
        assert response.status_code == status
        assert untrue(example(document, rows, "post", status), response.json) == [], status
    missing = alice.get(f"{rows}/{NOWHERE}")
    assert untrue(example(document, f"{rows}/{{opportunity_id}}", "get", 404), missing.json) == []


def test_the_example_of_a_conflict_is_true(document: dict[str, Any], alice: User) -> None:
    row = alice.post(ROWS, {"title": "I", "category": "internship"}).json
    rounds = f"{ROWS}/{row['id']}/rounds"
    taken = {"round_type": "oa", "round_number": 1}
    alice.post(rounds, taken)

    said = example(document, f"{ROW}/rounds", "post", 409)
    assert untrue(said, alice.post(rounds, taken).json) == []
