"""Rows that only their owner can reach, whatever the SQL says and whatever plan is chosen."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg import errors as pg

from futuretracker.queries import analytics, opportunities
from futuretracker.queries.users import select_email, upsert_user
from tests.conftest import ROLE_NAME, numbers

if TYPE_CHECKING:
    from collections.abc import Iterator

Connection = psycopg.Connection[Any]


class Owner:
    """A user of the service with one row."""

    def __init__(self, role: Connection) -> None:
        self.clerk_id = f"user_owner{next(numbers)}"
        self.id = upsert_user(role, clerk_id=self.clerk_id, email=f"{self.clerk_id}@example.com")
        change = opportunities.Change(self.id, self.clerk_id, "request", "{}")
        row = opportunities.insert_opportunity(
            role, change=change, values={"title": "Mine", "status": "applied"}
        )
        self.row_id = UUID(row.id)
        self.change = change


@pytest.fixture
def a(role: Connection) -> Owner:
    return Owner(role)


@pytest.fixture
def b(role: Connection) -> Owner:
    return Owner(role)


@pytest.fixture
def as_a(role: Connection, a: Owner, b: Owner) -> Iterator[Connection]:
    """The service's role inside a transaction that speaks for user A."""
    with role.transaction(force_rollback=True):
        role.execute("select set_config('app.user_id', %s, true)", [str(a.id)])
        role.execute("select set_config('app.clerk_id', %s, true)", [a.clerk_id])
        yield role


def count(conn: Connection, query: str) -> int:
    row = conn.execute(query.encode()).fetchone()
    assert row is not None
    number: int = row[0]
    return number


def test_the_role_has_no_way_around(owner: Connection) -> None:
    row = owner.execute(
        "select rolsuper, rolbypassrls, rolinherit, rolcreaterole, rolcreatedb, rolreplication"
        " from pg_roles where rolname = %s",
        [ROLE_NAME],
    ).fetchone()
    assert row == (False,) * 6
    forced = owner.execute(
        "select relname, relrowsecurity, relforcerowsecurity from pg_class"
        " where relname in ('users', 'opportunities', 'audit_log') order by 1"
    ).fetchall()
    assert forced == [(n, True, True) for n in ("audit_log", "opportunities", "users")]


def test_the_role_owns_nothing_and_has_only_the_grants_it_needs(owner: Connection) -> None:
    granted = owner.execute(
        "select table_name, privilege_type from information_schema.role_table_grants"
        " where grantee = %s order by 1, 2",
        [ROLE_NAME],
    ).fetchall()
    assert granted == [
        ("audit_log", "INSERT"),
        ("opportunities", "DELETE"),
        ("opportunities", "INSERT"),
        ("opportunities", "SELECT"),
        ("opportunities", "UPDATE"),
        ("users", "INSERT"),
        ("users", "SELECT"),
    ]


def test_no_user_no_rows(role: Connection, a: Owner) -> None:
    assert count(role, "select count(*) from opportunities") == 0
    assert count(role, "select count(*) from users") == 0
    assert role.execute("update opportunities set title = 'x'").rowcount == 0
    assert role.execute("delete from opportunities").rowcount == 0


def test_the_user_of_one_statement_is_gone_with_the_next(role: Connection, a: Owner) -> None:
    found = opportunities.select_opportunities(role, user_id=a.id)

    assert len(json.loads(found)) == 1
    assert count(role, "select count(*) from opportunities") == 0


def test_a_sees_nothing_of_b(as_a: Connection, a: Owner, b: Owner) -> None:
    assert count(as_a, "select count(*) from opportunities") == 1
    assert count(as_a, f"select count(*) from opportunities where user_id = '{b.id}'") == 0
    assert count(as_a, "select count(*) from users") == 1
    assert count(as_a, f"select count(*) from users where clerk_id = '{b.clerk_id}'") == 0


def test_a_cannot_write_rows_of_b(as_a: Connection, b: Owner) -> None:
    changed = as_a.execute("update opportunities set title = 'x' where id = %s", [b.row_id])
    assert changed.rowcount == 0
    assert as_a.execute("delete from opportunities where id = %s", [b.row_id]).rowcount == 0
    with pytest.raises(pg.InsufficientPrivilege):
        as_a.execute("insert into opportunities (user_id, title) values (%s, 'x')", [b.id])


def test_a_cannot_move_a_row_to_b(as_a: Connection, a: Owner, b: Owner) -> None:
    with pytest.raises(pg.InsufficientPrivilege):
        as_a.execute("update opportunities set user_id = %s where id = %s", [b.id, a.row_id])


def test_a_cannot_become_b(as_a: Connection, b: Owner) -> None:
    with pytest.raises(pg.InsufficientPrivilege):
        as_a.execute("update users set clerk_id = %s", [b.clerk_id])


def test_a_cannot_write_audit_entries_of_b(as_a: Connection, b: Owner) -> None:
    with pytest.raises(pg.InsufficientPrivilege):
        as_a.execute(
            "insert into audit_log (user_id, actor, action, request_id) values (%s, 'x', 'x', 'x')",
            [b.id],
        )


@pytest.mark.parametrize(
    "statement",
    [
        "select * from audit_log",
        "update audit_log set actor = 'x'",
        "delete from audit_log",
        "truncate audit_log",
        "truncate opportunities cascade",
        "delete from users",
        "alter table opportunities disable row level security",
        "drop policy api_owner_only on opportunities",
        "set role postgres",
    ],
)
def test_what_the_role_may_never_do(as_a: Connection, statement: str) -> None:
    with pytest.raises(pg.InsufficientPrivilege):
        as_a.execute(statement.encode())


PLANS = [
    "",
    "set local enable_indexscan = off; set local enable_bitmapscan = off",
    "set local enable_seqscan = off",
    "set local enable_nestloop = off; set local enable_hashjoin = off",
    "set local enable_material = off; set local plan_cache_mode = force_generic_plan",
    "set local plan_cache_mode = force_custom_plan; set local enable_sort = off",
]


@pytest.mark.parametrize("plan", PLANS)
def test_every_query_sees_its_user_under_every_plan(
    role: Connection, a: Owner, b: Owner, plan: str
) -> None:
    """The setting must be there before a policy asks for it, in whatever order tables are read."""
    with role.transaction(force_rollback=True):
        role.execute(plan.encode())
        for owner, other in ((a, b), (b, a)):
            listed = json.loads(opportunities.select_opportunities(role, user_id=owner.id))
            assert [row["id"] for row in listed] == [str(owner.row_id)]
            assert opportunities.select_opportunity(role, user_id=owner.id, row_id=owner.row_id)
            assert not opportunities.select_opportunity(role, user_id=owner.id, row_id=other.row_id)
            assert json.loads(analytics.select_analytics(role, user_id=owner.id))["total"] == 1
            assert select_email(role, clerk_id=owner.clerk_id) == f"{owner.clerk_id}@example.com"
            assert upsert_user(role, clerk_id=owner.clerk_id, email=None) == owner.id
            change, values = owner.change, {"title": "Changed"}
            changed = opportunities.update_opportunity(
                role, change=change, row_id=owner.row_id, values=values
            )
            assert changed is not None
            assert json.loads(changed)["title"] == "Changed"
            assert not opportunities.update_opportunity(
                role, change=change, row_id=other.row_id, values=values
            )
            assert not opportunities.delete_opportunity(role, change=change, row_id=other.row_id)
            assert opportunities.delete_opportunity(role, change=change, row_id=owner.row_id)


def test_every_query_names_its_owner_also_where_no_policy_binds(
    owner: Connection, a: Owner, b: Owner
) -> None:
    """Two locks: whoever connects as a superuser by mistake still meets the one in the query."""
    assert count(owner, "select count(*) from opportunities") > 1
    [row] = json.loads(opportunities.select_opportunities(owner, user_id=a.id))
    assert row["id"] == str(a.row_id)
    assert not opportunities.select_opportunity(owner, user_id=a.id, row_id=b.row_id)
    assert json.loads(analytics.select_analytics(owner, user_id=a.id))["total"] == 1
    assert not opportunities.update_opportunity(
        owner, change=a.change, row_id=b.row_id, values={"title": "Mine now"}
    )
    assert not opportunities.delete_opportunity(owner, change=a.change, row_id=b.row_id)
    assert opportunities.select_opportunity(owner, user_id=b.id, row_id=b.row_id)


def explain(conn: Connection, command: str, tail: str = "") -> str:
    """Return the plan of a statement that speaks for a user, as the service's role."""
    head = {
        "select": "select id from opportunities",
        "update": "update opportunities set title = 'x'",
        "delete": "delete from opportunities",
    }[command]
    query = (
        f"explain (costs off) {head} where user_id = '{uuid4()}' and"
        f" (select set_config('app.user_id', '{uuid4()}', true) is not null) {tail}"
    )
    return "\n".join(row[0] for row in conn.execute(query.encode()))


@pytest.mark.parametrize("command", ["select", "update", "delete"])
def test_the_setting_is_made_in_a_one_time_filter_above_the_scan(
    role: Connection, command: str
) -> None:
    plan = explain(role, command)

    assert re.search(
        r"One-Time Filter: \(\(InitPlan \d\)\.col1 AND .* on opportunities", plan, re.DOTALL
    )


def test_the_list_reads_the_index_and_sorts_nothing(owner: Connection, role: Connection) -> None:
    with owner.transaction(force_rollback=True), role.transaction(force_rollback=True):
        role.execute("set local enable_seqscan = off")
        role.execute("set local enable_bitmapscan = off")
        plan = explain(role, "select", "order by created_at desc, id desc")

    assert "opportunities_owner_newest_first" in plan
    assert "Sort" not in plan
