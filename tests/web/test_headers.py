"""The headers of every response, whatever happened to the request."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias
from uuid import uuid4

import pytest

from futuretracker.auth import public
from tests.conftest import ORIGIN
from tests.support.served import only_in_process

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask, Response
    from flask.testing import FlaskClient
    from werkzeug.test import TestResponse

    from tests.conftest import User

PATH = "/api/opportunities"
EXTENSION = "chrome-extension://ocadhiiiainnijhhimhmpagfdmfcnfmj"
NOWHERE = "postgresql://futuretracker_api@127.0.0.1:1/nowhere"
EVERYWHERE = {
    "Content-Security-Policy": (
        "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
        "img-src 'self' data: https:; connect-src 'self'; font-src 'self'; object-src 'none'; "
        "media-src 'self'; frame-src 'none'; base-uri 'self'; form-action 'self'; "
        "frame-ancestors 'none'; script-src-attr 'none'; upgrade-insecure-requests"
    ),
    "Strict-Transport-Security": "max-age=31536000; includeSubDomains; preload",
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "X-XSS-Protection": "1; mode=block",
    "Referrer-Policy": "strict-origin-when-cross-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Origin-Agent-Cluster": "?1",
    "X-DNS-Prefetch-Control": "off",
    "X-Download-Options": "noopen",
    "X-Permitted-Cross-Domain-Policies": "none",
    "Cache-Control": "no-store",
    "Vary": "Origin",
}
RATE_LIMIT = {
    "RateLimit-Policy",
    "RateLimit",
    "X-RateLimit-Limit",
    "X-RateLimit-Remaining",
    "X-RateLimit-Reset",
}
# Responses without a route, which have no successor to name.
WITHOUT_ROUTE = {"400 of a URL", "404 of a route", "405", "500"}
OTHERS = {"Permissions-Policy", "Cross-Origin-Resource-Policy", "X-Request-Id"}
CONTENT = {"Content-Type", "Content-Length"}
# Further headers of each kind of response.
OWN = {
    "200": {"ETag"},
    "201": {"ETag", "Location"},
    "401": {"WWW-Authenticate"},
    "405": {"Allow"},
    "429": {"Retry-After"},
    "429 of writes": {"Retry-After"},
    "503": {"Retry-After"},
}
GOOD_IDS = ["a", "0", "A.b_c-9", "-", "..", "x" * 128, str(uuid4())]
BAD_IDS = [
    "",
    " ",
    "a b",
    " a",
    "a ",
    "x" * 129,
    "a\r\nSet-Cookie: b=c",
    "a\n",
    "\na",
    "a\r",
    "a\0",
    "a\tb",
    "é",
    "a,b",
    "a/b",
    '"a"',
    "<script>",
    "${jndi:ldap://x}",
]


@dataclass
class World:
    """What is needed to provoke each kind of response."""

    alice: User
    build: Callable[..., Flask]
    make_user: Callable[..., User]

    def user_of(self, app: Flask) -> User:
        return self.make_user(client=app.test_client())


Ask: TypeAlias = "Callable[[dict[str, str]], TestResponse]"


@pytest.fixture
def world(alice: User, build: Callable[..., Flask], make_user: Callable[..., User]) -> World:
    return World(alice, build, make_user)


def ok(world: World) -> Ask:
    return lambda headers: world.alice.get(PATH, headers=headers)


def created(world: World) -> Ask:
    return lambda headers: world.alice.post(PATH, {"title": "Intern"}, headers=headers)


def invalid(world: World) -> Ask:
    return lambda headers: world.alice.post(PATH, {}, headers=headers)


def bad_url(world: World) -> Ask:
    return lambda headers: world.alice.get("/api/%zz", headers=headers)


def unauthenticated(world: World) -> Ask:
    return lambda headers: world.alice.client.get(PATH, headers=headers)


def no_route(world: World) -> Ask:
    return lambda headers: world.alice.get("/api/nowhere", headers=headers)


def no_row(world: World) -> Ask:
    return lambda headers: world.alice.get(f"{PATH}/{uuid4()}", headers=headers)


def wrong_method(world: World) -> Ask:
    return lambda headers: world.alice.delete(PATH, headers=headers)


def too_large(world: World) -> Ask:
    return lambda headers: world.alice.post(PATH, b" " * (2**20 + 1), headers=headers)


def wrong_type(world: World) -> Ask:
    return lambda headers: world.alice.post(PATH, {}, headers=headers, content_type="text/plain")


def limited(world: World) -> Ask:
    user = world.user_of(world.build(RATE_LIMIT_GENERAL="1 per hour"))
    user.get(PATH)
    return lambda headers: user.get(PATH, headers=headers)


def writes_limited(world: World) -> Ask:
    user = world.user_of(world.build(RATE_LIMIT_WRITE="1 per hour"))
    user.create()
    return lambda headers: user.post(PATH, {"title": "Intern"}, headers=headers)


def broken(world: World) -> Ask:
    app = world.build()

    @app.get("/api/broken")
    @public
    def break_down() -> Response:
        raise RuntimeError("hunter2")

    return lambda headers: app.test_client().get("/api/broken", headers=headers)


def unavailable(world: World) -> Ask:
    user = world.user_of(world.build(DATABASE_URL=NOWHERE))
    return lambda headers: user.get(PATH, headers=headers)


SITUATIONS = {
    "200": ok,
    "201": created,
    "400": invalid,
    "400 of a URL": bad_url,
    "401": unauthenticated,
    "404 of a route": no_route,
    "404 of a row": no_row,
    "405": wrong_method,
    "413": too_large,
    "415": wrong_type,
    "429": limited,
    "429 of writes": writes_limited,
    "500": broken,
    "503": unavailable,
}


@pytest.fixture(params=[only_in_process(name) if name == "500" else name for name in SITUATIONS])
def situation(request: pytest.FixtureRequest, world: World) -> tuple[str, Ask]:
    """Each kind of response: its name, and a function that gets it with the given headers."""
    return request.param, SITUATIONS[request.param](world)


def preflight(client: FlaskClient, origin: str, path: str = PATH) -> TestResponse:
    headers = {
        "Origin": origin,
        "Access-Control-Request-Method": "PATCH",
        "Access-Control-Request-Headers": "authorization,content-type",
    }
    return client.options(path, headers=headers)


def check_constant(response: TestResponse, *, under_api: bool = True) -> None:
    """Check that a response has every header once, with the right value."""
    for name, value in EVERYWHERE.items():
        assert response.headers.getlist(name) == [value], name
    names = [name.lower() for name, _ in response.headers]
    assert len(names) == len(set(names))
    assert response.headers["Cross-Origin-Resource-Policy"] == (
        "cross-origin" if under_api else "same-origin"
    )
    assert re.fullmatch(r"([a-z-]+=\(\)(, |$))+", response.headers["Permissions-Policy"])
    assert re.fullmatch(r"[A-Za-z0-9._-]{1,128}", response.headers["X-Request-Id"])


def cors(response: TestResponse) -> dict[str, str]:
    return {name: value for name, value in response.headers if name.startswith("Access-Control-")}


def check_cors(response: TestResponse, origin: str) -> None:
    """Check that scripts of a listed origin can read the response and its headers."""
    assert response.headers["Access-Control-Allow-Origin"] == origin
    assert response.headers["Access-Control-Allow-Credentials"] == "true"
    exposed = set(response.headers["Access-Control-Expose-Headers"].split(", "))
    needed = {"ETag", "Link", "Location", "Retry-After", "X-Request-Id"} | RATE_LIMIT
    assert needed <= exposed


def test_every_response_has_every_header_once(situation: tuple[str, Ask]) -> None:
    name, ask = situation
    response = ask({})

    assert response.status_code == int(name[:3])
    check_constant(response)
    assert cors(response) == {}
    expected = EVERYWHERE.keys() | RATE_LIMIT | OTHERS | CONTENT | OWN.get(name, set())
    if name not in WITHOUT_ROUTE:
        expected |= {"Deprecation", "Link"}
    assert {header for header, _ in response.headers} == expected


def test_every_response_is_json(situation: tuple[str, Ask]) -> None:
    name, ask = situation
    response = ask({"Accept": "text/html"})

    assert response.status_code == int(name[:3])
    assert response.headers["Content-Type"] == "application/json; charset=utf-8"
    assert response.headers["Content-Length"] == str(len(response.data))
    assert response.is_json
    assert "hunter2" not in response.text
    if response.status_code >= 400:
        assert response.json["error"]
        assert response.json["message"]


def test_a_listed_origin_can_read_every_response(situation: tuple[str, Ask]) -> None:
    name, ask = situation
    for origin in (ORIGIN, EXTENSION):
        response = ask({"Origin": origin})
        assert response.status_code == int(name[:3])
        check_constant(response)
        check_cors(response, origin)


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example",
        "null",
        "*",
        "",
        "http://localhost:3000/",
        "http://localhost:3000.evil.example",
        "http://localhost:30000",
        "https://localhost:3000",
        "HTTP://LOCALHOST:3000",
        "http://localhost",
        "http://localhost:3000, https://evil.example",
        "chrome-extension://aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    ],
)
def test_another_origin_gets_no_cors_headers(alice: User, origin: str) -> None:
    for response in (
        alice.get(PATH, headers={"Origin": origin}),
        alice.get("/api/nowhere", headers={"Origin": origin}),
        preflight(alice.client, origin),
    ):
        check_constant(response)
        assert cors(response) == {}


def test_an_origin_that_is_not_listed_can_read_no_response(
    situation: tuple[str, Ask],
) -> None:
    response = situation[1]({"Origin": "https://evil.example"})

    check_constant(response)
    assert cors(response) == {}


@pytest.mark.parametrize("origin", [ORIGIN, EXTENSION])
@pytest.mark.parametrize("path", [PATH, f"{PATH}/1", "/api/analytics", "/api/nowhere"])
def test_a_preflight_needs_no_token(client: FlaskClient, origin: str, path: str) -> None:
    response = preflight(client, origin, path)

    assert (response.status_code, response.data) == (204, b"")
    check_constant(response)
    check_cors(response, origin)
    headers = response.headers["Access-Control-Allow-Headers"].lower().split(", ")
    assert {"authorization", "content-type"} <= set(headers)
    assert int(response.headers["Access-Control-Max-Age"]) > 0


def test_a_preflight_is_neither_counted_nor_limited(build: Callable[..., Flask]) -> None:
    client = build(RATE_LIMIT_GENERAL="2 per hour").test_client()
    assert client.get("/api/health").headers["X-RateLimit-Remaining"] == "1"
    for _ in range(5):
        assert preflight(client, ORIGIN).status_code == 204
    assert client.get("/api/health").headers["X-RateLimit-Remaining"] == "0"
    assert client.get("/api/health").status_code == 429

    response = preflight(client, ORIGIN)
    assert response.status_code == 204
    check_cors(response, ORIGIN)


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/nowhere", "/apis", "/%zz"])
def test_other_sites_cannot_load_what_is_outside_the_api(client: FlaskClient, path: str) -> None:
    for response in (client.get(path, headers={"Origin": ORIGIN}), preflight(client, ORIGIN, path)):
        check_constant(response, under_api=False)
        assert cors(response) == {}
        assert not RATE_LIMIT & {name for name, _ in response.headers}


@pytest.mark.parametrize("path", ["//api/opportunities", "///api/v1/opportunities"])
def test_slashes_at_the_beginning_of_a_path_count_as_one(alice: User, path: str) -> None:
    """Without a second host: the client puts the path into the environ, as a server does."""
    options = {"environ_overrides": {"PATH_INFO": path, "RAW_URI": path}}
    response = alice.get("/", headers={"Origin": ORIGIN}, **options)
    asked = {"Origin": ORIGIN, "Access-Control-Request-Method": "POST"}
    allowed = alice.client.options("/", headers=asked, **options)

    assert (response.status_code, allowed.status_code) == (200, 204)
    assert response.text == alice.get(f"/{path.lstrip('/')}").text
    for each in (response, allowed):
        check_constant(each)
        check_cors(each, ORIGIN)
    assert allowed.headers["Access-Control-Allow-Methods"]


def test_slashes_inside_a_path_are_part_of_it(alice: User) -> None:
    for path, under_api in (("/api//opportunities", True), ("/x//api/opportunities", False)):
        response = alice.get(path, headers={"Origin": ORIGIN})
        assert response.status_code == 404
        check_constant(response, under_api=under_api)
        assert bool(cors(response)) == under_api


def test_head_has_the_headers_of_get(alice: User) -> None:
    head = alice.request("HEAD", PATH, headers={"Origin": ORIGIN})

    check_constant(head)
    check_cors(head, ORIGIN)


@pytest.mark.parametrize("feature", ["camera", "microphone", "geolocation", "payment", "usb"])
def test_the_permissions_policy_turns_every_feature_off(client: FlaskClient, feature: str) -> None:
    policy = client.get("/api/health").headers["Permissions-Policy"].split(", ")

    assert f"{feature}=()" in policy


def test_a_401_names_the_authentication_scheme(client: FlaskClient) -> None:
    for path in (PATH, "/api/v1/opportunities"):
        assert client.get(path).headers["WWW-Authenticate"] == "Bearer"


def test_a_405_lists_the_allowed_methods(alice: User) -> None:
    allowed = {
        PATH: "GET, HEAD, OPTIONS, POST",
        f"{PATH}/{uuid4()}": "DELETE, GET, HEAD, OPTIONS, PATCH, PUT",
        "/api/analytics": "GET, HEAD, OPTIONS",
    }

    for path, methods in allowed.items():
        assert alice.request("BREW", path).headers.getlist("Allow") == [methods]


def test_a_valid_request_id_is_echoed(situation: tuple[str, Ask]) -> None:
    for given in GOOD_IDS:
        response = situation[1]({"X-Request-Id": given})
        assert response.headers.getlist("X-Request-Id") == [given]


@pytest.mark.in_process
@pytest.mark.parametrize("given", BAD_IDS)
def test_an_invalid_request_id_is_replaced(client: FlaskClient, given: str) -> None:
    """The id goes into the environ, because the test client refuses to send most of these."""
    response = client.get("/api/health", environ_overrides={"HTTP_X_REQUEST_ID": given})

    (made,) = response.headers.getlist("X-Request-Id")
    assert made != given
    assert re.fullmatch(r"[0-9a-f]{32}", made)
    assert "Set-Cookie" not in response.headers


def test_every_request_without_an_id_gets_its_own(client: FlaskClient) -> None:
    ids = {client.get("/healthz").headers["X-Request-Id"] for _ in range(100)}

    assert len(ids) == 100


def test_a_preflight_has_a_request_id_too(client: FlaskClient) -> None:
    headers = {"Origin": ORIGIN, "Access-Control-Request-Method": "GET", "X-Request-Id": "mine"}

    assert client.options(PATH, headers=headers).headers.getlist("X-Request-Id") == ["mine"]


def test_no_header_names_the_software_behind_the_service(situation: tuple[str, Ask]) -> None:
    response = situation[1]({})

    assert "X-Powered-By" not in response.headers
    assert "Server" not in response.headers
    assert "Set-Cookie" not in response.headers
