"""Databases for ``watch``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from futuretracker.database.migrate import migrate
from tests.anomalies.watch import Place
from tests.conftest import numbers

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TEMPLATE = "watch_template"


@pytest.fixture(scope="session")
def template(owner_url: str) -> str:
    """A migrated database that is copied for each test."""
    with psycopg.connect(owner_url, autocommit=True) as conn:
        conn.execute(f"create database {TEMPLATE}".encode())
    migrate(make_conninfo(owner_url, dbname=TEMPLATE))
    return owner_url


@pytest.fixture
def place(template: str, tmp_path: Path) -> Iterator[Place]:
    """A database with the users user_a to user_d, and an empty log file."""
    name = f"watch_{next(numbers)}"
    with psycopg.connect(template, autocommit=True) as conn:
        conn.execute(f"create database {name} template {TEMPLATE}".encode())
        owner = make_conninfo(template, dbname=name)
        place = Place(tmp_path, owner, make_conninfo(owner, user="futuretracker_watch"))
        place.log.touch()
        for letter in "abcd":
            place.query("insert into users (clerk_id) values (%s)", f"user_{letter}")
        yield place
        conn.execute(f"drop database {name} with (force)".encode())
