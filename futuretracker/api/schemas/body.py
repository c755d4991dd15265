"""Read request bodies strictly: the size, the content type, then the JSON."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from werkzeug.exceptions import UnsupportedMediaType

from futuretracker.api.schemas.field_errors import FieldCode, FieldError, ValidationFailed
from futuretracker.api.schemas.storable import made_whole
from futuretracker.web.body import read_bytes
from futuretracker.web.errors import ApiError
from futuretracker.web.request import current
from futuretracker.web.strict_json import refuse_constant

if TYPE_CHECKING:
    from collections.abc import Collection

    from futuretracker.web.request import Request

_JSON_TYPE = re.compile(r"application/([\w.-]+\+)?json", re.ASCII).fullmatch


class JsonObject(dict[str, Any]):
    """A JSON object without operator keys. ``names`` has these too, in the order of the body."""

    names: Collection[str] = ()


def read_object() -> JsonObject:
    """Return the body as a JSON object without operator keys; an empty body counts as ``{}``."""
    request = current()
    if request.parsed is None:
        request.parsed = _read_object()
    found: JsonObject = request.parsed
    return found


def _read_object() -> JsonObject:
    body = read_body()
    if not body:
        return JsonObject()
    try:
        value = _parse(body.decode())
    except (ValueError, RecursionError) as error:
        raise ApiError(400, "Invalid JSON", "The request body is not valid JSON") from error
    if not isinstance(value, JsonObject):
        raise ValidationFailed(
            {"": FieldError(FieldCode.WRONG_TYPE, "The request body must be a JSON object")}
        )
    return value


def read_body() -> bytes:
    """Return the body; raise the 415 if it is compressed, or has a content type other than JSON."""
    request = current()
    body = read_bytes(request)
    check_coding(request, body)
    # Parsing the content type is slow, and this is the usual one.
    kind = request.environ.get("CONTENT_TYPE")
    if body and kind and kind != "application/json" and not _JSON_TYPE(request.mimetype):
        raise UnsupportedMediaType
    return body


def check_coding(request: Request, body: bytes) -> None:
    """Raise the 415 if the body is compressed."""
    coding = request.environ.get("HTTP_CONTENT_ENCODING")
    if body and coding and coding.strip().lower() != "identity":
        raise _compressed()


def _compressed() -> ApiError:
    """Return the 415 that says which codings are accepted (RFC 9110, section 15.5.16)."""
    return ApiError(
        415,
        "Unsupported Media Type",
        "The request body must not be compressed (Content-Encoding)",
        headers={"Accept-Encoding": "identity"},
    )


def _clean(pairs: list[tuple[str, Any]]) -> JsonObject:
    """Drop keys that begin with ``$`` or contain a dot, at every depth; fix cut texts.

    MongoDB would read such keys as operators; the original API removed them, and clients may rely
    on it. The JSON parser has joined whole pairs of surrogates before.
    """
    found = JsonObject(
        (key, made_whole(value) if isinstance(value, str) else value)
        for key, value in pairs
        if not key.startswith("$") and "." not in key
    )
    found.names = dict.fromkeys(key for key, _ in pairs)
    return found


_parse = json.JSONDecoder(object_pairs_hook=_clean, parse_constant=refuse_constant).decode
