"""Flask with this service's queries, and none of its guards.

It has no tokens, rate limits, schemas, security headers or log lines. The service's additional CPU
time is the cost of its guards. The worker, the pool's settings and the statements are the same.
"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any
from uuid import UUID

from flask import Flask, Response, request
from psycopg_pool import ConnectionPool

from futuretracker.api.schemas.cursors import encode
from futuretracker.api.streaming import FIRST
from futuretracker.database.queries import opportunities as rows
from futuretracker.database.queries.audit import AuditEntry
from futuretracker.database.queries.columns import ORIGINAL, V1
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
    """Run a query in autocommit, which needs no transaction handling."""
    conn = pool.getconn()
    try:
        return query(conn, **values)
    finally:
        pool.putconn(conn)


def user() -> UUID:
    """Return the user that the request names."""
    return UUID(request.headers["X-User"])


def audit(action: str) -> AuditEntry:
    """Return the audit entry that the statement writes."""
    return AuditEntry(user(), "bare", "bare", {"action": action}, "web")


@app.get("/readyz")
def ready() -> Response:
    """Report that the service is ready."""
    return Response(b"{}", content_type=JSON)


@app.get("/api/opportunities")
def list_opportunities() -> Response:
    """Return the opportunities, of which a user of the benchmark has fewer than FIRST."""
    page = run(select_page, user_id=user(), columns=ORIGINAL, limit=FIRST)
    return Response(page.items, content_type=JSON)


@app.get("/api/v1/opportunities")
def list_page() -> Response:
    """Return one page of opportunities."""
    me, order, limit = user(), "-created_at", int(request.args["limit"])
    page = run(select_page, user_id=me, columns=V1, order=order, limit=limit)
    cursor = page.next and encode(page.next, user_id=me, order=order)
    rest = json.dumps({"nextCursor": cursor}, separators=(",", ":"))[1:].encode()
    return Response(b'{"items":' + page.items + b"," + rest, content_type=JSON)


@app.get("/api/opportunities/<uuid:row_id>")
def get_opportunity(row_id: UUID) -> Response:
    """Return one opportunity."""
    row = run(rows.select_opportunity, user_id=user(), row_id=row_id, columns=ORIGINAL)
    return Response(row or NOT_FOUND, 200 if row else 404, content_type=JSON)


@app.post("/api/opportunities")
def create_opportunity() -> Response:
    """Create an opportunity."""
    values = json.loads(request.get_data())
    written = run(rows.insert_opportunity, audit=audit("create"), values=values, columns=ORIGINAL)
    return Response(written.row, 201, content_type=JSON)


@app.patch("/api/opportunities/<uuid:row_id>")
def update_opportunity(row_id: UUID) -> Response:
    """Change the given fields of an opportunity."""
    values = json.loads(request.get_data())
    row = run(
        rows.update_opportunity,
        audit=audit("update"),
        row_id=row_id,
        values=values,
        columns=ORIGINAL,
    )
    return Response(row or NOT_FOUND, 200 if row else 404, content_type=JSON)
