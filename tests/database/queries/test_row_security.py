"""Only the owner of a row can reach it, whatever the SQL or the plan."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import psycopg
import pytest
from psycopg import errors as pg

from futuretracker.database.queries.columns import ORIGINAL
from futuretracker.database.queries.pages import select_page
from tests.conftest import ROLE_NAME

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.database.queries.conftest import Owner

Connection = psycopg.Connection[Any]
TABLES = [
    "account_deletions",
    "anomaly_actions",
    "anomaly_findings",
    "api_keys",
    "audit_log",
    "clerk_events",
    "erasures",
    "idempotency_keys",
    "opportunities",
    "opportunity_rounds",
    "prune_runs",
    "revocations",
    "slowed_users",
    "trash",
    "users",
    "watch_inbox",
    "watch_profiles",
    "watch_sources",
    "watch_state",
]


@pytest.fixture
def as_a(role: Connection, a: Owner, b: Owner) -> Iterator[Connection]:
    """The service's role in a transaction for user A."""
    with role.transaction(force_rollback=True):
        role.execute("select set_config('app.user_id', %s, true)", [str(a.id)])
        role.execute("select set_config('app.clerk_id', %s, true)", [a.clerk_id])
        yield role


def count(conn: Connection, query: str) -> int:
    row = conn.execute(query.encode()).fetchone()
    assert row is not None
    number: int = row[0]
    return number


def test_the_role_cannot_bypass_the_policies(owner: Connection) -> None:
    row = owner.execute(
        "select rolsuper, rolbypassrls, rolinherit, rolcreaterole, rolcreatedb, rolreplication"
        " from pg_roles where rolname = %s",
        [ROLE_NAME],
    ).fetchone()
    assert row == (False,) * 6
    forced = owner.execute(
        "select relname, relrowsecurity, relforcerowsecurity from pg_class"
        " where relname = any(%s) order by 1",
        [TABLES],
    ).fetchall()
    assert forced == [(name, True, True) for name in TABLES]


def test_the_role_owns_nothing_and_has_only_the_grants_it_needs(owner: Connection) -> None:
    granted = owner.execute(
        "select table_name, privilege_type from information_schema.role_table_grants"
        " where grantee = %s order by 1, 2",
        [ROLE_NAME],
    ).fetchall()
    assert granted == [
        ("account_deletions", "DELETE"),
        ("account_deletions", "SELECT"),
        ("api_keys", "DELETE"),
        ("api_keys", "SELECT"),
        ("erasures", "SELECT"),
        ("futuretracker_migrations", "SELECT"),
        ("idempotency_keys", "SELECT"),
        ("opportunities", "DELETE"),
        ("opportunities", "INSERT"),
        ("opportunities", "SELECT"),
        ("opportunities", "UPDATE"),
        ("opportunity_rounds", "DELETE"),
        ("opportunity_rounds", "INSERT"),
        ("opportunity_rounds", "SELECT"),
        ("opportunity_rounds", "UPDATE"),
        ("prune_runs", "SELECT"),
        ("revocations", "SELECT"),
        ("slowed_users", "SELECT"),
        ("trash", "DELETE"),
        ("trash", "SELECT"),
        ("users", "INSERT"),
        ("users", "SELECT"),
    ]


def test_the_role_sets_only_these_columns_of_an_audit_entry(owner: Connection) -> None:
    granted = owner.execute(
        "select column_name, privilege_type from information_schema.column_privileges"
        " where grantee = %s and table_name = 'audit_log' order by 1, 2",
        [ROLE_NAME],
    ).fetchall()
    columns = [
        "action", "actor", "changes", "client", "details", "request_id", "resource_id", "user_id",
    ]  # fmt: skip
    assert granted == [(name, "INSERT") for name in columns]


@pytest.mark.parametrize(
    "column", [("at", "now() - interval '1 year'"), ("at", "default"), ("id", "7")]
)
def test_the_role_does_not_say_when_or_as_which_number_something_was_done(
    as_a: Connection, a: Owner, column: tuple[str, str]
) -> None:
    name, value = column
    override = "overriding system value" if name == "id" else ""
    insert = (
        f"insert into audit_log (user_id, actor, action, request_id, {name}) {override}"
        f" values (%s, 'x', 'x', 'x', {value})"
    )
    with pytest.raises(pg.InsufficientPrivilege):
        as_a.execute(insert.encode(), [a.id])


def test_without_a_user_there_are_no_rows(role: Connection, a: Owner) -> None:
    for table in ("opportunities", "opportunity_rounds", "users"):
        assert count(role, f"select count(*) from {table}") == 0
    assert role.execute("update opportunities set title = 'x'").rowcount == 0
    assert role.execute("update opportunity_rounds set notes = 'x'").rowcount == 0
    assert role.execute("delete from opportunities").rowcount == 0
    assert role.execute("delete from opportunity_rounds").rowcount == 0


def test_the_user_of_a_statement_is_not_set_for_the_next(role: Connection, a: Owner) -> None:
    found = select_page(role, user_id=a.id, columns=ORIGINAL, limit=100).items

    assert len(json.loads(found)) == 1
    assert count(role, "select count(*) from opportunities") == 0


def test_a_sees_nothing_of_b(as_a: Connection, a: Owner, b: Owner) -> None:
    assert count(as_a, "select count(*) from opportunities") == 1
    assert count(as_a, f"select count(*) from opportunities where user_id = '{b.id}'") == 0
    assert count(as_a, "select count(*) from opportunity_rounds") == 1
    of_b = f"select count(*) from opportunity_rounds where id = '{b.round_id}'"
    assert count(as_a, of_b) == 0
    assert count(as_a, "select count(*) from users") == 1
    assert count(as_a, f"select count(*) from users where clerk_id = '{b.clerk_id}'") == 0


def test_a_cannot_write_rows_of_b(as_a: Connection, b: Owner) -> None:
    changed = as_a.execute("update opportunities set title = 'x' where id = %s", [b.row_id])
    assert changed.rowcount == 0
    assert as_a.execute("delete from opportunities where id = %s", [b.row_id]).rowcount == 0
    with pytest.raises(pg.InsufficientPrivilege):
        as_a.execute("insert into opportunities (user_id, title) values (%s, 'x')", [b.id])


def test_a_cannot_write_rounds_of_b(as_a: Connection, b: Owner) -> None:
    changed = as_a.execute("update opportunity_rounds set notes = 'x' where id = %s", [b.round_id])
    assert changed.rowcount == 0
    assert as_a.execute("delete from opportunity_rounds where id = %s", [b.round_id]).rowcount == 0


@pytest.mark.parametrize("as_b", [False, True])
def test_a_cannot_add_a_round_to_an_opportunity_of_b(
    as_a: Connection, a: Owner, b: Owner, *, as_b: bool
) -> None:
    with pytest.raises(pg.InsufficientPrivilege):
        as_a.execute(
            "insert into opportunity_rounds (user_id, opportunity_id, round_number, round_type)"
            " values (%s, %s, 9, 'hr')",
            [b.id if as_b else a.id, b.row_id],
        )


@pytest.mark.parametrize("column", ["user_id", "opportunity_id"])
def test_a_cannot_move_a_round_to_b(as_a: Connection, a: Owner, b: Owner, column: str) -> None:
    value = {"user_id": b.id, "opportunity_id": b.row_id}[column]
    with pytest.raises(pg.InsufficientPrivilege):
        as_a.execute(
            f"update opportunity_rounds set {column} = %s where id = %s".encode(),
            [value, a.round_id],
        )


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
        "truncate opportunity_rounds",
        "alter table opportunities disable row level security",
        "alter table opportunity_rounds disable row level security",
        "drop policy api_owner_only on opportunities",
        "set role postgres",
    ],
)
def test_the_role_may_not_do_this(as_a: Connection, statement: str) -> None:
    with pytest.raises(pg.InsufficientPrivilege):
        as_a.execute(statement.encode())


def explain(conn: Connection, command: str, tail: str = "") -> str:
    """Return the plan of a statement for a user, as the service's role."""
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
def test_a_one_time_filter_above_the_scan_sets_the_user(role: Connection, command: str) -> None:
    plan = explain(role, command)

    assert re.search(
        r"One-Time Filter: \(\(InitPlan \d\)\.col1 AND .* on opportunities", plan, re.DOTALL
    )


@pytest.mark.parametrize("command", ["select", "update", "delete"])
def test_the_policies_are_evaluated_once_and_not_for_each_row(
    role: Connection, command: str
) -> None:
    asked = [line for line in explain(role, command).splitlines() if "current_setting" in line]

    assert len(asked) == 1
    assert "One-Time Filter" in asked[0]


def test_the_list_reads_the_index_and_sorts_nothing(owner: Connection, role: Connection) -> None:
    with owner.transaction(force_rollback=True), role.transaction(force_rollback=True):
        role.execute("set local enable_seqscan = off")
        role.execute("set local enable_bitmapscan = off")
        plan = explain(role, "select", "order by created_at desc, id desc")

    assert "opportunities_owner_newest_first" in plan
    assert "Sort" not in plan


def test_an_index_is_cheap_for_the_role(role: Connection) -> None:
    assert role.execute("show random_page_cost").fetchone() == ("1.1",)
