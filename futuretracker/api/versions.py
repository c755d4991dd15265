"""The two API versions, and everything that differs between them.

``/api`` is the original API: deprecated but unchanged, for existing clients. ``/api/v1`` is the
current one. Most views serve both versions, and look up here what differs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, LiteralString, NamedTuple

from futuretracker.api.schemas import opportunities
from futuretracker.database.queries import analytics, columns
from futuretracker.web.request import current

if TYPE_CHECKING:
    from marshmallow import Schema


class ApiVersion(NamedTuple):
    """An API version: the name of its blueprint, its path prefix, its columns and schemas."""

    name: str
    prefix: str
    columns: LiteralString
    new_opportunity: Schema
    opportunity_changes: Schema
    analytics: analytics.Parts


ORIGINAL = ApiVersion(
    name="original",
    prefix="/api",
    columns=columns.ORIGINAL,
    new_opportunity=opportunities.NewOpportunity(),
    opportunity_changes=opportunities.Changes(),
    analytics=analytics.ORIGINAL,
)
V1 = ApiVersion(
    name="v1",
    prefix="/api/v1",
    columns=columns.V1,
    new_opportunity=opportunities.V1NewOpportunity(),
    opportunity_changes=opportunities.V1Changes(),
    analytics=analytics.V1,
)


def api_version() -> ApiVersion:
    """Return the API version of the current request; its route's blueprint decides."""
    endpoint = current().endpoint or ""
    return V1 if endpoint.startswith("v1.") else ORIGINAL
