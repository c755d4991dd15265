"""Errors of v1 have a code; responses of the original API link to v1."""

from __future__ import annotations

import re
import time
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import pytest

from futuretracker.config.environment import ConfigError
from tests.conftest import config_from

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask
    from werkzeug.test import TestResponse

    from tests.conftest import User

ID = "550e8400-e29b-41d4-a716-446655440000"
NOWHERE = "postgresql://futuretracker_api@127.0.0.1:1/nowhere"
# Each kind of error: method, path below the prefix, body, content type, and the code of v1.
ERRORS: dict[str, tuple[str, str, object, str, str]] = {
    "400": ("POST", "/opportunities", {}, "application/json", "validation_error"),
    "400 of JSON": ("POST", "/opportunities", b"{", "application/json", "invalid_json"),
    "400 of an id": ("GET", "/opportunities/x", None, "", "validation_error"),
    "400 of a URL": ("GET", "/opportunities?q=%zz", None, "", "bad_request"),
    "404 of a row": ("GET", f"/opportunities/{ID}", None, "", "opportunity_not_found"),
    "404 of a route": ("GET", "/nowhere", None, "", "not_found"),
    "405": ("POST", f"/opportunities/{ID}", None, "", "method_not_allowed"),
    "413": ("POST", "/opportunities", b" " * (2**20 + 1), "application/json", "payload_too_large"),
    "415": ("POST", "/opportunities", b"{}", "text/plain", "unsupported_media_type"),
}
MATCHED = ["400", "400 of JSON", "400 of an id", "400 of a URL", "404 of a row", "413", "415"]


def check_error(original: TestResponse, v1: TestResponse, code: str) -> None:
    """Check that two responses are the same error; v1 adds the code and the request id."""
    assert original.status_code == v1.status_code
    assert not {"code", "requestId"} & original.json.keys()
    assert list(v1.json) == [*original.json, "code", "requestId"]
    assert v1.json["code"] == code
    assert v1.json["requestId"] == v1.headers["X-Request-Id"]
    assert v1.json["error"] == original.json["error"]


def check_deprecated(response: TestResponse, path: str, sunset: list[str] | None = None) -> None:
    since = response.headers["Deprecation"]
    assert since[0] == "@"
    assert 1_700_000_000 < int(since[1:]) < 2_000_000_000
    assert response.headers.getlist("Link") == [f'</api/v1{path}>; rel="successor-version"']
    assert response.headers.getlist("Sunset") == (sunset or [])


def check_current(response: TestResponse) -> None:
    assert not {"Deprecation", "Sunset"} & set(response.headers.keys())
    assert "successor-version" not in response.headers.get("Link", "")


@pytest.mark.parametrize("name", ERRORS)
def test_only_errors_of_v1_have_a_code_and_the_request_id(alice: User, name: str) -> None:
    method, path, body, content_type, code = ERRORS[name]
    options: dict[str, Any] = {"content_type": content_type} if content_type else {}
    original, v1 = (
        alice.request(method, prefix + path, body, **options) for prefix in ("/api", "/api/v1")
    )

    assert original.status_code == int(name[:3])
    check_error(original, v1, code)
    check_current(v1)
    if name in MATCHED:
        check_deprecated(original, path.partition("?")[0])


def test_an_error_has_the_request_id_that_the_client_sent(alice: User) -> None:
    response = alice.get("/api/v1/nowhere", headers={"X-Request-Id": "mine-1"})

    assert response.json["requestId"] == response.headers["X-Request-Id"] == "mine-1"


def test_a_401_is_the_same_error_in_both_versions(alice: User) -> None:
    client = alice.client
    for headers in ({}, {"Authorization": "Bearer nonsense"}):
        original, v1 = (
            client.get(f"{prefix}/opportunities", headers=headers) for prefix in ("/api", "/api/v1")
        )
        assert original.status_code == 401
        check_error(original, v1, "unauthorized")
        check_deprecated(original, "/opportunities")
        check_current(v1)


@pytest.mark.parametrize(
    ("rate_limit", "method", "code"),
    [
        ("RATE_LIMIT_GENERAL", "GET", "rate_limit_exceeded"),
        ("RATE_LIMIT_USER_GENERAL", "GET", "rate_limit_exceeded"),
        ("RATE_LIMIT_WRITE", "POST", "write_rate_limit_exceeded"),
        ("RATE_LIMIT_USER_WRITE", "POST", "write_rate_limit_exceeded"),
    ],
)
def test_a_429_is_the_same_error_in_both_versions(
    build: Callable[..., Flask],
    make_user: Callable[..., User],
    rate_limit: str,
    method: str,
    code: str,
) -> None:
    user = make_user(client=build(**{rate_limit: "1 per minute"}).test_client())
    first, original, v1 = (
        user.request(method, f"{prefix}/opportunities", {"title": "Intern"})
        for prefix in ("/api", "/api", "/api/v1")
    )

    assert (first.status_code, original.status_code) == (200 if method == "GET" else 201, 429)
    check_error(original, v1, code)
    check_deprecated(original, "/opportunities")
    check_current(v1)


def test_a_503_is_the_same_error_in_both_versions(
    build: Callable[..., Flask], make_user: Callable[..., User]
) -> None:
    user = make_user(client=build(DATABASE_URL=NOWHERE).test_client())
    original, v1 = (user.get(f"{prefix}/opportunities") for prefix in ("/api", "/api/v1"))

    assert original.status_code == 503
    check_error(original, v1, "service_unavailable")
    check_deprecated(original, "/opportunities")
    check_current(v1)


def routes(app: Flask, prefix: str) -> list[tuple[str, str]]:
    """Return the method and the path below the prefix of every route of an API version."""
    blueprint = {"/api": "original.", "/api/v1": "v1."}[prefix]
    return [
        (method, re.sub("<[a-z_]+>", ID, rule.rule.removeprefix(prefix)))
        for rule in app.url_map.iter_rules()
        for method in sorted(rule.methods or ())
        if rule.endpoint.startswith(blueprint)
    ]


@pytest.mark.in_process
def test_every_response_of_the_original_api_links_to_its_successor(app: Flask, alice: User) -> None:
    found = routes(app, "/api")
    successors = set(routes(app, "/api/v1"))
    assert len(found) > 15
    for method, path in found:
        assert (method, path) in successors
        for response in (
            alice.request(method, f"/api{path}", {"title": "Intern"}),
            alice.request(method, f"/api{path}"),
            alice.client.open(f"/api{path}", method=method),
        ):
            check_deprecated(response, path)


@pytest.mark.in_process
def test_no_other_response_is_deprecated(app: Flask, alice: User) -> None:
    for method, path in routes(app, "/api/v1"):
        for response in (
            alice.request(method, f"/api/v1{path}", {"title": "Intern"}),
            alice.client.open(f"/api/v1{path}", method=method),
        ):
            check_current(response)
    for path in ("/healthz", "/readyz", "/nowhere", "/api/nowhere", "/api/v1/nowhere"):
        check_current(alice.get(path))


def test_the_successor_link_leads_to_the_same_opportunity(alice: User) -> None:
    row = alice.create()
    link = alice.get(f"/api/opportunities/{row['id']}").headers["Link"]
    target = link.partition(">")[0].removeprefix("<")

    assert row.items() <= alice.get(target).json.items()


@pytest.mark.parametrize(
    "odd",
    [
        "a%3E%3B%20rel=%22next%22", "%0D%0ASet-Cookie:%20a=b", "%0a", "%3C%3E", "%22",
        "%2C%20%3Cx%3E", "%F0%9F%8E%93", "é", "a b", "%25", "%3Fq=1", "%23top", ";a=b", "..",
        "%5C", "%E2%80%AE", "%7F",
    ],
)  # fmt: skip
def test_no_path_can_break_the_link_header(alice: User, odd: str) -> None:
    response = alice.get(f"/api/opportunities/{odd}")
    link = response.headers["Link"]
    target, _, rest = link.removeprefix("<").partition(">")

    assert response.headers.getlist("Link") == [link]
    assert rest == '; rel="successor-version"'
    assert target.startswith("/api/v1/opportunities/")
    assert target.isascii()
    assert not set(target) & set(' "<>\\;,?#\r\n\t\x7f')
    assert unquote(target) == f"/api/v1/opportunities/{unquote(odd)}"
    assert "Set-Cookie" not in response.headers


def test_the_sunset_header_is_sent_if_it_is_set(
    build: Callable[..., Flask], make_user: Callable[..., User]
) -> None:
    user = make_user(client=build(API_SUNSET="2027-03-31").test_client())
    midnight = "Wed, 31 Mar 2027 00:00:00 GMT"

    for response in (user.get("/api/opportunities"), user.client.get("/api/me")):
        path = response.request.path.removeprefix("/api")
        check_deprecated(response, path, [midnight])
        end = parsedate_to_datetime(response.headers["Sunset"]).timestamp()
        assert end == 1_806_451_200
        assert end > int(response.headers["Deprecation"][1:])
        assert end > time.mktime((2026, 1, 1, 0, 0, 0, 0, 0, 0))
    check_current(user.get("/api/v1/opportunities"))


@pytest.mark.parametrize(
    "wrong",
    ["soon", "2027-02-30", "31.3.2027", "2027-03-31T00:00:00Z", "1806451200", "@1806451200"],
)
def test_a_malformed_sunset_stops_the_start(settings: dict[str, str], wrong: str) -> None:
    with pytest.raises(ConfigError) as caught:
        config_from({**settings, "API_SUNSET": wrong})

    assert [problem for problem in caught.value.problems if "API_SUNSET" in problem]
    assert len(caught.value.problems) == 1


def test_an_empty_sunset_is_none(settings: dict[str, str]) -> None:
    assert config_from({**settings, "API_SUNSET": ""}).api_sunset is None
