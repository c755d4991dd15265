"""The role of ``watch``, findings in its tables, and a receiver of webhooks."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Any
from unittest import mock

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from futuretracker.anomalies.findings import Finding
from futuretracker.config.anomalies import FindingsSettings
from futuretracker.database.queries.watch_findings import upsert_finding
from tests.anomalies.actions.receiver import Receiver, receiving
from tests.conftest import numbers
from tests.database.queries.conftest import Owner

if TYPE_CHECKING:
    from collections.abc import Iterator

    from futuretracker.config.anomalies import ActionSettings

Connection = psycopg.Connection[Any]


@pytest.fixture
def watch_url(owner_url: str) -> str:
    return make_conninfo(owner_url, user="futuretracker_watch")


@pytest.fixture
def watch(watch_url: str, owner: Connection) -> Iterator[Connection]:
    """A connection of the role of ``watch``; no action of another test is due."""
    owner.execute("delete from anomaly_actions")
    with psycopg.connect(watch_url, autocommit=True) as conn:
        yield conn


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as it:
        yield it


class World:
    """Connections of each role, findings to act on, and settings."""

    def __init__(self, watch: Connection, role: Connection, owner: Connection) -> None:
        self.watch, self.role, self.owner = watch, role, owner

    def read(self, actions: str = "", **changes: str) -> ActionSettings:
        """Read the settings of these actions, and nothing else."""
        url = {"WATCH_DATABASE_URL": "postgresql://futuretracker_watch@127.0.0.1/x"}
        settings = {**url, "ANOMALY_ACTIONS": actions, **changes}
        with mock.patch.dict(os.environ, settings, clear=True):
            return FindingsSettings.from_env(dotenv="/nonexistent").actions

    def found(self, subject: str, user: str = "", **changes: Any) -> Finding:
        """Store a finding about a subject, and about a user if there is one."""
        finding = Finding(
            id=f"anom_test{next(numbers)}",
            kind="scraping",
            severity="high",
            subject=subject,
            user=user,
            reason="4,000 pages in 2 minutes",
            figures={"pages": 4000},
            evidence=("req-1", "req-2"),
            first_seen=1_790_000_000.0,
            last_seen=time.time() - 60,
            times=1,
            state="open",
            pattern="203.0.113.0/24",
            strength=40.0,
            action="lower-limit",
        )._replace(**changes)
        upsert_finding(self.watch, values=finding._asdict(), announced=True)
        return finding


@pytest.fixture
def world(watch: Connection, role: Connection, owner: Connection) -> World:
    return World(watch, role, owner)


@pytest.fixture
def a(role: Connection) -> Owner:
    return Owner(role)
