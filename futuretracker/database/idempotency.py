"""Run the change of a request that has an idempotency key: carry it out once, then repeat."""

# pyright: reportImportCycles=false

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from psycopg.errors import UniqueViolation

from futuretracker.database.failures import DatabaseFailure
from futuretracker.database.kinds import LOCK_TIMEOUT
from futuretracker.database.queries.changes import OtherForm, remembering, repeating
from futuretracker.database.queries.idempotency_keys import select_key
from futuretracker.telemetry import metrics
from futuretracker.web.errors import ApiError, not_allowed
from futuretracker.web.request import current

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from futuretracker.database.pool import Found, Pool, Query, Values
    from futuretracker.database.queries.idempotency_keys import KnownKey
    from futuretracker.web.request import IdempotencyKey

REUSED: Final = (
    "A request with this Idempotency-Key and another content was carried out before. Make a new key"
    " for each change."
)
OUTDATED: Final = (
    "A request with this Idempotency-Key was carried out before the service was updated, so its"
    " response cannot be repeated. Read what it has changed."
)
IN_PROGRESS: Final = (
    "A request with this Idempotency-Key is being carried out. Send it again in a moment."
)


def write_once(
    pool: Pool,
    key: IdempotencyKey,
    query: Query[Values, Found],
    /,
    *args: Values.args,
    **kwargs: Values.kwargs,
) -> Found:
    """Run a query that changes something, or return what it returned for this key before.

    Raise the 422 if that request was another one, and the 409 if it is not over yet or another
    release has carried it out. Raise DatabaseFailure.
    """
    request = current()
    if request.is_remembered:
        message = "a request with an idempotency key may make one change only"
        raise RuntimeError(message)
    request.is_remembered = True
    try:
        return pool.run(remembering(query, key), *args, **kwargs)
    except UniqueViolation as error:
        if error.diag.constraint_name != "idempotency_keys_pkey":
            raise
        found = pool.run(select_key, user_id=request.user_id, key=key)
    except DatabaseFailure as failure:
        if failure.kind is not LOCK_TIMEOUT:
            raise
        found = pool.run(select_key, user_id=request.user_id, key=key)
        if found.rows is None and not found.is_busy:
            raise  # another change holds the lock
    rows = _rows_of(found)
    request.is_replayed = True
    request.response_headers["Idempotent-Replayed"] = "true"
    try:
        repeated = query(repeating(rows, found.form), *args, **kwargs)
    except OtherForm:
        metrics.repeated_keys.labels("outdated").inc()
        raise not_allowed(409, "response_outdated", OUTDATED) from None
    metrics.repeated_keys.labels("replayed").inc()
    return repeated


def _rows_of(known: KnownKey) -> Sequence[Mapping[str, Any]]:
    if known.rows is None:
        metrics.repeated_keys.labels("in_progress").inc()
        error = not_allowed(409, "request_in_progress", IN_PROGRESS)
        error.headers["Retry-After"] = "1"
        raise error
    if not known.is_same:
        metrics.repeated_keys.labels("reused").inc()
        error = ApiError(422, "Unprocessable Content", REUSED)
        error.slug = "idempotency_key_reused"
        raise error
    return known.rows
