"""The front page: what programs and people get at /, /api and /api/v1."""

from __future__ import annotations

from typing import TYPE_CHECKING
from unittest import mock

import pytest

from futuretracker import __version__

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from flask import Flask
    from flask.testing import FlaskClient

PATHS = ("/", "/api", "/api/", "/api/v1", "/api/v1/")
CHROMIUM = "text/html,application/xhtml+xml,application/xml;q=0.9,image/webp,*/*;q=0.8"
JSON = "application/json; charset=utf-8"
HTML = "text/html; charset=utf-8"


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    ("accept", "content_type"),
    [
        ("", JSON),
        ("*/*", JSON),
        ("application/json", JSON),
        ("application/json, text/html;q=0.5", JSON),
        ("image/png", JSON),
        ("text/html", HTML),
        (CHROMIUM, HTML),
        ("text/html;q=0.9, application/json;q=0.1", HTML),
    ],
)
def test_people_get_a_page_and_programs_get_json(
    client: FlaskClient, path: str, accept: str, content_type: str
) -> None:
    response = client.get(path, headers={"Accept": accept} if accept else {})

    assert response.status_code == 200
    assert response.headers["Content-Type"] == content_type
    assert response.headers.getlist("Vary") == ["Accept, Origin"]
    assert response.headers["Cache-Control"] == "no-store"
    assert "Deprecation" not in response.headers


def test_programs_learn_where_everything_is(client: FlaskClient) -> None:
    body = client.get("/").json

    assert body == {
        "name": "FutureTracker API",
        "version": __version__,
        "docs": "/docs",
        "openapi": "/api/v1/openapi.json",
        "health": "/api/v1/health",
    }
    for name in ("docs", "openapi", "health"):
        assert client.get(body[name]).status_code == 200


def test_a_service_without_contact_and_source_links_to_neither(client: FlaskClient) -> None:
    html = client.get("/", headers={"Accept": "text/html"}).text
    assert "Report a vulnerability" not in html
    assert "Source code" not in html


def test_the_page_links_to_contact_and_source(
    open_app: Callable[[dict[str, str]], AbstractContextManager[Flask]], settings: dict[str, str]
) -> None:
    more = {
        "SECURITY_CONTACT": "https://example.com/report?a=1&b=2",
        "SOURCE_URL": "https://git.example.com/futuretracker",
    }
    with open_app({**settings, **more}) as app:
        html = app.test_client().get("/", headers={"Accept": "text/html"}).text

    assert '<a href="https://example.com/report?a=1&amp;b=2">Report a vulnerability</a>' in html
    assert '<a href="https://git.example.com/futuretracker">Source code</a>' in html


def test_the_example_shows_the_host_as_text(client: FlaskClient) -> None:
    """A client may forge the host: the page must not become markup, nor be kept by a cache."""
    response = client.get("/", headers={"Accept": "text/html", "Host": 'x"><b>.example.com'})
    assert "<b>" not in response.text
    assert response.headers["Cache-Control"] == "no-store"


@pytest.mark.in_process
@pytest.mark.parametrize(
    ("state", "sentence", "word"),
    [
        ("ok", "Everything works.", "available"),
        ("read_only", "Some of the service is not available.", "reading only"),
        ("unavailable", "Some of the service is not available.", "unavailable"),
    ],
)
def test_the_page_shows_the_status_of_the_service(
    client: FlaskClient, state: str, sentence: str, word: str
) -> None:
    with mock.patch("futuretracker.api.views.health._database_state", return_value=state):
        html = client.get("/", headers={"Accept": "text/html"}).text

    assert sentence in html
    assert f">{word}</dd>" in html
