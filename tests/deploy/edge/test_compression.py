"""Public documents are compressed; responses to a token never are (BREACH attack)."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING

import pytest

from futuretracker.api.reference.assets import link

if TYPE_CHECKING:
    from tests.deploy.edge.visitor import Edge, Response

GZIP = {"Accept-Encoding": "gzip, br, zstd, deflate"}
ROWS = "/api/v1/opportunities"
PUBLIC = ["/docs", link("docs.css"), "/api/v1/openapi.json"]


def names(response: Response) -> set[str]:
    return {name for name, _ in response.fields}


@pytest.mark.parametrize("path", PUBLIC)
def test_public_documents_are_compressed(edge: Edge, path: str) -> None:
    plain, packed = edge.request("GET", path), edge.request("GET", path, headers=GZIP)

    assert packed.header("Content-Encoding") == "gzip"
    assert gzip.decompress(packed.body) == plain.body
    assert len(packed.body) < len(plain.body)
    for response in (plain, packed):
        assert response.status == 200
        assert response.header("Vary") == "Origin, Accept-Encoding"


def test_a_cached_compressed_page_is_not_sent_again(edge: Edge) -> None:
    etag = edge.request("GET", "/docs", headers=GZIP).header("ETag")
    assert etag
    again = edge.request("GET", "/docs", headers={**GZIP, "If-None-Match": etag})

    assert (again.status, again.body) == (304, b"")


def test_a_response_to_a_token_is_never_compressed(edge: Edge, token: str) -> None:
    made = edge.request("POST", ROWS, token=token, body={"title": "x" * 100, "notes": "y" * 4000})
    path = f"{ROWS}/{made.json['id']}"
    for asked in (path, ROWS, "/api/opportunities", "/api/v1/me", "/api/v1/analytics"):
        response = edge.request("GET", asked, token=token, headers=GZIP)
        assert response.status == 200
        assert "content-encoding" not in names(response)
        assert response.header("Vary") == "Origin"


def test_a_path_with_the_same_prefix_is_not_compressed(edge: Edge) -> None:
    for path in ("/docsx", "/api/v1/openapi.jsonx"):
        response = edge.request("GET", path, headers=GZIP)
        assert response.status == 404
        assert "content-encoding" not in names(response)
