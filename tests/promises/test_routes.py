"""Rules that hold for every route, also for routes that are added later."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from futuretracker.auth import is_public
from futuretracker.limits import limiter
from futuretracker.web.request import WRITES
from tests.support.events import recorded_events

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flask import Flask
    from flask.testing import FlaskClient
    from werkzeug.test import TestResponse

    from futuretracker.web.application import Application
    from tests.conftest import User

# The reference page and its files.
PAGES = {"/docs", "/docs/0/docs.js"}
# The front page is JSON for a client that does not ask for HTML.
FRONT = {"/", "/api", "/api/v1"}
# These files have types of their own, like the pages of the reference.
FILES = {
    "/favicon.ico",
    "/robots.txt",
    "/.well-known/security.txt",
    "/.well-known/api-catalog",
}
# Clerk signs its webhooks and sends no token.
WEBHOOK = "/webhooks/clerk"
EXPORT = "/api/v1/opportunities/export"
NOT_JSON = {*PAGES, "/favicon.ico", "/robots.txt", EXPORT}
# Takes files: tests/api/test_imports.py has those that it refuses.
IMPORT = "/api/v1/opportunities/import"
PUBLIC = {
    *PAGES,
    *FRONT,
    *FILES,
    WEBHOOK,
    "/api/v1/openapi.json",
    "/api/health",
    "/api/health/deps",
    "/api/v1/health",
    "/api/v1/health/deps",
    "/healthz",
    "/readyz",
    "/metrics",  # has a token of its own, and is a 404 without it
}
# Probes, metrics and the reference have no rate limit.
EXEMPT = {*PAGES, "/healthz", "/readyz", "/metrics"}
RATE_LIMIT = (
    "RateLimit-Policy",
    "RateLimit",
    "X-RateLimit-Limit",
    "X-RateLimit-Remaining",
    "X-RateLimit-Reset",
)
ID = "550e8400-e29b-41d4-a716-446655440000"
KEY_ID = "000000000000"
# These POST take no body, and so read none.
WITHOUT_BODY = {f"/api/v1/opportunities/{ID}/restore", "/api/v1/me/restore"}
# A read of everything that the service stores about a user.
ACCOUNT_EXPORT = "/api/v1/me/export"
METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "TRACE", "BREW"}


class Route(NamedTuple):
    """One method of one rule, with a path that matches it."""

    method: str
    path: str
    endpoint: str


@pytest.fixture
def routes(app: Flask) -> list[Route]:
    """Every route, without OPTIONS, which Flask handles by itself."""
    found = [
        Route(method, path_of(rule.rule), rule.endpoint)
        for rule in app.url_map.iter_rules()
        for method in sorted((rule.methods or set()) - {"OPTIONS"})
    ]
    assert len(found) > 40
    return found


@pytest.fixture
def audits() -> Iterator[list[dict[str, Any]]]:
    """The fields of each AUDIT line that is logged."""
    with recorded_events("AUDIT") as events:
        yield events


def path_of(rule: str) -> str:
    path = rule.replace("<opportunity_id>", ID).replace("<round_id>", ID)
    path = path.replace("<key_id>", KEY_ID).replace("<digest>/<path:name>", "0/docs.js")
    assert "<" not in path, f"give {rule} a value"
    return path


def blueprint_of(route: Route) -> str | None:
    return route.endpoint.rpartition(".")[0] or None


def has_error_shape(response: TestResponse) -> bool:
    if response.headers["Content-Type"] != "application/json; charset=utf-8":
        return False
    if response.request.method == "HEAD":
        return response.data == b""
    texts = (response.json.get("error"), response.json.get("message"))
    return all(isinstance(text, str) and text for text in texts)


def test_every_route_needs_a_token_unless_it_is_marked_public(
    app: Flask, client: FlaskClient, routes: list[Route]
) -> None:
    without: dict[str, str] = {}
    for headers in (without, {"Authorization": "Bearer nonsense"}):
        refused = {
            route
            for route in routes
            if client.open(route.path, method=route.method, headers=headers).status_code == 401
        }
        with app.app_context():
            assert refused == {route for route in routes if not is_public(route.endpoint)}


def test_only_health_the_reference_and_clerks_webhook_are_public(
    app: Flask, routes: list[Route]
) -> None:
    with app.app_context():
        public = {(route.method, route.path) for route in routes if is_public(route.endpoint)}

    pages = PUBLIC - {WEBHOOK}
    assert public == {(method, path) for path in pages for method in ("GET", "HEAD")} | {
        ("POST", WEBHOOK)
    }


def test_every_401_has_the_shape_of_an_error(client: FlaskClient, routes: list[Route]) -> None:
    for route in routes:
        response = client.open(route.path, method=route.method)
        if route.path not in PUBLIC:
            assert response.status_code == 401, route
            assert has_error_shape(response), route
            assert response.headers["WWW-Authenticate"] == "Bearer", route


def is_audited(route: Route) -> bool:
    return route.method in WRITES or route.path == ACCOUNT_EXPORT


def test_every_write_has_an_audit_action(app: Flask, routes: list[Route]) -> None:
    expected = {route.endpoint for route in routes if is_audited(route)}
    views = app.view_functions
    audited = {name for name, view in views.items() if getattr(view, "audit_action", None)}
    # A view that serves both API versions has the same action in both.
    actions = [vars(view)["audit_action"] for view in {views[name] for name in audited}]

    assert audited == expected
    assert len(actions) == len(set(actions))


def test_every_write_logs_one_audit_line(
    alice: User, routes: list[Route], audits: list[dict[str, Any]]
) -> None:
    for route in routes:
        audits.clear()
        alice.request(route.method, route.path, {})
        assert len(audits) == is_audited(route), route


def test_every_route_is_limited_unless_it_is_marked_exempt(
    app: Application, alice: User, routes: list[Route]
) -> None:
    with app.app_context():
        exempt = {
            route.path
            for route in routes
            if limiter.limit_manager.exemption_scope(app, route.endpoint, blueprint_of(route))
        }
    assert exempt == EXEMPT
    for route in routes:
        response = alice.request(route.method, route.path)
        assert ("RateLimit" in response.headers) == (route.path not in EXEMPT), route


def test_every_response_of_the_api_describes_a_rate_limit(alice: User, routes: list[Route]) -> None:
    for route in routes:
        path = route.path
        responses = [
            alice.request(route.method, path),
            alice.client.open(path, method=route.method),
            alice.request(route.method, f"{path}?%zz"),
        ]
        if path not in {"/", "/api", *FILES}:  # outside the API, no route means no limit
            responses.append(alice.request("BREW", path))
            responses.append(alice.request(route.method, f"{path}/nowhere"))
        for response in responses:
            present = [name for name in RATE_LIMIT if len(response.headers.getlist(name)) == 1]
            expected = list(RATE_LIMIT) if path not in EXEMPT else []
            assert present == expected, (route, response.status)


def test_every_path_refuses_other_methods(
    alice: User, client: FlaskClient, routes: list[Route]
) -> None:
    known: dict[str, set[str]] = {}
    for route in routes:
        known.setdefault(route.path, {"OPTIONS"}).add(route.method)
    for path, methods in known.items():
        for method in METHODS - methods:
            for response in (alice.request(method, path), client.open(path, method=method)):
                assert response.status_code == 405, (method, path)
                assert response.headers["Allow"] == ", ".join(sorted(methods)), (method, path)
                assert has_error_shape(response), (method, path)


@pytest.mark.in_process
def test_options_is_no_entry_of_the_audit(
    alice: User, client: FlaskClient, routes: list[Route]
) -> None:
    with recorded_events("AUDIT") as events:
        for route in routes:
            alice.request("OPTIONS", route.path)
            client.options(route.path)
    assert events == []


def test_options_lists_the_methods_of_every_path_and_needs_the_same_token(
    alice: User, client: FlaskClient, routes: list[Route]
) -> None:
    for route in routes:
        response = alice.request("OPTIONS", route.path)
        assert (response.status_code, response.data) == (200, b""), route
        assert route.method in response.headers["Allow"].split(", "), route
        expected = 200 if route.path in PUBLIC else 401
        assert client.options(route.path).status_code == expected, route


def test_every_path_refuses_bad_percent_encoding(alice: User, routes: list[Route]) -> None:
    for route in routes:
        response = alice.request(route.method, f"{route.path}?q=%zz")
        assert response.status_code == 400, route
        assert has_error_shape(response), route


def test_nothing_below_a_path_is_a_route(alice: User, routes: list[Route]) -> None:
    for route in routes:
        response = alice.request(route.method, f"{route.path}/no/where")
        assert response.status_code == 404, route
        assert has_error_shape(response), route


def test_every_write_refuses_a_body_that_is_not_json(alice: User, routes: list[Route]) -> None:
    for route in routes:
        if route.method not in {"POST", "PUT", "PATCH"} or route.path in {IMPORT, *WITHOUT_BODY}:
            continue
        for body, content_type, status in (
            (b"{", "application/json", 400),
            (b"[]", "application/json", 400),
            (b"{}", "text/plain", 415),
            (b" " * (2**20 + 1), "application/json", 413),
        ):
            response = alice.request(route.method, route.path, body, content_type=content_type)
            # The headers of a webhook's signature are checked before the type of its body.
            is_signed = route.path.startswith("/webhooks/")
            expected = 400 if is_signed and status == 415 else status
            assert response.status_code == expected, route
            assert has_error_shape(response), route


def test_every_route_refuses_a_malformed_id(app: Flask, alice: User) -> None:
    cases = [
        (method, path_of(rule.rule.replace(f"<{name}>", "malformed")))
        for rule in app.url_map.iter_rules()
        for name in rule.arguments
        if name.endswith("_id")
        for method in sorted((rule.methods or set()) - {"OPTIONS"})
    ]
    assert len(cases) > 15
    for method, path in cases:
        response = alice.request(method, path, {"title": "Intern", "round_type": "oa"})
        # No key can have a malformed id, so it is a 404, and before the body is read.
        is_key = "/api-keys/" in path
        assert response.status_code == (404 if is_key else 400), (method, path)
        assert has_error_shape(response), (method, path)
        expected = "API key not found" if is_key else "ID format"
        assert method == "HEAD" or expected in response.text, (method, path)


def test_every_get_returns_json_and_head_the_same_without_a_body(
    alice: User, routes: list[Route]
) -> None:
    for route in routes:
        if route.method == "GET":
            get, head = alice.get(route.path), alice.request("HEAD", route.path)
            assert get.is_json == (route.path not in NOT_JSON), route
            assert (head.status_code, head.data) == (get.status_code, b""), route
            assert head.headers["Content-Type"] == get.headers["Content-Type"], route
