"""The field ``tags``: a list of short texts, each once."""

from __future__ import annotations

from typing import Any, Final

from marshmallow import fields

from futuretracker.api.schemas.field_errors import FieldCode, Invalid
from futuretracker.api.schemas.storable import is_storable
from futuretracker.api.schemas.visible import visible

MOST: Final = 20  # tags
LONGEST: Final = 50  # characters of a tag


class Tags(fields.Field[list[str]]):
    """At most MOST texts, in their order. One that differs only in case is the same; null is none.

    A comma separates tags in query strings and in tables, in tables also a semicolon, so no tag has
    one.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(allow_none=True, **options)

    def deserialize(
        self, value: Any, attr: str | None = None, data: Any = None, **options: Any
    ) -> Any:
        """Return the tags; null is none."""
        return super().deserialize([] if value is None else value, attr, data, **options)

    def _deserialize(self, value: Any, *_args: Any, **_kwargs: Any) -> list[str]:
        if not isinstance(value, list):
            raise Invalid(FieldCode.WRONG_TYPE, 'Tags must be an array such as ["remote"]')
        if len(value) > MOST:
            message = f"Tags cannot have more than {MOST} entries"
            raise Invalid(FieldCode.TOO_MANY, message, maximum=MOST)
        tags: dict[str, str] = {}
        for tag in filter(None, map(_tag, value)):
            tags.setdefault(tag.casefold(), tag)
        return list(tags.values())


def _tag(value: object) -> str:
    if not isinstance(value, str):
        raise Invalid(FieldCode.WRONG_TYPE, "Each tag must be a string")
    if not is_storable(value):
        message = "Tags contain characters that cannot be stored"
        raise Invalid(FieldCode.NOT_STORABLE, message)
    tag = visible(value)
    if len(tag) > LONGEST:
        message = f"A tag cannot exceed {LONGEST} characters"
        raise Invalid(FieldCode.TOO_LONG, message, maximum=LONGEST)
    if "," in tag or ";" in tag:
        raise Invalid(FieldCode.INVALID, "A tag cannot contain a comma or a semicolon")
    return tag
