"""Fields with several values of a few, and with true or false."""

from __future__ import annotations

from typing import Any

from marshmallow import fields

from futuretracker.api.schemas.field_errors import FieldCode, FieldError, Invalid


class Choices(fields.Field[list[str]]):
    """One or more of a few values, each once, in an array."""

    def __init__(self, name: str, choices: tuple[str, ...], **options: Any) -> None:
        self._empty = f"{name} must have at least one of: {', '.join(choices)}"
        errors = {"null": [FieldError(FieldCode.EMPTY, self._empty)]}
        super().__init__(error_messages={**errors, **options.pop("error_messages", {})}, **options)
        self._name = name
        self.choices = choices

    def _deserialize(self, value: Any, *_args: Any, **_kwargs: Any) -> list[str]:
        if not isinstance(value, list):
            message = f'{self._name} must be an array such as ["{self.choices[0]}"]'
            raise Invalid(FieldCode.WRONG_TYPE, message)
        if not value:
            raise Invalid(FieldCode.EMPTY, self._empty)
        if any(each not in self.choices for each in value):
            message = f"{self._name} must be among: {', '.join(self.choices)}"
            raise Invalid(FieldCode.NOT_ONE_OF, message, allowed=self.choices)
        if len(set(value)) < len(value):
            raise Invalid(FieldCode.REPEATED, f"{self._name} must not have the same value twice")
        return [choice for choice in self.choices if choice in value]


class Flag(fields.Field[bool]):
    """True or false, and no word or number in its place."""

    def __init__(self, name: str, **options: Any) -> None:
        self._message = f"{name} must be true or false"
        errors = {"null": [FieldError(FieldCode.WRONG_TYPE, self._message)]}
        super().__init__(error_messages={**errors, **options.pop("error_messages", {})}, **options)

    def _deserialize(self, value: Any, *_args: Any, **_kwargs: Any) -> bool:
        if not isinstance(value, bool):
            raise Invalid(FieldCode.WRONG_TYPE, self._message)
        return value
