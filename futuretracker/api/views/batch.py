"""Several operations on opportunities in one request."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from futuretracker.api import audit
from futuretracker.api.audit import audited
from futuretracker.api.batch_results import audit_details, body_of, log_changes, missing
from futuretracker.api.blueprint import ApiBlueprint
from futuretracker.api.contract import errors, returns, takes
from futuretracker.api.schemas.batch import Batch, weigh
from futuretracker.api.schemas.batch_responses import BatchResults
from futuretracker.auth import allows
from futuretracker.database import write
from futuretracker.database.queries.batch import Step, execute_batch
from futuretracker.database.queries.columns import V1
from futuretracker.limits import weighs

if TYPE_CHECKING:
    from collections.abc import Sequence

    from futuretracker.api.contract import Result
    from futuretracker.api.schemas.operations import Operation

blueprint = ApiBlueprint("batch", tag="Opportunities")


@blueprint.post("/opportunities/batch")
@weighs(weigh)
@allows("opportunities:write")
@takes(Batch)
@returns(BatchResults)
@errors(404)
@audited("BATCH_OPPORTUNITIES")
def batch_opportunities(values: dict[str, Any]) -> Result:
    """Create, update and delete several opportunities.

    Carries out up to 100 operations, all or none of them. With `"atomic": false` each operation
    succeeds or fails by itself, and its result says so. Each operation counts as one write in the
    rate limits. No two operations may have the same id.
    """
    operations: Sequence[Operation] = values["operations"]
    entry = audit.entry()
    steps = [
        Step(each.op, each.id, each.values, audit_details(each))
        for each in operations
        if not each.invalid
    ]
    done = iter(write(execute_batch, audit=entry, steps=steps, atomic=values["atomic"], columns=V1))
    outcomes = [(each, None if each.invalid else next(done)) for each in operations]
    if values["atomic"] and any(each and not each.found for _, each in outcomes):
        raise missing(outcomes)
    log_changes(entry, outcomes)
    return body_of(outcomes)
