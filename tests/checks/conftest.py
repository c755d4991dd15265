"""What the checks inspect: the settings of a working service, and a database to break."""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import replace
from itertools import count
from typing import TYPE_CHECKING
from unittest import mock

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo

from futuretracker.checks.checklist import ITEMS
from futuretracker.checks.runner import run
from futuretracker.checks.subject import Subject
from futuretracker.commands.local import embedded_postgres
from futuretracker.database.migrate import migrate

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from futuretracker.checks.finding import Finding

numbers = count(1)


def subject_of(settings: dict[str, str]) -> Subject:
    """Read these settings and nothing else."""
    with mock.patch.dict(os.environ, settings, clear=True):
        return Subject.from_env("/nonexistent")


def look(item_id: str, subject: Subject) -> Finding:
    """Run one item as the command does, but with time for a busy machine."""
    (item,) = [item for item in ITEMS if item.id == item_id]
    (result,) = run([item._replace(within=60)], subject)
    return result.finding


@pytest.fixture
def find(settings: dict[str, str]) -> Callable[..., Finding]:
    """Run one item: ``find("cors-origin", CORS_ORIGIN="...")``; None takes a setting away."""

    def find(item_id: str, *, http_port: int = 80, **changes: str | None) -> Finding:
        given = {**settings, **changes}
        subject = subject_of({name: value for name, value in given.items() if value is not None})
        return look(item_id, replace(subject, http_port=http_port))

    return find


@contextmanager
def another_database(owner_url: str) -> Iterator[str]:
    """Create a database with every migration; yield its owner's URL."""
    name = sql.Identifier(f"checked_{os.getpid()}_{next(numbers)}")
    with psycopg.connect(owner_url, autocommit=True) as conn:
        conn.execute(sql.SQL("create database {}").format(name))
        url = make_conninfo(owner_url, dbname=name.as_string().strip('"'))
        migrate(url)
        try:
            yield url
        finally:
            conn.execute(sql.SQL("drop database {} with (force)").format(name))


@pytest.fixture
def database(owner_url: str) -> Iterator[Database]:
    """A database that a test may break."""
    with another_database(owner_url) as url:
        yield Database(url)


class Database:
    """A database that tests break as its owner, and that the checks inspect as the service."""

    def __init__(self, owner_url: str) -> None:
        self.owner_url = owner_url
        self.service_url = embedded_postgres.as_service(owner_url)

    def execute(self, statements: str) -> None:
        """Run statements as the owner."""
        with psycopg.connect(self.owner_url, autocommit=True) as conn:
            conn.execute(statements.encode())
