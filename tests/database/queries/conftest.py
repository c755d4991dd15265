"""Two users, each with one opportunity and one round, created by the queries themselves."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import psycopg
import pytest

from futuretracker.database.queries import opportunities, rounds
from futuretracker.database.queries.audit import AuditEntry
from futuretracker.database.queries.columns import V1
from futuretracker.database.queries.users import upsert_user
from tests.conftest import numbers

Connection = psycopg.Connection[Any]


class Owner:
    """A user of the service with one internship, which has one round."""

    def __init__(self, role: Connection) -> None:
        self.clerk_id = f"user_owner{next(numbers)}"
        self.id = upsert_user(role, clerk_id=self.clerk_id, email=f"{self.clerk_id}@example.com")
        self.audit = AuditEntry(self.id, self.clerk_id, "request", {}, "web")
        mine = {"title": "Mine", "status": "applied", "category": "internship"}
        row = opportunities.insert_opportunity(role, audit=self.audit, values=mine, columns=V1)
        self.row_id = UUID(row.id)
        first = {"round_type": "oa", "result": "pending", "scheduled_date": "2026-12-01"}
        done = rounds.insert_round(role, audit=self.audit, row_id=self.row_id, values=first)
        self.round_id = UUID(done.round_id)


@pytest.fixture
def a(role: Connection) -> Owner:
    return Owner(role)


@pytest.fixture
def b(role: Connection) -> Owner:
    return Owner(role)
