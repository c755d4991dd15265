"""Accept values that a schema refuses, if they equal the stored ones.

A client of the original API sends a whole opportunity back to change one field. The other fields
may have values that only v1 accepts. The statement that makes the change compares them with the
stored ones.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from marshmallow import ValidationError

from futuretracker.api.schemas.base import Request
from futuretracker.api.schemas.field_errors import FieldError, ValidationFailed, errors_of
from futuretracker.api.schemas.storable import is_storable

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping


class Refused(NamedTuple):
    """The refused values of a request: for each field its text and its error.

    A text is None if it cannot equal a stored value.
    """

    texts: Mapping[str, str | None]
    errors: Mapping[str, FieldError]

    def error(self, differing: Collection[str]) -> ValidationFailed:
        """Return the 400 for the fields that differ from the stored ones."""
        return ValidationFailed(
            {name: error for name, error in self.errors.items() if name in differing}
        )


class StoredPasses(Request):
    """A change that accepts an invalid value if the same value is stored already.

    Loading fails only if no refused value can equal a stored one. Otherwise the values have an
    entry ``refused``.
    """

    def load(self, data: Any, **options: Any) -> Any:
        """Return the values of the valid fields, and those that are refused."""
        try:
            return super().load(data, **options)
        except ValidationError as error:
            errors = errors_of(self, error)
            texts = {name: _storable(data[name]) for name in errors if name in data}
            if not any(texts.values()):
                raise
        rest = {name: data[name] for name in self.fields if name in data and name not in texts}
        values = super().load(rest, **options) if rest else {}
        return {**values, "refused": Refused(texts, errors)}


def _storable(value: object) -> str | None:
    return value if isinstance(value, str) and is_storable(value) else None
