"""The two API versions, and everything that differs between them.

``/api`` is the original API: deprecated but unchanged, for existing clients. ``/api/v1`` is the
current one. Most views serve both versions, and look up here what differs.
"""

from __future__ import annotations

from typing import LiteralString, NamedTuple

from futuretracker.database.queries import columns
from futuretracker.web.request import current


class ApiVersion(NamedTuple):
    """An API version: the name of its blueprint, its path prefix, and its columns."""

    name: str
    prefix: str
    columns: LiteralString


ORIGINAL = ApiVersion(
    name="original",
    prefix="/api",
    columns=columns.ORIGINAL,
)
V1 = ApiVersion(
    name="v1",
    prefix="/api/v1",
    columns=columns.V1,
)


def api_version() -> ApiVersion:
    """Return the API version of the current request; its route's blueprint decides."""
    return V1 if current().api_version == V1.name else ORIGINAL
