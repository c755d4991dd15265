"""What can be wrong with a field, a query parameter or an id: the codes, and the 400 with them."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from marshmallow import ValidationError
from marshmallow.exceptions import SCHEMA

from futuretracker.web.errors import ApiError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from marshmallow import Schema


class FieldCode(StrEnum):
    """Identifies for programs what is wrong with a field. A code never changes its meaning."""

    about: str

    def __new__(cls, code: str, about: str) -> Self:
        """Make a member that is the code as text, with its description."""
        member = str.__new__(cls, code)
        member._value_ = code
        member.about = about
        return member

    REQUIRED = "required", "It is missing."
    EMPTY = "empty", "It must have a value, and the text is empty or null."
    TOO_LONG = "too_long", "It has more than `maximum` characters."
    WRONG_TYPE = "wrong_type", "It has another type, such as a number in place of a text."
    NOT_ONE_OF = "not_one_of", "It is none of the values in `allowed`."
    OUT_OF_RANGE = (
        "out_of_range",
        (
            "It is not between `minimum` and `maximum`; or a time is in the future, or a day before"
            " 1970."
        ),
    )
    BAD_DATE = "bad_date", "It is not a date of the calendar."
    BAD_TIME = "bad_time", "It is not a time of day."
    BAD_TIME_ZONE = "bad_time_zone", "It is not a time zone of the IANA database."
    BAD_URL = "bad_url", "It is not a link that a browser opens."
    BAD_ID = "bad_id", "It is not a UUID."
    BAD_NETWORK = "bad_network", "It has an entry that is no IP address and no network."
    BAD_PUBLIC_KEY = "bad_public_key", "It is not an ed25519 public key as PEM or JWK."
    PRIVATE_KEY = "private_key", "It is a private key, which no service may have."
    NOT_STORABLE = "not_storable", "It has characters that cannot be stored, such as NUL."
    INVALID = "invalid", "It is invalid in another way, such as a `cursor` of another list."
    OUT_OF_ORDER = "out_of_order", "The last day is before the first."
    SPAN_TOO_LONG = "span_too_long", "The days are more than `maximum` days apart."
    PAST = "past", "The time has passed."
    TOO_FAR = "too_far", "The time is more than `maximum` days from now."
    TOO_MANY = "too_many", "It has more than `maximum` entries."
    REPEATED = "repeated", "The query parameter, or an entry of the array, is given repeatedly."
    CONTRADICTION = "contradiction", "It contradicts another field."
    WIDER = "wider", "It would give the API key more rights than it has."
    UNKNOWN_PARAMETER = "unknown_parameter", "There is no such query parameter."
    UNKNOWN_FIELD = "unknown_field", "There is no such field."
    READ_ONLY_FIELD = "read_only_field", "Only the service sets it."
    NOT_APPLICABLE = "not_applicable", "An opportunity of this category does not have it."
    NOT_FOUND = "not_found", "There is no such opportunity."
    NOTHING_TO_UPDATE = "nothing_to_update", "The body has no field that can be updated."


class FieldError(NamedTuple):
    """What is wrong with one field: its code, a message for the user, and facts for programs."""

    code: FieldCode
    message: str
    facts: Mapping[str, object] = {}


class Invalid(ValidationError):
    """An invalid value. It reaches the client as one FieldError; "" is the body as a whole."""

    def __init__(
        self, code: FieldCode, message: str, *, field: str = SCHEMA, **facts: object
    ) -> None:
        super().__init__([FieldError(code, message, facts)], field)


class ValidationFailed(ApiError):
    """400 with one entry for each invalid field, in the order of ``errors``. v1 has the codes."""

    def __init__(self, errors: Mapping[str, FieldError]) -> None:
        details = [{"field": name, "message": error.message} for name, error in errors.items()]
        super().__init__(400, "Validation Error", "The request data is invalid", details=details)
        self.errors = errors
        self.in_v1 = {
            "details": [
                {"field": name, "message": error.message, "code": error.code, **error.facts}
                for name, error in errors.items()
            ]
        }


def required(message: str) -> dict[str, Any]:
    """Return the options of a field that must be given."""
    errors = {"required": [FieldError(FieldCode.REQUIRED, message)]}
    return {"required": True, "error_messages": errors}


def errors_of(schema: Schema, error: ValidationError) -> dict[str, FieldError]:
    """Return one error for each invalid field, in the order of the fields; "" is the body."""
    failed = error.normalized_messages()  # type: ignore[no-untyped-call]
    order = [field.data_key or name for name, field in schema.fields.items()]
    order += [name for name in failed if name not in order]
    return {
        name.removeprefix("_schema"): _coded(failed[name][0]) for name in order if name in failed
    }


def _coded(found: FieldError | str) -> FieldError:
    """Return the error; marshmallow's own rules have a message only."""
    return FieldError(FieldCode.INVALID, found) if isinstance(found, str) else found
