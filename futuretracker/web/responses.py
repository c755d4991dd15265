"""JSON responses."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING

from flask import Response, stream_with_context
from werkzeug.datastructures import Headers

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from wsgiref.types import StartResponse, WSGIEnvironment

CONTENT_TYPE = "application/json; charset=utf-8"


class Json(Response):
    """A response whose headers and body are complete; Flask adds nothing."""

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Send the response."""
        start_response(self.status, self.headers.to_wsgi_list())
        if environ["REQUEST_METHOD"] != "HEAD":
            return self.response  # type: ignore[return-value]
        self.close()
        return iter(()) if self.is_streamed else []


def json_response(
    body: bytes | Mapping[str, object] | Iterator[bytes],
    status: int = 200,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Return a JSON response.

    A mapping is encoded. Bytes must be JSON already, and so must an iterator, which is streamed,
    unless the headers name another content type.
    """
    fields = Headers(headers)
    fields.setdefault("Content-Type", CONTENT_TYPE)
    if isinstance(body, Iterator):
        return Json(stream_with_context(body), status, fields)
    if not isinstance(body, bytes):
        body = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode(
            "utf-8", "backslashreplace"
        )
    fields.add("Content-Length", len(body))
    return Json([body], status, fields)


def not_modified(headers: Mapping[str, str]) -> Response:
    """Return a 304: the client has the body already (RFC 9110, 15.4.5)."""
    response = Json([], 304, Headers(headers))
    del response.headers["Content-Type"]
    return response
