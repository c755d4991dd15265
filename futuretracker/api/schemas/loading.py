"""Load values with a schema. Report every error, and the fields of a body that have no effect."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from marshmallow import ValidationError

from futuretracker.api.schemas.body import read_object
from futuretracker.api.schemas.field_errors import FieldError, ValidationFailed, errors_of
from futuretracker.api.schemas.ignored import header_value
from futuretracker.web.preferences import is_strict
from futuretracker.web.request import current

if TYPE_CHECKING:
    from collections.abc import Mapping

    from marshmallow import Schema

    from futuretracker.api.schemas.base import Request

NOTHING: Final[Mapping[str, FieldError]] = MappingProxyType({})


def read_fields(schema: Request) -> dict[str, Any]:
    """Return the values of the body, loaded by the schema; raise ValidationFailed.

    Fields without effect are named in a header of the response, whatever the response is. With
    ``Prefer: handling=strict`` they are errors.
    """
    given = read_object()
    request = current()
    ignored = schema.without_effect(given)
    if ignored:
        request.response_headers["X-Ignored-Fields"] = header_value(ignored)
    if not is_strict(request.environ.get("HTTP_PREFER")):
        return load(schema, given)
    request.response_headers["Preference-Applied"] = "handling=strict"
    return load(schema, given, schema.refusals(ignored, given))


def load(
    schema: Schema, given: Mapping[str, Any], refused: Mapping[str, FieldError] = NOTHING
) -> dict[str, Any]:
    """Return the values, loaded by the schema; raise ValidationFailed with all errors.

    ``refused`` has the errors of the names that the schema does not know.
    """
    try:
        fields: dict[str, Any] = schema.load(given)
    except ValidationError as error:
        errors = errors_of(schema, error)
        if refused:  # they say why there is nothing to update
            errors.pop("", None)
        # The first errors also decide the order and, for the same field, the message.
        raise ValidationFailed({**errors, **refused, **errors}) from error
    if refused:
        raise ValidationFailed(refused)
    return fields
