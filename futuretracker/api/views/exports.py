"""The export of opportunities as a file."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from futuretracker.api.blueprint import ApiBlueprint
from futuretracker.api.contract import files, returns, takes
from futuretracker.api.schemas.exports import ExportedOpportunity, ExportParameters
from futuretracker.api.streaming import FIRST, WORTH, parts_of
from futuretracker.auth import allows
from futuretracker.database import read
from futuretracker.database.queries.exports import at_once, exported
from futuretracker.database.queries.pages import FILTERS, select_page
from futuretracker.limits import weighs
from futuretracker.transfer.writing import FORMATS, XLSX_TYPE
from futuretracker.web.request import request

if TYPE_CHECKING:
    from collections.abc import Mapping

    from futuretracker.api.contract import Result
    from futuretracker.database.queries.one_page import Page, Place

blueprint = ApiBlueprint("exports", tag="Opportunities")


@blueprint.get("/opportunities/export")
@weighs(lambda: WORTH)
@allows("opportunities:read")
@takes(query=ExportParameters)
@returns(ExportedOpportunity, many=True, headers=["Content-Disposition"])
@files("text/csv", XLSX_TYPE)
def export_opportunities(query: Mapping[str, Any]) -> Result:
    """Export opportunities.

    Returns all opportunities that match all filters as a file, newest first: CSV, JSON or XLSX. The
    file arrives in parts; if the connection ends before the file does, send the request again. A
    change during the export may or may not be in the file. The request counts as 20 in the rate
    limits.
    """
    first = _read_part(query, None, FIRST)
    parts = parts_of(first, lambda after, limit: _read_part(query, after, limit))
    name, form = query["format"], FORMATS[query["format"]]
    today = dt.datetime.now(dt.UTC).date()
    return form.write(parts), {
        "Content-Type": form.media_type,
        "Content-Disposition": f'attachment; filename="opportunities-{today}.{name}"',
    }


def _read_part(query: Mapping[str, Any], after: Place | None, limit: int) -> Page:
    include = query.get("include", ())
    page = read(
        select_page,
        user_id=request.user_id,
        columns=exported(include),
        after=after,
        limit=at_once(include, limit),
        filters={name: query[name] for name in FILTERS if name in query},
        search=query.get("q", ()),
    )
    request.exported += page.length
    return page
