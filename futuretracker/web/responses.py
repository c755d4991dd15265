"""JSON responses."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from flask import Response
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
        return [] if environ["REQUEST_METHOD"] == "HEAD" else self.response  # type: ignore[return-value]


def json_response(
    body: bytes | Mapping[str, object], status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """Return a JSON response. A mapping is encoded; bytes must be JSON already."""
    if not isinstance(body, bytes):
        body = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode(
            "utf-8", "backslashreplace"
        )
    fields = Headers(headers)
    fields.add("Content-Type", CONTENT_TYPE)
    fields.add("Content-Length", len(body))
    return Json([body], status, fields)
