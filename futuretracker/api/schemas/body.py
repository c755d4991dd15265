"""What arrives is read strictly: the URL's encoding, the content type, the JSON, the fields."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any
from uuid import UUID

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

_ID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}").fullmatch
_JSON_TYPE = re.compile(r"application/([\w.-]+\+)?json", re.ASCII).fullmatch


def read_id(text: str, field: str = "id", what: str = "opportunity") -> UUID:
    """Return an id of the path; raise ValidationFailed where it is no UUID."""
    if not _ID(text):
        raise ValidationFailed({field: f"Invalid {what} ID format"})
    return UUID(text)


def read_fields(schema: Schema) -> dict[str, Any]:
    """Return the body's fields as the schema wants them, or raise ValidationFailed."""
    return load(schema, read_object())


def load(schema: Schema, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields as the schema wants them, or raise ValidationFailed."""
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
    """Return the body as a JSON object without operator keys; an empty body is an empty object."""
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
    """Return the bytes of a body that is JSON by its content type, or has none; raise the 4xx."""
    request = current()
    body = _read_bytes(request)
    # Nearly all say just that, and the type of others is taken apart.
    kind = request.environ.get("CONTENT_TYPE")
    if body and kind and kind != "application/json" and not _JSON_TYPE(request.mimetype):
        raise UnsupportedMediaType
    return body


def _read_bytes(request: Request) -> bytes:
    try:
        if "wsgi.input_terminated" in request.environ:
            body: bytes = request.environ["wsgi.input"].read(MAX_BODY + 1)
        else:  # its length alone says where it ends
            body = request.get_data(cache=False)
    except HTTPException:
        raise
    except (OSError, ValueError) as error:  # lost on the way
        raise ClientDisconnected from error
    except Exception as error:  # a server has errors of its own for a broken body
        raise ApiError(400, "Bad Request", "The request body could not be read") from error
    if len(body) > MAX_BODY:
        raise RequestEntityTooLarge
    return body


def _without_operators(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Drop keys that begin with ``$`` or hold a dot, at every depth, as the guide's service did."""
    return {key: value for key, value in pairs if not key.startswith("$") and "." not in key}


def _no_constant(name: str) -> None:
    message = f"{name} is not JSON"
    raise ValueError(message)


_parse = json.JSONDecoder(object_pairs_hook=_without_operators, parse_constant=_no_constant).decode
