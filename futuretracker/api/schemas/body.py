"""Read request bodies strictly: the size, the content type, the JSON, then the fields."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from marshmallow import ValidationError
from werkzeug.exceptions import (
    ClientDisconnected,
    HTTPException,
    RequestEntityTooLarge,
    UnsupportedMediaType,
)

from futuretracker.web.errors import ApiError, ValidationFailed
from futuretracker.web.request import MAX_BODY, current

if TYPE_CHECKING:
    from collections.abc import Mapping

    from marshmallow import Schema

    from futuretracker.web.request import Request

_JSON_TYPE = re.compile(r"application/([\w.-]+\+)?json", re.ASCII).fullmatch


def read_fields(schema: Schema) -> dict[str, Any]:
    """Return the values of the body, loaded by the schema; raise ValidationFailed."""
    return load(schema, read_object())


def load(schema: Schema, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values, loaded by the schema; raise ValidationFailed."""
    try:
        fields: dict[str, Any] = schema.load(given)
    except ValidationError as error:
        failed = error.normalized_messages()  # type: ignore[no-untyped-call]
        order = [field.data_key or name for name, field in schema.fields.items()]
        order += [name for name in failed if name not in order]
        raise ValidationFailed(
            {name.removeprefix("_schema"): failed[name][0] for name in order if name in failed}
        ) from error
    return fields


def read_object() -> dict[str, Any]:
    """Return the body as a JSON object without operator keys; an empty body counts as ``{}``."""
    body = read_body()
    if not body:
        return {}
    try:
        value = _parse(body.decode())
    except (ValueError, RecursionError) as error:
        raise ApiError(400, "Invalid JSON", "The request body is not valid JSON") from error
    if not isinstance(value, dict):
        raise ValidationFailed({"": "The request body must be a JSON object"})
    return value


def read_body() -> bytes:
    """Return the body; raise UnsupportedMediaType if it has a content type other than JSON."""
    request = current()
    body = _read_bytes(request)
    # Parsing the content type is slow, and this is the usual one.
    kind = request.environ.get("CONTENT_TYPE")
    if body and kind and kind != "application/json" and not _JSON_TYPE(request.mimetype):
        raise UnsupportedMediaType
    return body


def _read_bytes(request: Request) -> bytes:
    try:
        if "wsgi.input_terminated" in request.environ:
            body: bytes = request.environ["wsgi.input"].read(MAX_BODY + 1)
        else:  # the server does not mark the end; Content-Length does
            body = request.get_data(cache=False)
    except HTTPException:
        raise
    except (OSError, ValueError) as error:  # the connection broke
        raise ClientDisconnected from error
    except Exception as error:  # servers raise errors of their own for a broken body
        raise ApiError(400, "Bad Request", "The request body could not be read") from error
    if len(body) > MAX_BODY:
        raise RequestEntityTooLarge
    return body


def _without_operators(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Drop keys that begin with ``$`` or contain a dot, at every depth.

    MongoDB would read them as operators; the original API removed them, and clients may rely on it.
    """
    return {key: value for key, value in pairs if not key.startswith("$") and "." not in key}


def _no_constant(name: str) -> None:
    message = f"{name} is not JSON"
    raise ValueError(message)


_parse = json.JSONDecoder(object_pairs_hook=_without_operators, parse_constant=_no_constant).decode
