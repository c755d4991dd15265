"""robots.txt, favicon.ico, security.txt and the API catalog."""

from __future__ import annotations

import datetime as dt
import json
from typing import TYPE_CHECKING

import pytest

from tests.web.test_headers import EVERYWHERE

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from flask import Flask
    from flask.testing import FlaskClient

SECURITY = "/.well-known/security.txt"
CATALOG = "/.well-known/api-catalog"


def test_the_files_have_their_types_and_the_security_headers(client: FlaskClient) -> None:
    types = {
        "/robots.txt": "text/plain; charset=utf-8",
        "/favicon.ico": "image/x-icon",
        CATALOG: 'application/linkset+json; profile="https://www.rfc-editor.org/info/rfc9727"',
    }
    for path, content_type in types.items():
        response = client.get(path)
        assert response.status_code == 200
        assert response.headers["Content-Type"] == content_type
        assert response.headers["Cache-Control"] == "public, max-age=86400"
        for name in EVERYWHERE.keys() - {"Cache-Control"}:
            assert response.headers.getlist(name) == [EVERYWHERE[name]], (path, name)


def test_crawlers_may_read_the_pages_and_not_the_api(client: FlaskClient) -> None:
    lines = client.get("/robots.txt").text.splitlines()
    assert lines[0] == "User-agent: *"
    assert "Disallow: /api/" in lines
    assert "Allow: /" in lines


def test_the_icon_has_the_sizes_that_browsers_use(client: FlaskClient) -> None:
    icon = client.get("/favicon.ico").data
    assert icon[:4] == b"\0\0\1\0"
    amount = icon[4]
    assert [icon[6 + 16 * index] for index in range(amount)] == [16, 32, 48]


def test_security_txt_names_the_contacts_and_an_expiry_within_a_year(
    open_app: Callable[[dict[str, str]], AbstractContextManager[Flask]], settings: dict[str, str]
) -> None:
    contacts = "mailto:security@example.com, https://example.com/report?a=b"
    with open_app({**settings, "SECURITY_CONTACT": contacts}) as app:
        response = app.test_client().get(SECURITY)

    assert response.status_code == 200
    assert response.headers["Content-Type"] == "text/plain; charset=utf-8"
    fields = [line.split(": ", 1) for line in response.text.splitlines()]
    named = [value for name, value in fields if name == "Contact"]
    assert named == ["mailto:security@example.com", "https://example.com/report?a=b"]
    [expires] = [value for name, value in fields if name == "Expires"]
    left = dt.datetime.fromisoformat(expires) - dt.datetime.now(dt.UTC)
    assert dt.timedelta(days=30) < left < dt.timedelta(days=365)


def test_without_a_contact_there_is_no_security_txt(client: FlaskClient) -> None:
    """RFC 9116 requires a contact, and a wrong one is worse than none."""
    response = client.get(SECURITY)
    assert response.status_code == 404
    assert response.json["error"] == "Not Found"


def test_the_catalog_links_to_documents_that_exist(client: FlaskClient) -> None:
    response = client.get(CATALOG)
    linkset = json.loads(response.data)["linkset"]

    assert [entry["anchor"] for entry in linkset] == ["/api/v1", "/api"]
    for entry in linkset:
        assert client.get(entry["anchor"]).status_code == 200
        for relation in ("service-desc", "service-doc", "status"):
            for target in entry[relation]:
                found = client.get(target["href"])
                assert found.status_code == 200
                assert found.mimetype == target["type"]


@pytest.mark.parametrize("path", [CATALOG, "/", "/api", "/api/v1"])
def test_the_catalog_can_be_found_without_reading_a_body(client: FlaskClient, path: str) -> None:
    """RFC 9727, section 2: a HEAD response has a link to the catalog."""
    assert '</.well-known/api-catalog>; rel="api-catalog"' in client.head(path).headers["Link"]
