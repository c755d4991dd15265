"""The files of the reference page: content types and caching."""

from __future__ import annotations

from typing import TYPE_CHECKING

from futuretracker.api.reference import FILES
from tests.web.test_headers import EVERYWHERE

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask.testing import FlaskClient

    from tests.support.servers import Service

NOT_SERVED = (
    "index.html",
    "__init__.py",
    "swagger-ui.js",
    "oauth2-redirect.html",
    "..%2f__init__.py",
    "%2e%2e%2f%2e%2e%2fconfig.py",
    "..%5cconfig.py",
    "../reference/__init__.py",
    "dist/swagger-ui.css",
    "//etc/passwd",
    "DOCS.CSS",
)


def test_the_page_and_its_files_are_public_under_the_policy_of_every_answer(
    client: FlaskClient,
) -> None:
    types = {
        "/docs": "text/html; charset=utf-8",
        "/docs/": "text/html; charset=utf-8",
        "/docs/docs.css": "text/css; charset=utf-8",
        "/docs/docs.js": "text/javascript; charset=utf-8",
        "/docs/favicon.svg": "image/svg+xml",
        "/docs/swagger-ui.css": "text/css; charset=utf-8",
        "/docs/swagger-ui-bundle.js": "text/javascript; charset=utf-8",
    }
    assert types.keys() - {"/docs", "/docs/"} == {f"/docs/{name}" for name in FILES}
    for path, content_type in types.items():
        answer = client.get(path)
        assert answer.status_code == 200
        assert answer.headers["Content-Type"] == content_type
        for name in EVERYWHERE.keys() - {"Cache-Control"}:
            assert answer.headers.getlist(name) == [EVERYWHERE[name]], (path, name)
        assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"


def test_a_file_is_kept_for_good_under_its_digest_and_asked_for_again_without(
    client: FlaskClient,
) -> None:
    html = client.get("/docs").text
    for name in FILES:
        link = html.partition(f'"/docs/{name}')[2].partition('"')[0]
        assert link.startswith("?v=")
        kept = client.get(f"/docs/{name}{link}").headers["Cache-Control"]
        assert kept == "public, max-age=31536000, immutable"
        for other in ("", "?v=", "?v=0123456789abcdef"):
            answer = client.get(f"/docs/{name}{other}")
            assert answer.headers["Cache-Control"] == "public, no-cache"


def test_who_has_the_newest_bytes_gets_none(client: FlaskClient) -> None:
    for path in ("/docs", *(f"/docs/{name}" for name in FILES)):
        etag = client.get(path).headers["ETag"]
        again = client.get(path, headers={"If-None-Match": etag})
        assert (again.status_code, again.data) == (304, b"")
        assert client.get(path, headers={"If-None-Match": '"old"'}).status_code == 200


def test_nothing_else_is_served(serve: Callable[..., Service]) -> None:
    """Send paths over a socket, because the test client would normalise them."""
    service = serve()
    for name in NOT_SERVED:
        answer = service.request("GET", f"/docs/{name}")
        assert answer.status == 404, name
        assert answer.json["error"] == "Not Found"
