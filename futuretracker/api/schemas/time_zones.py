"""Time zones by their names in the IANA database, such as ``Europe/Berlin``."""

from __future__ import annotations

import functools
import zoneinfo
from typing import TYPE_CHECKING, Any

from marshmallow import fields

from futuretracker.api.schemas.field_errors import FieldCode, Invalid

if TYPE_CHECKING:
    from collections.abc import Mapping

BAD_TIME_ZONE = "must be an IANA time zone such as Europe/Berlin"


class TimeZone(fields.Field[str]):
    """The name of a time zone."""

    def __init__(self, name: str, **options: Any) -> None:
        super().__init__(**options)
        self._message = f"{name} {BAD_TIME_ZONE}"

    def _deserialize(self, value: Any, *_args: Any, **_kwargs: Any) -> str:
        name = time_zone(value) if isinstance(value, str) else None
        if name is None:
            raise Invalid(FieldCode.BAD_TIME_ZONE, self._message)
        return name


def time_zone(text: str) -> str | None:
    """Return the name of a time zone as the database spells it; None if there is no such one."""
    return names().get(text.lower())


@functools.cache
def names() -> Mapping[str, str]:
    """Return the names of all time zones, by their names in lower case.

    Two names are not of the IANA: what they mean depends on the host.
    """
    known = zoneinfo.available_timezones() - {"Factory", "localtime"}
    return {name.lower(): name for name in known}
