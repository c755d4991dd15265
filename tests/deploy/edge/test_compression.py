"""Public documents are compressed; responses to a token never are (BREACH attack)."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.deploy.edge.visitor import Answer, Edge

GZIP = {"Accept-Encoding": "gzip, br, zstd, deflate"}
ROWS = "/api/v1/opportunities"
PUBLIC = ["/docs", "/docs/docs.js", "/docs/docs.css", "/api/v1/openapi.json"]


def names(answer: Answer) -> set[str]:
    return {name for name, _ in answer.fields}


@pytest.mark.parametrize("path", PUBLIC)
def test_public_documents_are_compressed(edge: Edge, path: str) -> None:
    plain, packed = edge.ask("GET", path), edge.ask("GET", path, headers=GZIP)

    assert packed.header("Content-Encoding") == "gzip"
    assert gzip.decompress(packed.body) == plain.body
    assert len(packed.body) < len(plain.body)
    for answer in (plain, packed):
        assert answer.status == 200
        assert answer.header("Vary") == "Origin, Accept-Encoding"


def test_a_cached_compressed_page_is_not_sent_again(edge: Edge) -> None:
    etag = edge.ask("GET", "/docs", headers=GZIP).header("ETag")
    assert etag
    again = edge.ask("GET", "/docs", headers={**GZIP, "If-None-Match": etag})

    assert (again.status, again.body) == (304, b"")


def test_a_response_to_a_token_is_never_compressed(edge: Edge, token: str) -> None:
    made = edge.ask("POST", ROWS, token=token, body={"title": "x" * 100, "notes": "y" * 4000})
    path = f"{ROWS}/{made.json['id']}"
    for asked in (path, ROWS, "/api/opportunities", "/api/v1/me", "/api/v1/analytics"):
        answer = edge.ask("GET", asked, token=token, headers=GZIP)
        assert answer.status == 200
        assert "content-encoding" not in names(answer)
        assert answer.header("Vary") == "Origin"


def test_a_path_with_the_same_prefix_is_not_compressed(edge: Edge) -> None:
    for path in ("/docsx", "/api/v1/openapi.jsonx"):
        answer = edge.ask("GET", path, headers=GZIP)
        assert answer.status == 404
        assert "content-encoding" not in names(answer)
