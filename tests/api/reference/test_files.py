"""The files of the reference page: content types, encodings and caching."""

from __future__ import annotations

import gzip
import json
import re
from typing import TYPE_CHECKING

import pytest

from futuretracker.api.reference.assets import ASSETS, DIALOG, LIBRARY, link
from tests.web.test_headers import EVERYWHERE

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask.testing import FlaskClient

    from tests.support.servers import Service

SOME = "0123456789abcdef"
NOT_SERVED = (
    f"{SOME}/index.html",
    f"{SOME}/__init__.py",
    f"{SOME}/assets.py",
    f"{SOME}/library.zip",
    f"{SOME}/scalar/library.zip",
    f"{SOME}/standalone.esm.js.br",
    f"{SOME}/..%2f__init__.py",
    f"{SOME}/%2e%2e/%2e%2e/config.py",
    f"{SOME}/..%5cconfig.py",
    f"{SOME}/../reference/__init__.py",
    f"{SOME}//etc/passwd",
    f"{SOME}/DOCS.CSS",
    f"{SOME}/",
    "docs.css",
    "//etc/passwd",
)
OURS = {
    "docs.css": "text/css; charset=utf-8",
    "docs.js": "text/javascript; charset=utf-8",
    "front.css": "text/css; charset=utf-8",
    "favicon.svg": "image/svg+xml",
}


def test_the_page_and_its_files_are_public_and_have_the_security_headers(
    client: FlaskClient,
) -> None:
    library = dict.fromkeys(ASSETS.keys() - OURS.keys(), "text/javascript; charset=utf-8")
    assert len(library) > 100
    html = "text/html; charset=utf-8"
    types = {link(name): content_type for name, content_type in {**OURS, **library}.items()}
    for path, content_type in {"/docs": html, "/docs/": html, **types}.items():
        response = client.get(path)
        assert response.status_code == 200, path
        assert response.headers["Content-Type"] == content_type
        for name in EVERYWHERE.keys() - {"Cache-Control", "Vary"}:
            assert response.headers.getlist(name) == [EVERYWHERE[name]], (path, name)
        assert response.headers.getlist("Vary") == ["Accept-Encoding, Origin"]
        assert response.headers["Cross-Origin-Resource-Policy"] == "same-origin"


def test_the_pages_link_to_files_that_exist(client: FlaskClient) -> None:
    html = client.get("/docs").text + client.get("/", headers={"Accept": "text/html"}).text
    paths = set(re.findall(r'(?:href|src|data-dialog)="(/docs/[^"]+)"', html))

    assert paths == {link(name) for name in (*OURS, "standalone.esm.js", DIALOG)}
    assert all(client.get(path).status_code == 200 for path in paths)


def test_a_file_is_cached_for_ever_with_its_digest_and_revalidated_without_it(
    client: FlaskClient,
) -> None:
    for name in ASSETS:
        kept = client.get(link(name)).headers["Cache-Control"]
        assert kept == "public, max-age=31536000, immutable"
    for name in OURS:
        response = client.get(f"/docs/{SOME}/{name}")
        assert response.headers["Cache-Control"] == "public, no-cache"


def test_a_file_that_has_not_changed_is_a_304(client: FlaskClient) -> None:
    for path in ("/docs", *(link(name) for name in (*OURS, "standalone.esm.js"))):
        for coding in ("", "gzip"):
            accept = {"Accept-Encoding": coding}
            etag = client.get(path, headers=accept).headers["ETag"]
            again = client.get(path, headers={**accept, "If-None-Match": etag})
            assert (again.status_code, again.data) == (304, b"")
            old = client.get(path, headers={**accept, "If-None-Match": '"old"'})
            assert old.status_code == 200


@pytest.mark.parametrize(
    ("accept", "coding"),
    [
        ("br, gzip", "br"),
        ("gzip, deflate, br, zstd", "br"),
        ("gzip", "gzip"),
        ("br;q=0, gzip", "gzip"),
        ("identity", None),
        ("", None),
        ("gzip;q=0", None),
    ],
)
def test_the_library_is_sent_in_the_best_encoding(
    client: FlaskClient, accept: str, coding: str | None
) -> None:
    path = link("standalone.esm.js")
    plain = client.get(path).data
    response = client.get(path, headers={"Accept-Encoding": accept})

    assert response.headers.get("Content-Encoding") == coding
    if coding == "gzip":
        assert gzip.decompress(response.data) == plain
    if coding:
        assert len(response.data) < len(plain) / 3


@pytest.mark.parametrize("path", ["/docs", "/api/v1/openapi.json", *map(link, OURS)])
def test_our_own_files_are_compressed_with_gzip(client: FlaskClient, path: str) -> None:
    plain = client.get(path)
    assert "Content-Encoding" not in plain.headers
    for accept in ("gzip", "gzip, deflate, br"):
        response = client.get(path, headers={"Accept-Encoding": accept})
        assert response.headers["Content-Encoding"] == "gzip"
        assert gzip.decompress(response.data) == plain.data


def test_the_library_is_the_version_that_its_note_says(client: FlaskClient) -> None:
    note = json.loads((LIBRARY / "library.json").read_text(encoding="utf-8"))
    library = client.get(link("standalone.esm.js")).text

    assert note["files"] == len(ASSETS) - len(OURS)
    assert f"{note['package']}@{note['version']}" in library
    assert (LIBRARY / "LICENSE").read_text(encoding="utf-8").startswith("MIT License")


def test_nothing_else_is_served(serve: Callable[..., Service]) -> None:
    """Send paths over a socket, because the test client would normalise them."""
    service = serve()
    for name in NOT_SERVED:
        response = service.request("GET", f"/docs/{name}")
        assert response.status == 404, name
        assert response.json["error"] == "Not Found"
