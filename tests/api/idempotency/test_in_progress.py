"""A request whose key another request has, which is not over yet."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
from flask import request

from futuretracker.api.idempotency import read_key
from futuretracker.database.queries.audit import AuditEntry
from futuretracker.database.queries.changes import remembering
from futuretracker.database.queries.columns import V1 as COLUMNS
from futuretracker.database.queries.opportunities import insert_opportunity

if TYPE_CHECKING:
    import psycopg
    from flask import Flask

    from futuretracker.web.request import IdempotencyKey
    from tests.conftest import User

pytestmark = pytest.mark.in_process
V1 = "/api/v1/opportunities"
KEY = {"Idempotency-Key": "the-key"}
BODY = {"title": "Intern", "status": "applied"}


def key_of(app: Flask, user_id: UUID) -> IdempotencyKey:
    """Return the key as the service reads it."""
    options: dict[str, Any] = {"method": "POST", "headers": KEY, "data": json.dumps(BODY)}
    with app.test_request_context(V1, content_type="application/json", **options):
        request.user_id = user_id  # type: ignore[attr-defined]
        read_key()
        key: IdempotencyKey = request.idempotency_key  # type: ignore[attr-defined]
        return key


def test_a_request_in_progress_is_a_409_and_then_its_response(
    app: Flask, alice: User, role: psycopg.Connection[Any]
) -> None:
    user_id = UUID(alice.get("/api/v1/me").json["internalUserId"])
    insert = remembering(insert_opportunity, key_of(app, user_id))
    audit = AuditEntry(user_id, alice.id, "request", {}, "web")
    with role.transaction():
        written = insert(role, audit=audit, values=BODY, columns=COLUMNS)
        refused = alice.post(V1, BODY, headers=KEY)
    again = alice.post(V1, BODY, headers=KEY)

    assert (refused.status_code, refused.json["code"]) == (409, "request_in_progress")
    assert refused.headers["Retry-After"] == "1"
    assert "Idempotent-Replayed" not in refused.headers
    assert (again.status_code, again.data) == (201, written.row)
    assert again.headers["Idempotent-Replayed"] == "true"
    assert [row["id"] for row in alice.get(V1).json["items"]] == [written.id]


def test_a_request_that_failed_is_carried_out_by_its_retry(
    app: Flask, alice: User, role: psycopg.Connection[Any]
) -> None:
    user_id = UUID(alice.get("/api/v1/me").json["internalUserId"])
    insert = remembering(insert_opportunity, key_of(app, user_id))
    audit = AuditEntry(user_id, alice.id, "request", {}, "web")
    with role.transaction(force_rollback=True):
        insert(role, audit=audit, values=BODY, columns=COLUMNS)
    response = alice.post(V1, BODY, headers=KEY)

    assert response.status_code == 201
    assert "Idempotent-Replayed" not in response.headers


def test_a_change_of_another_client_that_takes_long_is_a_503_as_without_a_key(
    alice: User, owner: psycopg.Connection[Any]
) -> None:
    row = alice.create(**BODY)
    with owner.transaction():
        owner.execute("select from opportunities where id = %s for update", [row["id"]])
        refused = alice.patch(f"{V1}/{row['id']}", {"notes": "n"}, headers=KEY)

    assert (refused.status_code, refused.json["code"]) == (503, "service_unavailable")
