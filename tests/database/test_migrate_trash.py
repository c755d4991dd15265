"""Migration 0027: what the previous release deletes is kept, and later columns do no harm."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from futuretracker.database.queries import account_export, opportunities, trash
from tests.database.queries.conftest import Owner

if TYPE_CHECKING:
    Connection = psycopg.Connection[Any]


@pytest.fixture
def a(role: Connection) -> Owner:
    return Owner(role)


def kept(owner: Connection, user: Owner) -> list[tuple[Any, ...]]:
    return owner.execute(
        "select title, opportunity ->> 'title', jsonb_array_length(rounds) from trash"
        " where user_id = %s",
        [user.id],
    ).fetchall()


def test_a_plain_delete_of_any_role_moves_the_row_with_its_rounds(
    role: Connection, owner: Connection
) -> None:
    """The previous release and operators know nothing of the trash."""
    for conn in (role, owner):
        user = Owner(role)
        with conn.transaction():
            conn.execute("select set_config('app.user_id', %s, true)", [str(user.id)])
            conn.execute("delete from opportunities where id = %s", [user.row_id])

        assert kept(owner, user) == [("Mine", "Mine", 1)]


def test_columns_that_come_and_go_do_not_break_a_restoration(
    role: Connection, owner: Connection, a: Owner
) -> None:
    with owner.transaction(force_rollback=True):
        owner.execute("alter table opportunities add column going text default 'x'")
        opportunities.delete_opportunity(owner, audit=a.audit, row_id=a.row_id)
        owner.execute(
            "alter table opportunities drop column going,"
            " add column coming text[] not null default '{new}'"
        )
        owner.execute("alter table opportunity_rounds add column later int not null default 7")
        restored = trash.restore_opportunity(owner, audit=a.audit, row_id=a.row_id, days=30)

        assert restored is not None
        found = owner.execute(
            "select o.title, coming, later from opportunities as o"
            " join opportunity_rounds as r on r.opportunity_id = o.id where o.id = %s",
            [a.row_id],
        )
        assert found.fetchall() == [("Mine", ["new"], 7)]
    assert kept(owner, a) == []


def test_the_role_can_neither_add_to_the_trash_nor_change_it(role: Connection, a: Owner) -> None:
    for statement in (
        "insert into trash (user_id, id) values (%(user)s, gen_random_uuid())",
        "update trash set title = 'x' where user_id = %(user)s",
        "select futuretracker_erase_trash('x', now())",
        "insert into prune_runs (step, removed) values ('trash', 0)",
    ):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            role.execute(statement.encode(), {"user": a.id})


@pytest.mark.parametrize("who", ["role", "owner"])
def test_each_query_names_its_owner(
    request: pytest.FixtureRequest, role: Connection, who: str
) -> None:
    """Also where no policy applies, as to a superuser."""
    conn: Connection = request.getfixturevalue(who)
    mine, other = Owner(role), Owner(role)
    for user in (mine, other):
        opportunities.delete_opportunity(conn, audit=user.audit, row_id=user.row_id)
    page = trash.select_trash(conn, user_id=mine.id, days=30, limit=10)
    assert str(mine.row_id).encode() in page.items
    assert str(other.row_id).encode() not in page.items
    exported = account_export.select_trashed(conn, user_id=mine.id, days=30, limit=10)
    assert [row["id"] for row in json.loads(exported.items)] == [str(mine.row_id)]
    where = {"audit": mine.audit, "row_id": other.row_id}
    assert trash.restore_opportunity(conn, **where, days=30) is None  # type: ignore[arg-type]
    assert trash.delete_permanently(conn, **where) == (None, False)  # type: ignore[arg-type]
    assert trash.empty_trash(conn, audit=mine.audit) == (1, 0)
    assert trash.restore_opportunity(conn, audit=other.audit, row_id=other.row_id, days=30)
