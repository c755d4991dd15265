"""The job with Flask and the service's own queries, and nothing that guards it.

No token, budget, schema, header or log line: what the service uses beyond this is what its guards
cost. The worker, the pool's settings and the statements are the same.
"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any
from uuid import UUID

from flask import Flask, Response, request
from psycopg_pool import ConnectionPool

from futuretracker.api.schemas.cursors import encode
from futuretracker.database.queries import opportunities as rows
from futuretracker.database.queries.audit import AuditEntry
from futuretracker.database.queries.columns import ORIGINAL
from futuretracker.database.queries.pages import select_page

if TYPE_CHECKING:
    from collections.abc import Callable

JSON = "application/json"
NOT_FOUND = b'{"error":"Not Found"}'
app = Flask(__name__, static_folder=None)
pool = ConnectionPool(
    os.environ["DATABASE_URL"],
    kwargs={"autocommit": True, "prepare_threshold": 0},
    min_size=1,
    max_size=5,
    open=True,
)


def run(query: Callable[..., Any], **values: object) -> Any:
    """Run a query in autocommit, which needs none of the care of ``pool.connection()``."""
    conn = pool.getconn()
    try:
        return query(conn, **values)
    finally:
        pool.putconn(conn)


def user() -> UUID:
    """Return who the request says that it is of."""
    return UUID(request.headers["X-User"])


def audit(action: str) -> AuditEntry:
    """Return what the statement writes into the audit."""
    return AuditEntry(user(), "bare", "bare", {"action": action})


@app.get("/readyz")
def ready() -> Response:
    """Answer."""
    return Response(b"{}", content_type=JSON)


@app.get("/api/opportunities")
def list_opportunities() -> Response:
    """Return all rows."""
    return Response(run(rows.select_opportunities, user_id=user()), content_type=JSON)


@app.get("/api/v1/opportunities")
def list_page() -> Response:
    """Return one page of rows."""
    me, order, limit = user(), "-created_at", int(request.args["limit"])
    page = run(
        select_page, user_id=me, filters={}, order=order, after=None, limit=limit, count=False
    )
    cursor = page.next and encode(page.next, user_id=me, order=order)
    rest = json.dumps({"nextCursor": cursor}, separators=(",", ":"))[1:].encode()
    return Response(b'{"items":' + page.items + b"," + rest, content_type=JSON)


@app.get("/api/opportunities/<uuid:row_id>")
def get_opportunity(row_id: UUID) -> Response:
    """Return one row."""
    row = run(rows.select_opportunity, user_id=user(), row_id=row_id, columns=ORIGINAL)
    return Response(row or NOT_FOUND, 200 if row else 404, content_type=JSON)


@app.post("/api/opportunities")
def create_opportunity() -> Response:
    """Store a new row."""
    values = json.loads(request.get_data())
    written = run(rows.insert_opportunity, audit=audit("create"), values=values, columns=ORIGINAL)
    return Response(written.row, 201, content_type=JSON)


@app.patch("/api/opportunities/<uuid:row_id>")
def update_opportunity(row_id: UUID) -> Response:
    """Change the given fields of a row."""
    values = json.loads(request.get_data())
    row = run(
        rows.update_opportunity,
        audit=audit("update"),
        row_id=row_id,
        values=values,
        columns=ORIGINAL,
    )
    return Response(row or NOT_FOUND, 200 if row else 404, content_type=JSON)
