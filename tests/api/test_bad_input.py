"""Malformed requests: each gets an error in the common shape, and none is a 500.

The test client normalises a URL before it sends it. To send a URL unchanged, the tests set
PATH_INFO (percent-decoded, each byte one character) and RAW_URI (from the request line), as
gunicorn does.
"""

from __future__ import annotations

import gzip
import json
from io import BytesIO
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_to_bytes

import pytest
from gunicorn.http.errors import InvalidChunkSize
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.served import only_in_process

if TYPE_CHECKING:
    from werkzeug.test import TestResponse

    from tests.conftest import User

PATH = "/api/opportunities"
MIB = 2**20
NOT_JSON = {
    "nothing but a brace": b"{",
    "a trailing comma": b'{"title": "a",}',
    "single quotes": b"{'title': 'a'}",
    "a bare word": b"title",
    "two values": b'{"title": "a"}{"title": "b"}',
    "a comment": b'{"title": "a"} // note',
    "a form": b"title=a",
    "HTML": b"<html></html>",
    "white space": b" \n",
    "NUL": b"\0",
    "NUL after the object": b'{"title": "a"}\0',
    "a control character inside text": b'{"title": "a\nb"}',
    "a bad escape": b'{"title": "\\x41"}',
    "half an escape": b'{"title": "\\u12"}',
    "NaN": b'{"title": "a", "notes": NaN}',
    "Infinity": b'{"title": "a", "x": Infinity}',
    "-Infinity": b'{"title": "a", "x": [-Infinity]}',
    "NaN as a body": b"NaN",
    "a byte order mark": b'\xef\xbb\xbf{"title": "a"}',
    "UTF-16": '{"title": "a"}'.encode("utf-16"),
    "UTF-16 without a mark": '{"title": "a"}'.encode("utf-16-be"),
    "UTF-32": '{"title": "a"}'.encode("utf-32"),
    "Latin-1": '{"title": "café"}'.encode("latin-1"),
    "an overlong encoding": b'{"title": "\xc0\xaf"}',
    "an encoded surrogate": b'{"title": "\xed\xa0\x80"}',
    "text that is cut off": b'{"title": "\xf0\x9f\x8e"}',
    "arrays without end": b"[" * 100_000,
    "deep arrays": b'{"title": "a", "x": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "deep objects": b'{"x":' * 100_000 + b"1" + b"}" * 100_000,
    "a number of 5000 digits": b'{"title": "a", "x": ' + b"9" * 5000 + b"}",
    "a number with a leading zero": b'{"title": "a", "x": 01}',
    "a hexadecimal number": b'{"title": "a", "x": 0x10}',
    "gzip": b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03",
}
NO_OBJECT = [b"[]", b'[{"title": "a"}]', b'"title"', b"1", b"1.5e3", b"true", b"false", b"null"]
BAD_URLS = [
    "/api/opportunities/%",
    "/api/opportunities/%zz",
    "/api/opportunities/%a",
    "/api/opportunities/%2",
    "/api/opportunities/%%32",
    "/api/opportunities/%u0041",
    "/api/opportunities/%ff",
    "/api/opportunities/%c0%af",
    "/api/opportunities/%ed%a0%80",
    "/api/opportunities/%f0%9f%8e",
    only_in_process("/api/opportunities/\xff"),
    "/api/opportunities/%00",
    "/api/opportunities%00",
    "/api/%00",
    "/api/nowhere/%zz",
    "/api/opportunities?q=%",
    "/api/opportunities?q=100%&x=1",
    "/api/health?%zz",
    "/%ff",
    "/api/opportunities?q=caf%E9",
    "/api/opportunities?q=%ff%fe",
    "/api/opportunities?q=%c0%af",
    "/api/opportunities?q=%ed%a0%80",
    "/api/opportunities?caf%E9=1",
    only_in_process("/api/opportunities?q=\xff"),
]
ODD_QUERIES = [
    "&&&===",
    "?",
    "limit=-1&limit=x&limit[]=2",
    "user_id=550e8400-e29b-41d4-a716-446655440000",
    "$where=1&a.b=c",
    "q=%00",
    "q=caf%C3%A9&%F0%9F%8E%93",
    "q=%0d%0aSet-Cookie:%20a=b",
    "q=" + "a" * 7000,
    only_in_process("&".join(f"q{n}=1" for n in range(1500))),
    "q='%20or%201=1--",
]
MESSAGES = {
    400: ("Bad Request", "The URL is not valid percent-encoded UTF-8"),
    413: ("Payload Too Large", "The request body must not exceed 1 MiB"),
    415: ("Unsupported Media Type", "Content-Type must be application/json"),
}


def check(response: TestResponse, status: int, error: str, message: str) -> None:
    """Check that a response has the common error shape."""
    assert response.status_code == status, response.text
    assert response.headers["Content-Type"] == "application/json; charset=utf-8"
    assert response.json == {"error": error, "message": message}


def send_raw(user: User, url: str, method: str = "GET") -> TestResponse:
    """Send a request line unchanged; each character is one byte."""
    path, _, query = url.partition("?")
    environ = {
        "PATH_INFO": unquote_to_bytes(path.encode("latin-1")).decode("latin-1"),
        "QUERY_STRING": query,
        "RAW_URI": url,
        "REQUEST_URI": url,
    }
    return user.request(method, "/", environ_overrides=environ)


def padded(size: int) -> bytes:
    """Return a body that is a valid opportunity of ``size`` bytes."""
    body = json.dumps({"title": "Large", "unknown": ""}).encode()
    return body[:-2] + b"x" * (size - len(body)) + body[-2:]


@pytest.mark.parametrize("body", NOT_JSON.values(), ids=NOT_JSON)
def test_invalid_json_is_refused(alice: User, body: bytes) -> None:
    row = alice.create()
    for response in (alice.post(PATH, body), alice.patch(f"{PATH}/{row['id']}", body)):
        check(response, 400, "Invalid JSON", "The request body is not valid JSON")
    assert alice.get(PATH).json == [row]


@pytest.mark.parametrize("body", NO_OBJECT)
def test_json_that_is_not_an_object_is_refused(alice: User, body: bytes) -> None:
    row = alice.create()
    for response in (alice.post(PATH, body), alice.patch(f"{PATH}/{row['id']}", body)):
        assert response.status_code == 400
        assert response.json == {
            "error": "Validation Error",
            "message": "The request data is invalid",
            "details": [{"field": "", "message": "The request body must be a JSON object"}],
        }
    assert alice.get(PATH).json == [row]


@pytest.mark.parametrize(
    "content_type",
    [
        "application/json",
        "APPLICATION/JSON",
        "application/json; charset=utf-8",
        "application/json;charset=UTF-8",
        'application/json; charset="utf-8"',
        "application/json; profile=x; a=b",
        "application/problem+json",
        "application/vnd.api+json",
        "application/merge-patch+json",
    ],
)
def test_json_content_types_are_accepted(alice: User, content_type: str) -> None:
    assert alice.post(PATH, {"title": "a"}, content_type=content_type).status_code == 201


@pytest.mark.parametrize(
    "content_type",
    [
        "text/plain",
        "text/plain; charset=utf-8",
        "text/html",
        "text/json",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/xml",
        "application/octet-stream",
        "application/jsonp",
        "application/x-json",
        "application/json-patch",
        "application/json+xml",
        "application/",
        "json",
        "*/*",
        "application/json, text/plain",
        "applicatioñ/json",
        ";",
        "x" * 5000,
    ],
)
def test_another_content_type_is_refused(alice: User, content_type: str) -> None:
    row = alice.create()
    for method, path in (("POST", PATH), ("PATCH", f"{PATH}/{row['id']}")):
        response = alice.request(method, path, {"title": "b"}, content_type=content_type)
        check(response, 415, *MESSAGES[415])
    assert alice.get(PATH).json == [row]


@pytest.mark.parametrize("coding", ["gzip", "x-gzip", "deflate", "br", "zstd", "identity, gzip"])
def test_a_compressed_body_is_refused_with_the_codings_that_are_accepted(
    alice: User, coding: str
) -> None:
    compressed = gzip.compress(b'{"title": "a"}')
    response = alice.post(PATH, compressed, headers={"Content-Encoding": coding})

    message = "The request body must not be compressed (Content-Encoding)"
    check(response, 415, "Unsupported Media Type", message)
    assert response.headers["Accept-Encoding"] == "identity"
    assert alice.get(PATH).json == []


@pytest.mark.parametrize("coding", ["identity", "Identity", ""])
def test_a_body_that_is_not_compressed_may_say_so(alice: User, coding: str) -> None:
    response = alice.post(PATH, {"title": "a"}, headers={"Content-Encoding": coding})

    assert response.status_code == 201


def test_a_body_without_a_content_type_is_read_as_json(alice: User) -> None:
    response = alice.post(PATH, {"title": "a"}, content_type=None)

    assert response.status_code == 201


@pytest.mark.parametrize("content_type", ["application/json", "text/plain", None])
def test_an_empty_body_is_an_empty_object(alice: User, content_type: str | None) -> None:
    response = alice.request("POST", PATH, content_type=content_type)

    assert response.status_code == 400
    assert response.json["details"] == [{"field": "title", "message": "Title is required"}]


def test_a_body_of_exactly_one_mebibyte_is_accepted(alice: User) -> None:
    assert alice.post(PATH, padded(MIB)).status_code == 201


def test_a_body_of_one_byte_more_is_refused(alice: User) -> None:
    row = alice.create()
    for response in (
        alice.post(PATH, padded(MIB + 1)),
        alice.patch(f"{PATH}/{row['id']}", padded(MIB + 1)),
    ):
        check(response, 413, *MESSAGES[413])
    assert alice.get(PATH).json == [row]


@pytest.mark.parametrize(("size", "status"), [(MIB, 201), (MIB + 1, 413), (4 * MIB, 413)])
@pytest.mark.in_process
def test_a_body_without_a_length_has_the_same_limit(alice: User, size: int, status: int) -> None:
    environ = {
        "wsgi.input": BytesIO(padded(size)),
        "wsgi.input_terminated": True,
        "HTTP_TRANSFER_ENCODING": "chunked",
        "CONTENT_LENGTH": "",
        "CONTENT_TYPE": "application/json",
    }
    response = alice.post(PATH, environ_overrides=environ)

    assert response.status_code == status
    if status == 413:
        check(response, 413, *MESSAGES[413])


@pytest.mark.in_process
def test_a_body_that_ends_early_is_refused(alice: User) -> None:
    response = alice.post(PATH, b'{"title": "a"', environ_overrides={"CONTENT_LENGTH": "100"})

    assert response.status_code == 400
    assert response.json["error"]
    assert response.json["message"]
    assert alice.get(PATH).json == []


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        (ConnectionResetError(), "The request could not be understood"),
        (ValueError("closed"), "The request could not be understood"),
        (InvalidChunkSize(b"x"), "The request body could not be read"),
    ],
    ids=["reset", "closed", "garbled"],
)
@pytest.mark.parametrize("ending", [{"wsgi.input_terminated": True}, {}], ids=["ends", "open"])
@pytest.mark.in_process
def test_a_body_that_breaks_off_is_refused(
    alice: User, broken: Exception, message: str, ending: dict[str, bool]
) -> None:
    class Breaking:
        def read(self, _size: int) -> bytes:
            raise broken

    environ = {"wsgi.input": Breaking(), "CONTENT_LENGTH": "9", **ending}

    check(alice.post(PATH, environ_overrides=environ), 400, "Bad Request", message)


@pytest.mark.in_process
def test_a_body_is_read_no_further_than_its_length(alice: User) -> None:
    environ = {"wsgi.input": BytesIO(b'{"title": "a"}and more'), "CONTENT_LENGTH": "14"}

    assert alice.post(PATH, environ_overrides=environ).status_code == 201


def test_the_last_of_duplicate_keys_counts(alice: User) -> None:
    response = alice.post(PATH, b'{"title": 1, "notes": "n", "title": "a", "$set": 1, "$set": 2}')

    assert (response.status_code, response.json["title"]) == (201, "a")


def test_a_number_too_large_for_a_double_is_not_a_string(alice: User) -> None:
    response = alice.post(PATH, b'{"title": 1e999, "unknown": -1e999}')

    assert response.status_code == 400
    assert response.json["details"] == [{"field": "title", "message": "Title must be a string"}]


def test_a_body_with_many_keys_is_accepted(alice: User) -> None:
    body = {f"key{n}": n for n in range(50_000)} | {"title": "a"}

    assert alice.post(PATH, body).status_code == 201


@pytest.mark.parametrize("url", BAD_URLS)
def test_a_url_that_is_not_percent_encoded_utf_8_is_refused(alice: User, url: str) -> None:
    for method in ("GET", "POST", "PATCH", "DELETE"):
        check(send_raw(alice, url, method), 400, *MESSAGES[400])


def test_a_bad_url_is_refused_before_authentication(alice: User) -> None:
    alice.token = "nonsense"

    check(send_raw(alice, "/api/opportunities/%zz"), 400, *MESSAGES[400])


@pytest.mark.parametrize(
    "path", ["/api/caf%C3%A9", only_in_process("/api/caf\xc3\xa9"), "/api/%F0%9F%8E%93"]
)
def test_an_unknown_route_in_utf_8_is_named_in_its_404(alice: User, path: str) -> None:
    named = unquote_to_bytes(path.encode("latin-1")).decode()

    check(send_raw(alice, path), 404, "Not Found", f"Route {named} not found")


@pytest.mark.parametrize(
    "path",
    [
        "/api/nowhere",
        "/api//opportunities",
        "/API/opportunities",
        "/api/opportunities/x/y",
        "/api/../etc/passwd",
        "/api/opportunities/%2e%2e/me",
        "/.env",
        "/api/<script>alert(1)</script>",
        "/api/{path}{0}%25s",
        "/api/%0d%0aSet-Cookie:a=b",
        "/api/" + "a" * 5000,
    ],
)
def test_an_unknown_route_is_a_404(alice: User, path: str) -> None:
    named = unquote_to_bytes(path).decode()
    for method in ("GET", "POST", "DELETE"):
        check(send_raw(alice, path, method), 404, "Not Found", f"Route {named} not found")


@pytest.mark.parametrize("query", ODD_QUERIES)
def test_an_unexpected_query_string_changes_nothing(alice: User, query: str) -> None:
    row = alice.create()

    assert send_raw(alice, f"{PATH}?{query}").json == [row]


@pytest.mark.parametrize(
    "method", ["BREW", "TRACE", "CONNECT", "PROPFIND", *map(only_in_process, ("X" * 500, "$"))]
)
@pytest.mark.parametrize("path", [PATH, f"{PATH}/1", "/api/analytics", "/api/health", "/healthz"])
def test_an_unknown_method_is_a_405(alice: User, method: str, path: str) -> None:
    response = alice.request(method, path)

    check(response, 405, "Method Not Allowed", f"{method} is not allowed for {path}")
    assert "GET" in response.headers["Allow"].split(", ")


@pytest.mark.parametrize("method", ["GET", "DELETE"])
@pytest.mark.parametrize("body", [b"{", b"\xff"], ids=["cut", "binary"])
def test_an_unexpected_body_is_not_read(alice: User, method: str, body: bytes) -> None:
    row = alice.create()

    response = alice.request(method, f"{PATH}/{row['id']}", body, content_type="text/plain")

    assert response.status_code == 200


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_an_unexpected_body_over_one_mebibyte_is_refused(alice: User, method: str) -> None:
    row = alice.create()

    response = alice.request(method, f"{PATH}/{row['id']}", b"x" * (MIB + 1))

    check(response, 413, "Payload Too Large", MESSAGES[413][1])
    assert alice.get(f"{PATH}/{row['id']}").json == row


@settings(
    max_examples=200,
    deadline=None,
    database=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(body=st.binary(min_size=1), content_type=st.sampled_from(["application/json", "text/plain"]))
def test_any_bytes_get_an_error_in_the_common_shape(
    alice: User, body: bytes, content_type: str
) -> None:
    response = alice.post(PATH, body, content_type=content_type)
    shape: dict[str, Any] = response.json

    assert response.status_code in {400, 415}
    assert isinstance(shape["error"], str)
    assert isinstance(shape["message"], str)
    assert shape["error"]
    assert shape["message"]
