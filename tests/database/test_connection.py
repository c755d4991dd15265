"""A connection runs one statement after another on one cursor."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
import pytest

from futuretracker.database.connection import BoundedConnection

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def conn(owner_url: str) -> Iterator[BoundedConnection]:
    with BoundedConnection.connect(owner_url, autocommit=True, prepare_threshold=0) as opened:
        yield opened


def test_a_statement_replaces_the_result_of_the_one_before(conn: BoundedConnection) -> None:
    first = conn.execute("select 'first'")
    second = conn.execute("select %(word)s::text", {"word": "second"})

    assert second is first
    assert second.fetchall() == [("second",)]


def test_a_statement_runs_after_one_that_has_failed(conn: BoundedConnection) -> None:
    with pytest.raises(psycopg.DataError):
        conn.execute("select 1 / %(zero)s::int", {"zero": 0})

    assert conn.execute("select %(zero)s::int", {"zero": 0}).fetchone() == (0,)


def test_a_parameter_may_change_its_type(conn: BoundedConnection) -> None:
    for value in (1, "two", None, 3.5):
        found = conn.execute("select %(value)s", {"value": value}).fetchone()
        assert found == (value,)
