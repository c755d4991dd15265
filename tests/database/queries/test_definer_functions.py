"""The role cannot run its own code with the rights of a SECURITY DEFINER function's owner."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from psycopg import errors as pg
from psycopg import sql

from tests.conftest import numbers
from tests.support.pooler import connect

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.database.queries.conftest import Owner

Connection = psycopg.Connection[Any]

DEFINERS = {
    "futuretracker_act",
    "futuretracker_activity",
    "futuretracker_audit_action",
    "futuretracker_begin_due_erasures",
    "futuretracker_begin_erasure",
    "futuretracker_continue_erasure",
    "futuretracker_delete_idempotency_keys",
    "futuretracker_erase",
    "futuretracker_history",
    "futuretracker_is_new",
    "futuretracker_prune_trash",
    "futuretracker_pruned",
    "futuretracker_refresh",
    "futuretracker_refuse_revoked",
    "futuretracker_revoke",
    "futuretracker_to_trash",
    "futuretracker_undo",
}
# The attacker's code records whose rights it runs with and how many rows it sees.
CODE = """
    create temp table loot (who pg_catalog.text, seen pg_catalog.int8);
    grant all on loot to public;
    create function pg_temp.steal(value anyelement) returns boolean language plpgsql as $$ begin
        insert into pg_temp.loot
        select current_user, pg_catalog.count(*) from public.opportunities;
        return true;
    end $$;
"""
TYPES = ("uuid", "text", "timestamptz", "bool", "int4", "int8", "interval", "jsonb")
TABLES = (
    "users",
    "opportunities",
    "opportunity_rounds",
    "audit_log",
    "revocations",
    "clerk_events",
    "erasures",
    "api_keys",
    "trash",
    "prune_runs",
    "idempotency_keys",
    "account_deletions",
)
CALLS = {
    "erase at once": "select public.futuretracker_erase(null, %(user)s, 1, 'x')",
    "begin to erase": "select public.futuretracker_begin_erasure(null, %(user)s, 1, 'x')",
    "erase": "select public.futuretracker_continue_erasure(%(user)s, 100)",
    "revoke": "select public.futuretracker_revoke(%(event)s, 'session', 'sess_x', 1)",
    "prune": "select public.futuretracker_delete_idempotency_keys(10) is not null",
    "begin what is due": "select public.futuretracker_begin_due_erasures(10, 1, 'x') >= 0",
    "activity": "select count(*) >= 0 from public.futuretracker_activity(%(id)s, 'infinity', 1, 1)",
    "history": "select count(*) >= 0 from public.futuretracker_history("
    "%(id)s, %(id)s, 'infinity', 1, 1)",
    "refresh": "select public.futuretracker_refresh(%(event)s, %(user)s, null, 'N', null, now())",
    "first request": "insert into public.users (clerk_id) values (%(new)s)",
    "insert": "insert into public.opportunities (user_id, title) values (%(id)s, 'x')",
    "update": "update public.opportunities set notes = 'x' where user_id = %(id)s",
    "delete": "delete from public.opportunities where user_id = %(id)s",
}


@pytest.fixture
def _temporary(owner: Connection) -> Iterator[None]:
    """Let the role create temporary objects, so that search_path alone protects the owner."""
    change = "{} temporary on database {} {} futuretracker_api"
    database = sql.Identifier(owner.info.dbname).as_string(owner)
    owner.execute(change.format("grant", database, "to").encode())
    yield
    owner.execute(change.format("revoke", database, "from").encode())


def loot(conn: Connection) -> list[tuple[str, int]]:
    return conn.execute("delete from pg_temp.loot returning who, seen").fetchall()


@pytest.fixture
def attacker(service_url: str) -> Iterator[Connection]:
    """A session of the role that has not called any function yet: it keeps what it compiles."""
    with connect(service_url) as conn:
        yield conn


@pytest.mark.usefixtures("_temporary")
@pytest.mark.parametrize("call", CALLS)
def test_types_and_tables_in_pg_temp_are_not_found(
    attacker: Connection, a: Owner, call: str
) -> None:
    new = f"user_new{next(numbers)}"
    with attacker.transaction(force_rollback=True):
        attacker.execute(CODE)
        for name in TYPES:
            attacker.execute(
                f"create domain pg_temp.{name} as pg_catalog.{name}"
                " check (pg_temp.steal(value))".encode()
            )
        for name in TABLES:
            attacker.execute(f"create temp table {name} ()".encode())
        attacker.execute("select 'x'::text")  # the attack works where nothing prevents it
        assert loot(attacker) == [("futuretracker_api", 0)]
        attacker.execute(
            "select set_config('app.user_id', %s, true), set_config('app.clerk_id', %s, true)",
            [str(a.id), new if call == "first request" else a.clerk_id],
        )
        if call == "erase":
            attacker.execute(CALLS["begin to erase"].encode(), {"user": a.clerk_id})

        values = {"user": a.clerk_id, "id": a.id, "new": new, "event": f"msg_{new}"}
        done = attacker.execute(CALLS[call].encode(), values)

        assert done.rowcount == 1
        assert done.description is None or done.fetchone() == (True,)
        assert loot(attacker) == []


@pytest.mark.parametrize(
    "statement",
    [
        "create temp table mine ()",
        "create temp view mine as select 1",
        "create temp sequence mine",
        "create domain pg_temp.mine as pg_catalog.uuid",
        "create type pg_temp.mine as enum ('x')",
        "create function pg_temp.mine() returns integer language sql as 'select 1'",
    ],
)
def test_the_role_may_not_create_temporary_objects(role: Connection, statement: str) -> None:
    with pytest.raises(pg.InsufficientPrivilege):
        role.execute(statement.encode())


def test_every_definer_function_searches_pg_temp_last(owner: Connection) -> None:
    found = owner.execute(
        "select proname, array(select s from unnest(proconfig) as s where s like 'search_path=%')"
        " from pg_proc where prosecdef"
        " and pronamespace not in ('pg_catalog'::regnamespace, 'information_schema'::regnamespace)"
    ).fetchall()

    assert dict(found) == {name: ["search_path=pg_catalog, pg_temp"] for name in DEFINERS}
