"""What became of the operations of a batch: the results, the 404 and the audit."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from futuretracker.api import audit
from futuretracker.api.schemas.field_errors import FieldCode, FieldError, ValidationFailed
from futuretracker.web.errors import not_found

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from futuretracker.api.schemas.operations import Operation
    from futuretracker.database.queries.batch import Done
    from futuretracker.web.errors import ApiError

    Outcomes = Sequence[tuple[Operation, Done | None]]


def audit_details(operation: Operation) -> Mapping[str, object]:
    """Return the details of its audit entry, the same as those of a request of its own."""
    values = operation.values
    if operation.op == "create":
        return {"title": values.get("title"), "category": values.get("category")}
    return {"updatedFields": list(values)} if operation.op == "update" else {}


def log_changes(entry: audit.Entry, outcomes: Outcomes) -> None:
    """Let each operation that has changed something write an AUDIT log line."""
    audit.committed_changes(
        [
            audit.Change(
                f"{each.op.upper()}_OPPORTUNITY",
                done.id,
                {
                    **entry.details,
                    **audit_details(each),
                    **({"title": done.title} if done.title else {}),
                },
            )
            for each, done in outcomes
            if done and done.id
        ]
    )


def missing(outcomes: Outcomes) -> ApiError:
    """Return the 404 that names the operations whose opportunity does not exist."""
    lacking = FieldError(FieldCode.NOT_FOUND, "Opportunity not found")
    names = [
        f"operations.{place}.id"
        for place, (_, done) in enumerate(outcomes)
        if done and not done.found
    ]
    error = not_found("Opportunity")
    error.body["message"] = f"Opportunity not found: {', '.join(names)}"
    error.in_v1 = ValidationFailed(dict.fromkeys(names, lacking)).in_v1
    return error


def body_of(outcomes: Outcomes) -> bytes:
    """Return the results of all operations as JSON."""
    return b'{"results":[' + b",".join(_result(*each) for each in outcomes) + b"]}"


def _result(operation: Operation, done: Done | None) -> bytes:
    """Return the result of one operation; the opportunity is as Postgres sent it."""
    error: ApiError | None = None
    if done is None:
        error = ValidationFailed(operation.invalid)
    elif done.id is None:
        error = not_found("Opportunity")
    usual = 201 if operation.op == "create" else 200
    result = {
        "op": operation.op,
        "status": error.code if error else usual,
        "id": (done and done.id) or (operation.id and str(operation.id)),
        "error": error and {**error.body, **error.in_v1, "code": error.slug},
    }
    row = (done and done.row) or b"null"
    return json.dumps(result, separators=(",", ":")).encode()[:-1] + b',"opportunity":' + row + b"}"
