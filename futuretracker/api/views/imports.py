"""The import of opportunities from a file."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from futuretracker.api import audit
from futuretracker.api.audit import audited
from futuretracker.api.blueprint import ApiBlueprint
from futuretracker.api.contract import returns, takes, uploads
from futuretracker.api.schemas.field_errors import ValidationFailed
from futuretracker.api.schemas.import_lines import CLIENT, ORDERS, read_lines
from futuretracker.api.schemas.imports import SHOWN, ImportParameters, ImportResult
from futuretracker.api.schemas.uploads import KINDS, read_upload
from futuretracker.auth import allows
from futuretracker.database import read, write
from futuretracker.database.queries.imports import execute_import, select_import
from futuretracker.limits import weighs
from futuretracker.web.body import read_bytes
from futuretracker.web.request import current, request
from futuretracker.web.waiting import run_in_thread

if TYPE_CHECKING:
    from collections.abc import Mapping

    from futuretracker.api.contract import Result
    from futuretracker.api.schemas.field_errors import FieldError
    from futuretracker.api.schemas.import_lines import Lines
    from futuretracker.database.queries.imports import Imported

blueprint = ApiBlueprint("imports", tag="Opportunities")

A_WRITE: Final = 50_000  # bytes of a file that count as one write in the rate limits


def weigh() -> int:
    """Return how many writes the file counts as."""
    return 1 + len(read_bytes(current())) // A_WRITE


@blueprint.post("/opportunities/import")
@weighs(weigh)
@allows("opportunities:write")
@takes(query=ImportParameters)
@uploads(*KINDS)
@returns(ImportResult)
@audited("IMPORT_OPPORTUNITIES")
def import_opportunities(query: Mapping[str, Any]) -> Result:
    """Import opportunities from a file.

    Reads CSV, XLSX or JSON of at most 5 MiB and 10,000 lines, also exports of this and of other
    services, with their interview rounds. All lines are imported, or none if one is invalid, unless
    `atomic=false` is given. The request counts as one write in the rate limits for each 50,000
    bytes, and one more.
    """
    upload = read_upload()
    duplicates = query["duplicates"]
    order = ORDERS[query.get("dates")]
    lines = run_in_thread(read_lines, upload, order, duplicates)
    if lines.errors and query["atomic"] and not query["dry_run"]:
        raise failed(lines)
    entry = audit.entry()
    entry = entry._replace(client=CLIENT, details={**entry.details, "importedBy": entry.client})
    if query["dry_run"]:
        user_id = request.user_id
        found = read(select_import, user_id=user_id, items=lines.items, duplicates=duplicates)
    else:
        found = write(execute_import, audit=entry, items=lines.items, duplicates=duplicates)
    skipped = found.skipped + len(lines.repeated)
    counts = {"created": found.created, "updated": found.updated, "skipped": skipped}
    audit.committed(None, {**entry.details, "dryRun": query["dry_run"], **counts})
    return _body(lines, found, {"dryRun": query["dry_run"], **counts})


def failed(lines: Lines) -> ValidationFailed:
    """Return the 400 with the first errors, and the number of all."""
    shown = dict(list(lines.errors.items())[:SHOWN])
    error = ValidationFailed(shown)
    error.body["message"] = f"Nothing was imported. Invalid lines of the file: {lines.failed:,}"
    error.in_v1 = {**error.in_v1, "failed": lines.failed}
    return error


def _body(lines: Lines, found: Imported, counts: Mapping[str, object]) -> bytes:
    result = {
        **counts,
        "failed": lines.failed,
        "ignoredColumns": lines.ignored,
        "errors": [_error(*each) for each in list(lines.errors.items())[:SHOWN]],
        "lines": [],
    }
    rest = [*json.loads(found.lines)]
    ids = {each["line"]: each["id"] for each in rest}
    rest += [
        {"line": line, "status": "skipped", "id": ids.get(first)}
        for line, first in lines.repeated.items()
    ]
    result["lines"] = sorted(rest, key=lambda each: each["line"])
    return json.dumps(result, separators=(",", ":")).encode()


def _error(name: str, error: FieldError) -> Mapping[str, object]:
    return {"field": name, "message": error.message, "code": error.code, **error.facts}
