"""The OpenAPI document is valid and complete, and describes the real responses."""

from __future__ import annotations

import copy
import json
import re
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
from openapi_schema_validator import OAS31Validator, oas31_format_checker
from openapi_spec_validator import OpenAPIV31SpecValidator

from futuretracker.api.schemas.analytics_query import AnalyticsParameters
from futuretracker.api.schemas.api_keys import ApiKeyChanges, NewApiKey, Rotation
from futuretracker.api.schemas.batch import Batch
from futuretracker.api.schemas.exports import ExportParameters
from futuretracker.api.schemas.filtered_changes import ChangeParameters, DeletionOfMatches
from futuretracker.api.schemas.history import HistoryParameters
from futuretracker.api.schemas.imports import ImportParameters
from futuretracker.api.schemas.opportunities import (
    NewOpportunity,
    OpportunityChanges,
    OriginalNewOpportunity,
    OriginalOpportunityChanges,
)
from futuretracker.api.schemas.query_string import PageParameters, UpcomingParameters
from futuretracker.api.schemas.rounds import NewRound, RoundChanges
from futuretracker.api.schemas.trash import DeletionParameters, TrashParameters
from tests.commands import clone, run
from tests.conftest import seen

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from flask import Flask
    from flask.testing import FlaskClient
    from marshmallow import Schema
    from werkzeug.test import TestResponse

    from tests.conftest import User

PATH = "/api/v1/openapi.json"
ROWS = "/api/v1/opportunities"
ROW = f"{ROWS}/{{opportunity_id}}"
KEYS = "/api/v1/api-keys"
ME = ("/api/v1/me", "get")
IMPLIED = {"HEAD", "OPTIONS"}  # described in the introduction of the document
NOWHERE = "00000000-0000-4000-8000-000000000000"
BODIES = [
    ("/api/opportunities", "post", OriginalNewOpportunity()),
    ("/api/opportunities/{opportunity_id}", "put", OriginalOpportunityChanges()),
    ("/api/opportunities/{opportunity_id}", "patch", OriginalOpportunityChanges()),
    (ROWS, "post", NewOpportunity()),
    (ROWS, "patch", OpportunityChanges()),
    (f"{ROWS}/batch", "post", Batch()),
    (ROW, "put", OpportunityChanges()),
    (ROW, "patch", OpportunityChanges()),
    (f"{ROW}/rounds", "post", NewRound()),
    (f"{ROW}/rounds/{{round_id}}", "patch", RoundChanges()),
    ("/api/opportunities/{opportunity_id}/rounds", "post", NewRound()),
    ("/api/opportunities/{opportunity_id}/rounds/{round_id}", "patch", RoundChanges()),
    (KEYS, "post", NewApiKey()),
    (f"{KEYS}/{{key_id}}", "patch", ApiKeyChanges()),
    (f"{KEYS}/{{key_id}}/rotate", "post", Rotation()),
]
PUBLIC_KEY = {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}
QUERIES = [
    (ROWS, "get", PageParameters()),
    (ROWS, "patch", ChangeParameters()),
    (ROWS, "delete", DeletionOfMatches()),
    (f"{ROWS}/trash", "get", TrashParameters()),
    (f"{ROWS}/{{opportunity_id}}", "delete", DeletionParameters()),
    (f"{ROWS}/{{opportunity_id}}/history", "get", HistoryParameters()),
    (f"{ROWS}/export", "get", ExportParameters()),
    (f"{ROWS}/import", "post", ImportParameters()),
    (f"{ROWS}/rounds/upcoming", "get", UpcomingParameters()),
    ("/api/v1/analytics", "get", AnalyticsParameters()),
    ("/api/opportunities/rounds/upcoming", "get", UpcomingParameters()),
]


@pytest.fixture
def document(client: FlaskClient) -> dict[str, Any]:
    found: dict[str, Any] = client.get(PATH).json
    return found


def template(rule: str) -> str:
    return re.sub(r"<(\w+)>", r"{\1}", rule)


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def nodes(node: Any) -> Iterator[dict[str, Any]]:
    if isinstance(node, dict):
        yield node
    for child in (
        node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
    ):
        yield from nodes(child)


def resolve(document: dict[str, Any], node: dict[str, Any]) -> dict[str, Any]:
    if "$ref" not in node:
        return node
    found = document
    for step in node["$ref"].removeprefix("#/").split("/"):
        found = found[step]
    return found


def closed(document: dict[str, Any]) -> dict[str, Any]:
    """Return the document with additional properties forbidden."""
    document = copy.deepcopy(document)
    for node in nodes(document["components"]["schemas"]):
        if "properties" in node and "type" in node:
            node["additionalProperties"] = False
    return document


def problems(document: dict[str, Any], response: TestResponse) -> list[str]:
    """Return where a response differs from the document."""
    request = response.request
    path = next(
        path
        for path in sorted(document["paths"], key=lambda path: path.count("{"))
        if re.fullmatch(re.sub(r"{\w+}", "[^/]+", path), request.path)
    )
    responses = document["paths"][path][request.method.lower()]["responses"]
    expected = resolve(document, responses[str(response.status_code)])
    schema = {
        **expected["content"]["application/json"]["schema"],
        "components": document["components"],
    }
    found = [
        f"{error.json_path}: {error.message}"
        for error in OAS31Validator(schema, format_checker=oas31_format_checker).iter_errors(
            response.json
        )
    ]
    for name, header in expected["headers"].items():
        definition = resolve(document, header)
        if name in response.headers:
            value: Any = response.headers[name]
            value = int(value) if definition["schema"]["type"] == "integer" else value
            if not OAS31Validator(definition["schema"]).is_valid(value):
                found.append(f"{name}: {value}")
        elif definition["required"]:
            found.append(f"{name} is missing")
    return found


def test_the_document_is_valid_openapi_3_1(document: dict[str, Any]) -> None:
    OpenAPIV31SpecValidator(document).validate()

    assert document["openapi"].startswith("3.1.")


def test_the_document_lists_every_route_and_method_and_no_other(
    app: Flask, document: dict[str, Any]
) -> None:
    in_code = {
        (template(rule.rule), method.lower())
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - IMPLIED
        # Not for clients: the pages for browsers, Clerk's webhooks and the metrics.
        if not rule.endpoint.startswith(("pages.", "reference.", "webhooks", "metrics"))
    }

    assert {(path, method) for path, method, _ in operations(document)} == in_code


def test_the_document_has_every_status_that_the_suite_has_seen(document: dict[str, Any]) -> None:
    """Run last, after all other tests have sent their requests."""
    missing = {
        (method, rule, status)
        for method, rule, status in seen
        if method != "OPTIONS"
        and template(rule) in document["paths"]
        and str(status)
        not in document["paths"][template(rule)]["get" if method == "HEAD" else method.lower()][
            "responses"
        ]
    }

    assert missing == set()


@pytest.mark.parametrize(("path", "method", "schema"), BODIES)
def test_the_document_has_every_field_of_a_body_and_no_other(
    document: dict[str, Any], path: str, method: str, schema: Schema
) -> None:
    body = document["paths"][path][method]["requestBody"]["content"]["application/json"]

    assert list(resolve(document, body["schema"])["properties"]) == list(schema.fields)


@pytest.mark.parametrize(("path", "method", "schema"), QUERIES)
def test_the_document_has_every_query_parameter_and_no_other(
    document: dict[str, Any], path: str, method: str, schema: Schema
) -> None:
    parameters = document["paths"][path][method]["parameters"]

    assert [p["name"] for p in parameters if p["in"] == "query"] == [
        field.data_key or name for name, field in schema.fields.items()
    ]


def test_these_tests_cover_every_body_and_query(document: dict[str, Any]) -> None:
    bodies = {
        (path, method)
        for path, method, operation in operations(document)
        # A file is not one object with fields.
        if operation.get("requestBody", {}).get("content", {}).keys() == {"application/json"}
    }
    queries = {
        (path, method)
        for path, method, op in operations(document)
        if any(parameter["in"] == "query" for parameter in op.get("parameters", []))
    }

    assert bodies == {(path, method) for path, method, _ in BODIES}
    assert queries == {(path, method) for path, method, _ in QUERIES}


def test_every_operation_has_a_unique_id(document: dict[str, Any]) -> None:
    ids = Counter(operation["operationId"] for *_, operation in operations(document))

    assert {name for name, times in ids.items() if times > 1} == set()
    assert all(re.fullmatch(r"[a-z]+([A-Z][a-z]+)*", name) for name in ids)
    assert ids["listOpportunities"] == ids["originalListOpportunities"] == 1


def test_every_reference_and_link_has_a_target(document: dict[str, Any]) -> None:
    ids = {operation["operationId"] for *_, operation in operations(document)}
    for node in nodes(document):
        if "$ref" in node:
            assert resolve(document, node), node
        if "operationId" in node and "parameters" in node:
            assert node["operationId"] in ids, node


def test_every_operation_has_a_summary_tags_and_its_errors(document: dict[str, Any]) -> None:
    for path, method, operation in operations(document):
        where = f"{method} {path}"
        original = path.startswith("/api/") and not path.startswith("/api/v1/")
        assert operation["summary"], where
        assert operation["tags"], where
        assert operation.get("deprecated", False) == original, where
        statuses = set(operation["responses"])
        assert statuses >= {"400", "413", "500"}, where
        assert ("429" in statuses) == path.startswith("/api/"), where
        assert ("401" in statuses) == (operation.get("security") != []), where
        in_v1 = path.startswith("/api/v1/")
        assert ("403" in statuses) == (in_v1 and operation.get("security") != []), where
        has_ids = "{" in path or path.endswith("/batch")
        assert ("404" in statuses) == has_ids, where
        assert ("415" in statuses) == ("requestBody" in operation), where


def test_everything_is_described(document: dict[str, Any]) -> None:
    undescribed = [
        f"{method} {path}"
        for path, method, operation in operations(document)
        if not operation["description"] or not operation["summary"]
    ]
    for path, method, operation in operations(document):
        undescribed += [
            f"{method} {path}: {parameter['name']}"
            for parameter in operation["parameters"]
            if not parameter["description"]
        ]
    for name, schema in document["components"]["schemas"].items():
        undescribed += [name] if not schema["description"] else []
        undescribed += [
            f"{name}.{field}"
            for field, definition in schema["properties"].items()
            if not definition.get("description")
        ]
    undescribed += [tag["name"] for tag in document["tags"] if not tag["description"]]

    assert undescribed == []


def test_every_tag_is_described_and_used(document: dict[str, Any]) -> None:
    used = {tag for *_, operation in operations(document) for tag in operation["tags"]}

    assert used == {tag["name"] for tag in document["tags"]}


def test_the_document_has_no_long_pattern(document: dict[str, Any]) -> None:
    patterns = [node["pattern"] for node in nodes(document) if isinstance(node.get("pattern"), str)]

    assert max(map(len, patterns)) < 60


def test_every_example_matches_its_schema(document: dict[str, Any]) -> None:
    strict = closed(document)
    found = 0
    for node in nodes(strict):
        if set(node) >= {"schema"} and node.keys() & {"example", "examples"}:
            schema = {**node["schema"], "components": strict["components"]}
            values = [example["value"] for example in node.get("examples", {}).values()]
            for value in values or [node["example"]]:
                OAS31Validator(schema, format_checker=oas31_format_checker).validate(value)
                found += 1
    assert found > 30


def test_every_body_has_an_example(document: dict[str, Any]) -> None:
    for path, method, operation in operations(document):
        bodies = [operation.get("requestBody", {}), *operation["responses"].values()]
        for body in bodies:
            content = resolve(document, body).get("content", {}).get("application/json", {})
            assert not content or content.keys() & {"example", "examples"}, (path, method)


def test_successful_responses_match_the_document(document: dict[str, Any], alice: User) -> None:
    strict = closed(document)
    whole = {
        "title": "Intern", "description": "d", "link": "https://a.example", "notes": "n",
        "status": "ghosted", "category": "internship", "campus_mode": "on_campus",
    }  # fmt: skip
    created = alice.post(ROWS, whole)
    row = f"{ROWS}/{created.json['id']}"
    plain = alice.post("/api/opportunities", {"title": "H", "deadline": "2026-12-31"})
    alice.post(ROWS, {"title": "Third", "category": "hackathon"})
    first = alice.post(
        f"{row}/rounds",
        {"round_type": "oa", "scheduled_date": "2026-12-03", "scheduled_time": "14:30"},
    )
    second = alice.post(f"{row}/rounds", {"round_type": "hr", "result": "rejected", "notes": "n"})
    one = f"{row}/rounds/{first.json['round']['id']}"
    rounds = [first, second, alice.get(f"{row}/rounds"), alice.patch(one, {"notes": None})]
    again = row.replace("/v1", "")
    third = alice.post(f"{again}/rounds", {"round_type": "oa"})
    rounds += [third, alice.get(f"{again}/rounds")]
    third_path = f"{again}/rounds/{third.json['round']['id']}"
    rounds += [alice.patch(third_path, {"notes": "n"}), alice.delete(third_path)]
    rounds += [alice.get("/api/opportunities/rounds/upcoming?from=2026-12-01&to=2026-12-31")]
    upcoming = alice.get(f"{ROWS}/rounds/upcoming?from=2026-12-01&to=2026-12-31")
    assert len(upcoming.json) == 1
    page = alice.get(f"{ROWS}?limit=1&include=total")
    assert page.json["nextCursor"]
    original_row = f"/api/opportunities/{plain.json['id']}"
    key = alice.post(KEYS, {"name": "Script", "scopes": ["account:read"]})
    by_key = {"Authorization": f"Bearer {key.json['secret']}"}
    assert alice.client.get("/api/v1/me", headers=by_key).status_code == 200
    of_key = f"{KEYS}/{key.json['id']}"
    signed = alice.post(KEYS, {"name": "S", "scopes": ["account:read"], "publicKey": PUBLIC_KEY})
    rotated = alice.post(f"{of_key}/rotate", {"keepFormerFor": 60})
    keys = [key, signed, rotated, alice.patch(of_key, {"name": "New"}), alice.get(KEYS)]
    assert keys[-1].json[-1]["lastUsed"]
    responses = [
        *keys, alice.delete(of_key),
        created, plain, *rounds, upcoming, page, alice.get(ROWS), alice.get(row),
        alice.patch(row, {"status": "rejected"}), alice.request("PUT", row, {"notes": ""}),
        alice.patch(row, {"status": "selected"}),  # which the rounds contradict
        alice.get("/api/v1/analytics"), alice.get("/api/analytics"),
        alice.get("/api/v1/me"), alice.get("/api/me"),
        alice.get("/api/opportunities"), alice.get(original_row),
        alice.patch(original_row, {"title": "New"}),
        alice.request("PUT", original_row, {"link": None}),
        alice.delete(one), alice.delete(row), alice.delete(original_row),
        *(alice.get(f"/api/{v}{path}") for v in ("", "v1/") for path in ("health", "health/deps")),
        alice.get(PATH), alice.get("/healthz"), alice.get("/readyz"),
    ]  # fmt: skip

    assert {
        a.request.full_path: problems(strict, a) for a in responses if problems(strict, a)
    } == {}
    assert all(response.status_code < 300 for response in responses)


def refused_keys(user: User) -> list[TestResponse]:
    """Return the errors of the routes for API keys, and those that only an API key gets."""
    key = user.post(KEYS, {"name": "Script", "scopes": ["account:read"]}).json
    jwk = user.post(KEYS, {"name": "S", "scopes": ["account:read"], "publicKey": PUBLIC_KEY}).json
    signed = user.post(KEYS, {"name": "S", "scopes": ["account:read"], "signedOnly": True}).json
    as_bearer = user.client.get(ROWS, headers={"Authorization": f"Bearer {signed['secret']}"})
    assert as_bearer.headers["Accept-Signature"]
    path = f"{KEYS}/{key['id']}"
    headers = {"Authorization": f"Bearer {key['secret']}"}
    return [
        as_bearer,
        user.client.get(ROWS, headers={"Signature": "sig=:AAAA:"}),
        user.client.get(ROWS, headers=headers),
        user.client.get(KEYS, headers=headers),
        user.client.get(ROWS, headers={"Authorization": f"Bearer {key['secret']}0"}),
        user.post(f"{KEYS}/{jwk['id']}/rotate"),
        user.patch(path, {"scopes": ["opportunities:read"], "expiresAt": 7}),
        user.patch(path, {"scopes": ["opportunities:read"]}),
        user.post(KEYS, {"name": "n", "allowedNetworks": ["10.0.0.1/8"], "publicKey": "x"}),
        user.delete(f"{KEYS}/x"),
        *[user.post(KEYS, {"name": "Script", "scopes": ["account:read"]}) for _ in range(9)][-1:],
    ]


def is_for_users_only(path: str, method: str) -> bool:
    """Return whether no API key may do this: manage keys, delete the account or export it."""
    return path.startswith(KEYS) or (path.startswith("/api/v1/me") and (path, method) != ME)


def test_the_document_names_the_scope_that_a_key_needs(document: dict[str, Any]) -> None:
    session = {"session": []}
    assert document["security"] == [session]
    assert {*document["components"]["securitySchemes"]} == {"session", "apiKey"}
    for path, method, operation in operations(document):
        scope = f"opportunities:{'read' if method == 'get' else 'write'}"
        if (path, method) == ME:
            scope = "account:read"
        if path.startswith("/api/v1/") and "401" in operation["responses"]:
            keys = [] if is_for_users_only(path, method) else [{"apiKey": []}]
            assert operation.get("x-api-key-scope") == (scope if keys else None)
            security = operation.get("security", document["security"])
            assert security == [session, *keys], (method, path)
        else:
            assert "apiKey" not in str(operation.get("security")), (method, path)


def test_errors_match_the_document(
    document: dict[str, Any], alice: User, client: FlaskClient
) -> None:
    # A method that a path does not support is no operation, so the document has no 405.
    refused = {"$ref": "#/components/responses/NotFound"}
    document["paths"][ROWS]["put"] = {"responses": {"405": refused}}
    strict = closed(document)
    row = f"{ROWS}/{alice.post(ROWS, {'title': 'I', 'category': 'internship'}).json['id']}"
    other = f"{ROWS}/{alice.post(ROWS, {'title': 'H', 'category': 'hackathon'}).json['id']}"
    alice.post(f"{row}/rounds", {"round_type": "oa", "round_number": 1, "result": "rejected"})
    responses = [
        alice.post(f"{row}/rounds", {"round_type": "oa", "round_number": 1}),
        alice.post(f"{other}/rounds", {"round_type": "oa"}),
        alice.patch(f"{row}/rounds/{NOWHERE}", {"notes": "n"}),
        alice.get(f"{ROWS}?cursor=x"),
        *refused_keys(alice),
    ]
    for rows in (ROWS, "/api/opportunities"):
        responses += [
            client.get(rows),
            alice.post(rows, {"title": "", "link": "x"}),
            alice.post(rows, b"{"),
            alice.post(rows, b"[]"),
            alice.post(rows, b"x", content_type="text/plain"),
            alice.post(rows, b" " * (2**20 + 1)),
            alice.get(f"{rows}/{NOWHERE}"),
            alice.get(f"{rows}/x"),
            alice.get(f"{rows}?%zz"),
        ]
    responses.append(client.get("/healthz?%zz"))
    responses.append(alice.request("PUT", ROWS))

    assert {
        a.request.full_path: problems(strict, a) for a in responses if problems(strict, a)
    } == {}
    assert all(response.status_code >= 400 for response in responses)


@pytest.mark.parametrize("prefix", ["/api", "/api/v1"])
def test_429_and_503_match_the_document(
    document: dict[str, Any],
    build: Callable[..., Flask],
    make_user: Callable[..., User],
    prefix: str,
) -> None:
    strict = closed(document)
    alone = {"STORE_URL": "memory://", "WEB_CONCURRENCY": "1"}

    def user(**settings: str) -> User:
        return make_user(client=build(**alone, **settings).test_client())

    nobody = user(DATABASE_URL="postgresql://a@127.0.0.1:1/a")
    hasty, broke = user(RATE_LIMIT_WRITE="1 per minute"), user(RATE_LIMIT_GENERAL="1 per minute")
    rows = f"{prefix}/opportunities"
    hasty.post(rows, {"title": "I"})
    broke.get(rows)
    responses = [
        nobody.get(rows), nobody.get(f"{prefix}/health/deps"), nobody.get("/readyz"),
        hasty.post(rows, {"title": "I"}), broke.get(rows),
    ]  # fmt: skip

    assert [problems(strict, response) for response in responses] == [[]] * 5
    assert [response.status_code for response in responses] == [503, 503, 503, 429, 429]


def test_the_command_prints_the_document_without_settings_or_a_database(
    document: dict[str, Any],
) -> None:
    with clone() as folder:
        result = run(folder, "openapi")

    assert (result.returncode, result.stderr) == (0, "")
    assert json.loads(result.stdout) == document
    assert (
        result.stdout == json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
    )


def test_the_document_is_public_rate_limited_and_the_same_for_every_user(
    client: FlaskClient, alice: User, build: Callable[..., Flask]
) -> None:
    other = build(API_SUNSET="2027-01-01").test_client()
    responses = [client.get(PATH), alice.get(PATH), other.get(PATH)]

    assert {response.data for response in responses} == {responses[0].data}
    assert {response.headers["Cache-Control"] for response in responses} == {"public, max-age=3600"}
    assert "RateLimit" in responses[0].headers
    assert responses[0].headers["Content-Type"] == "application/json; charset=utf-8"
