"""CORS: what a preflight offers, patterns for browser extensions, and further headers."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from tests.conftest import ORIGIN

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask
    from flask.testing import FlaskClient
    from werkzeug.test import TestResponse

    from tests.conftest import User

ROWS = "/api/v1/opportunities"
ID = str(uuid4())
METHODS = "Access-Control-Allow-Methods"
HEADERS = "Access-Control-Allow-Headers"
ALLOWED = "Access-Control-Allow-Origin"
READ = "Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, Prefer, X-Request-Id"
PATTERNS = "moz-extension://*, safari-web-extension://*"
FIREFOX = f"moz-extension://{ID}"
SAFARI = f"safari-web-extension://{ID.upper()}"


def preflight(client: FlaskClient, path: str = ROWS, origin: str = ORIGIN) -> TestResponse:
    asked = {"Origin": origin, "Access-Control-Request-Method": "DELETE"}
    response = client.options(path, headers=asked)
    assert (response.status_code, response.data) == (204, b"")
    return response


@pytest.mark.parametrize(
    ("path", "methods"),
    [
        (ROWS, "DELETE, GET, HEAD, OPTIONS, PATCH, POST"),
        (f"{ROWS}/", "DELETE, GET, HEAD, OPTIONS, PATCH, POST"),
        (f"/{ROWS}", "DELETE, GET, HEAD, OPTIONS, PATCH, POST"),
        (f"{ROWS}/{ID}", "DELETE, GET, HEAD, OPTIONS, PATCH, PUT"),
        (f"{ROWS}/{ID}/rounds/{ID}", "DELETE, OPTIONS, PATCH"),
        (f"{ROWS}/rounds/upcoming", "GET, HEAD, OPTIONS"),
        ("/api/opportunities", "GET, HEAD, OPTIONS, POST"),
        ("/api/v1/me", "DELETE, GET, HEAD, OPTIONS"),
    ],
)
def test_a_preflight_offers_the_methods_of_its_path(
    client: FlaskClient, alice: User, path: str, methods: str
) -> None:
    """They are those of the ``Allow`` header of a 405."""
    options = {"environ_overrides": {"PATH_INFO": path, "RAW_URI": path}}
    asked = {"Origin": ORIGIN, "Access-Control-Request-Method": "DELETE"}
    response = client.options("/", headers=asked, **options)

    assert response.headers.getlist(METHODS) == [methods]
    assert alice.request("BREW", f"/{path.lstrip('/')}").headers["Allow"] == methods


@pytest.mark.parametrize(
    "path", ["/api/nowhere", "/api/v1/nowhere", "/api//opportunities", f"{ROWS}/{ID}/x", "/api/%zz"]
)
def test_a_preflight_offers_no_method_of_a_path_that_does_not_exist(
    client: FlaskClient, alice: User, path: str
) -> None:
    """A page can still read the 404 of a GET or POST, which need no offer of their method."""
    response = preflight(client, path)
    read = alice.get(path, headers={"Origin": ORIGIN})

    assert METHODS not in response.headers
    assert response.headers[HEADERS] == READ
    assert response.headers[ALLOWED] == read.headers[ALLOWED] == ORIGIN
    assert read.status_code in {400, 404}


def test_a_preflight_does_not_tell_whether_an_opportunity_exists(alice: User) -> None:
    mine = alice.create()["id"]
    there, missing, malformed = (
        preflight(alice.client, f"{ROWS}/{one}") for one in (mine, ID, "x")
    )
    different = ("X-Request-Id",)

    def headers(response: TestResponse) -> list[tuple[str, str]]:
        return [pair for pair in response.headers if pair[0] not in different]

    assert headers(there) == headers(missing) == headers(malformed)


def test_a_preflight_offers_the_headers_that_the_service_reads(client: FlaskClient) -> None:
    assert preflight(client).headers.getlist(HEADERS) == [READ]


def test_an_operator_can_allow_further_headers(build: Callable[..., Flask]) -> None:
    further = "traceparent, sentry-trace,baggage, AUTHORIZATION"
    client = build(CORS_ALLOWED_HEADERS=further).test_client()

    for path in (ROWS, "/api/nowhere"):
        offered = preflight(client, path).headers.getlist(HEADERS)
        assert offered == [f"{READ}, traceparent, sentry-trace, baggage"]
    assert HEADERS not in preflight(client, origin="https://evil.example").headers


@pytest.mark.parametrize(
    "origin", [FIREFOX, SAFARI, FIREFOX.upper().replace("MOZ-EXTENSION", "moz-extension")]
)
def test_a_pattern_allows_every_extension_of_its_browser(
    build: Callable[..., Flask], make_user: Callable[..., User], origin: str
) -> None:
    user = make_user(client=build(CORS_ORIGIN=f"{ORIGIN},{PATTERNS}").test_client())
    read = user.get(ROWS, headers={"Origin": origin})
    asked = preflight(user.client, origin=origin)

    assert read.status_code == 200
    for response in (read, asked):
        assert response.headers.getlist(ALLOWED) == [origin]
        assert response.headers["Access-Control-Allow-Credentials"] == "true"
        assert response.headers["Vary"] == "Origin"
    assert asked.headers[METHODS]
    outside = user.get("/healthz", headers={"Origin": origin})
    assert ALLOWED not in outside.headers


@pytest.mark.parametrize(
    "origin",
    [
        "moz-extension://*",
        "moz-extension://",
        f"{FIREFOX}/",
        f"{FIREFOX}x",
        f"{FIREFOX[:-1]}g",
        f"moz-extension://{ID.replace('-', '')}",
        f"MOZ-EXTENSION://{ID}",
        f"{FIREFOX}.evil.example",
        f"{FIREFOX}, {FIREFOX}",
        f"https://{ID}",
        f"chrome-extension://{ID}",
        "chrome-extension://aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        SAFARI,
        "*",
        "null",
    ],
)
def test_a_pattern_allows_nothing_else(build: Callable[..., Flask], origin: str) -> None:
    client = build(CORS_ORIGIN=f"{ORIGIN},moz-extension://*").test_client()

    for response in (client.get(ROWS, headers={"Origin": origin}), preflight(client, ROWS, origin)):
        assert not [name for name, _ in response.headers if name.startswith("Access-Control-")]


def test_an_extension_can_be_listed_exactly(build: Callable[..., Flask]) -> None:
    client = build(CORS_ORIGIN=f"{FIREFOX},{SAFARI}").test_client()

    for origin in (FIREFOX, SAFARI):
        assert preflight(client, origin=origin).headers[ALLOWED] == origin
    for origin in (f"moz-extension://{uuid4()}", SAFARI.lower()):
        assert ALLOWED not in preflight(client, origin=origin).headers
