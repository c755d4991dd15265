"""The fields that differ between two rows, as the audit entry of an update keeps them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from psycopg.types.json import Jsonb

if TYPE_CHECKING:
    from tests.database.queries.conftest import Owner

Connection = psycopg.Connection[Any]
NOT_SET_BY_USERS = {
    "id": 1, "user_id": 2, "opportunity_id": 3, "created_at": 4, "updated_at": 5, "version": 6,
    "search": 7, "search_text": 8, "rounds_status": 9, "statusConflict": 10,
}  # fmt: skip


def changes(conn: Connection, before: object, after: object) -> object:
    row = conn.execute(
        "select futuretracker_changes(%s, %s)",
        [value if value is None else Jsonb(value) for value in (before, after)],
    ).fetchone()
    assert row is not None
    return row[0]


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ({"title": "a", "notes": None}, {"title": "a", "notes": None}, {}),
        ({"title": "a"}, {"title": "b"}, {"title": {"from": "a", "to": "b"}}),
        ({"notes": None}, {"notes": "n"}, {"notes": {"from": None, "to": "n"}}),
        ({"notes": "n"}, {"notes": None}, {"notes": {"from": "n", "to": None}}),
        ({"tags": ["a"]}, {"tags": ["a", "b"]}, {"tags": {"from": ["a"], "to": ["a", "b"]}}),
        ({"a": 1, "b": 1}, {"a": 2, "b": 2}, {f: {"from": 1, "to": 2} for f in ("a", "b")}),
        # A column that one of the rows lacks is null in it.
        ({}, {"notes": None}, {}),
        ({}, {"notes": "n"}, {"notes": {"from": None, "to": "n"}}),
        (dict.fromkeys(NOT_SET_BY_USERS), NOT_SET_BY_USERS, {}),
        (None, {"title": "a"}, {}),
        ({"title": "a"}, None, {}),
        (None, None, {}),
    ],
)
def test_the_changes_name_each_field_that_differs(
    role: Connection, before: object, after: object, expected: object
) -> None:
    assert changes(role, before, after) == expected


def test_every_column_that_a_user_sets_is_compared(owner: Connection, a: Owner) -> None:
    """A new column is compared without further work, and only known ones are left out."""
    row = owner.execute(
        "select to_jsonb(o) from opportunities as o where id = %s", [a.row_id]
    ).fetchone()
    assert row is not None
    before = dict.fromkeys(row[0], "before")
    found = changes(owner, before, dict.fromkeys(row[0], "after"))

    assert isinstance(found, dict)
    assert set(found) == set(before) - set(NOT_SET_BY_USERS)


def test_an_erasure_empties_the_changes_with_the_details(owner: Connection, a: Owner) -> None:
    with owner.transaction(force_rollback=True):
        owner.execute(
            "insert into audit_log (user_id, actor, action, details, request_id, changes)"
            " values (%s, 'user', 'X', '{\"a\": 1}', 'request', '{\"a\": {}}')",
            [a.id],
        )
        # As the functions of every release do it.
        owner.execute("update audit_log set details = '{}' where user_id = %s", [a.id])
        found = owner.execute(
            "select from audit_log where user_id = %s and changes is not null", [a.id]
        )
        assert found.fetchall() == []
