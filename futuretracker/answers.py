"""JSON responses from bytes that are JSON already."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from flask import Response

if TYPE_CHECKING:
    from collections.abc import Mapping

CONTENT_TYPE = "application/json; charset=utf-8"


def answer(
    body: bytes | Mapping[str, object], status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """Return ``body`` as JSON: bytes pass through as they are, a mapping is encoded."""
    if not isinstance(body, bytes):
        body = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode(
            "utf-8", "backslashreplace"
        )
    return Response(body, status, headers, content_type=CONTENT_TYPE)
