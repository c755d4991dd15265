"""The two surfaces: all that sets them apart stands in this table.

``/api`` is the guide's, for clients that are there already; ``/api/v1`` is the canonical one. They
share their views, which ask here for what differs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, LiteralString, NamedTuple

from futuretracker.api.schemas import opportunities
from futuretracker.database.queries import analytics, columns
from futuretracker.web.request import current

if TYPE_CHECKING:
    from marshmallow import Schema


class Surface(NamedTuple):
    """Where a surface begins, what its rows show, what it takes, what its analytics count."""

    prefix: str
    columns: LiteralString
    new_opportunity: Schema
    changes: Schema
    analytics: analytics.Parts


GUIDE = Surface(
    prefix="/api",
    columns=columns.GUIDE,
    new_opportunity=opportunities.NewOpportunity(),
    changes=opportunities.Changes(),
    analytics=analytics.GUIDE,
)
V1 = Surface(
    prefix="/api/v1",
    columns=columns.V1,
    new_opportunity=opportunities.V1NewOpportunity(),
    changes=opportunities.V1Changes(),
    analytics=analytics.V1,
)


def surface() -> Surface:
    """Return the surface that the current request came to."""
    return V1 if current().path.startswith("/api/v1/") else GUIDE
