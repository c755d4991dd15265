"""Only the owner of an API key, and a request that names its id, can reach the key."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from psycopg import errors as pg

from futuretracker.database.queries.api_keys import delete_key, find_key, touch_key
from tests.conftest import ROLE_NAME
from tests.database.queries.keys import OTHER_DIGEST, add, listed, rotate, update
from tests.database.queries.test_every_query import PLANS

if TYPE_CHECKING:
    from tests.database.queries.conftest import Owner

Connection = psycopg.Connection[Any]
SETTINGS = "select set_config('app.user_id', %s, true), set_config('app.api_key', %s, true)"


def set_both(conn: Connection, user: object = "", key: str = "") -> None:
    conn.execute(SETTINGS, [str(user), key])


def ids(conn: Connection) -> list[str]:
    return [key_id for (key_id,) in conn.execute("select id from api_keys order by id")]


def check_reach(conn: Connection, user: Owner, mine: str, other: str) -> None:
    """Check that each query reaches the only key of its user, and not the other key."""
    audit = user.audit
    assert [key["id"] for key in listed(conn, user)] == [mine]
    assert update(conn, audit=audit, key_id=other, values={"name": "x"}) == (False, [], None)
    assert not rotate(conn, audit=audit, key_id=other, digest=OTHER_DIGEST, keep=0).found
    assert delete_key(conn, audit=audit, key_id=other) is None
    found = find_key(conn, key_id=mine)
    assert found is not None
    assert (found.user_id, found.clerk_id, found.version) == (user.id, user.clerk_id, 1)
    touch_key(conn, key_id=mine, address="192.0.2.7", agent=user.clerk_id)
    assert listed(conn, user)[0]["lastUsed"]["userAgent"] == user.clerk_id
    values = {"scopes": ["opportunities:read"]}
    body = update(conn, audit=audit, key_id=mine, values=values).body
    assert json.loads(body or b"{}")["scopes"] == values["scopes"]
    assert rotate(conn, audit=audit, key_id=mine, digest=OTHER_DIGEST, keep=60).body


def check_queries(conn: Connection, a: Owner, b: Owner) -> None:
    of_a, of_b = add(conn, a), add(conn, b)
    check_reach(conn, a, of_a, of_b)
    check_reach(conn, b, of_b, of_a)
    assert delete_key(conn, audit=a.audit, key_id=of_a) == "Spreadsheet"
    assert find_key(conn, key_id=of_a) is None
    assert find_key(conn, key_id=of_b) is not None


@pytest.mark.parametrize("plan", PLANS)
def test_every_query_sees_its_user_under_every_plan(
    role: Connection, a: Owner, b: Owner, plan: str
) -> None:
    with role.transaction(force_rollback=True):
        role.execute(plan.encode())
        check_queries(role, a, b)


def test_every_query_names_its_owner_even_if_no_policy_applies(
    owner: Connection, a: Owner, b: Owner
) -> None:
    with owner.transaction(force_rollback=True):
        check_queries(owner, a, b)


@pytest.mark.parametrize("plan", PLANS)
def test_a_user_sees_the_keys_of_the_user_and_a_request_the_key_that_it_names(
    role: Connection, a: Owner, b: Owner, plan: str
) -> None:
    mine, others = sorted([add(role, a), add(role, a)]), [add(role, b), add(role, b)]
    with role.transaction(force_rollback=True):
        role.execute(plan.encode())
        assert ids(role) == []
        set_both(role, user=a.id)
        assert ids(role) == mine
        set_both(role, key=others[0])
        assert ids(role) == others[:1]
        set_both(role, key="0" * 12)
        assert ids(role) == []
        set_both(role)
        assert ids(role) == []


def test_the_key_of_a_statement_is_not_set_for_the_next(role: Connection, a: Owner) -> None:
    assert find_key(role, key_id=add(role, a)) is not None
    assert ids(role) == []


def test_a_request_with_a_key_notes_its_use_and_cannot_do_more(
    role: Connection, a: Owner, b: Owner
) -> None:
    first, _second = add(role, a), add(role, a)
    with role.transaction(force_rollback=True):
        set_both(role, key=first)
        assert role.execute("update api_keys set last_used_agent = 'x'").rowcount == 1
        assert role.execute("delete from api_keys").rowcount == 0
        for user in (a, b):
            with pytest.raises(pg.InsufficientPrivilege), role.transaction():
                role.execute(
                    "insert into api_keys (id, user_id, clerk_id, name, scopes, secret_digest)"
                    " values ('NewNewNewNew', %s, 'x', 'x', '{account:read}', %s)",
                    [user.id, OTHER_DIGEST],
                )
        set_both(role, user=a.id)
        assert role.execute("delete from api_keys").rowcount == 2


def test_a_user_cannot_write_keys_of_another(role: Connection, a: Owner, b: Owner) -> None:
    key_id = add(role, b)
    with role.transaction(force_rollback=True):
        set_both(role, user=a.id)
        assert role.execute("update api_keys set name = 'x' where id = %s", [key_id]).rowcount == 0
        assert role.execute("delete from api_keys where id = %s", [key_id]).rowcount == 0
        with pytest.raises(pg.InsufficientPrivilege):
            role.execute(
                "insert into api_keys (id, user_id, clerk_id, name, scopes, secret_digest)"
                " values ('NewNewNewNew', %s, 'x', 'x', '{account:read}', %s)",
                [b.id, OTHER_DIGEST],
            )


@pytest.mark.parametrize(
    "column", ["id", "user_id", "clerk_id", "algorithm", "public_key", "created_at"]
)
def test_what_a_key_is_cannot_be_changed(role: Connection, a: Owner, column: str) -> None:
    add(role, a)
    with role.transaction(force_rollback=True):
        set_both(role, user=a.id)
        with pytest.raises(pg.InsufficientPrivilege):
            role.execute(f"update api_keys set {column} = {column}".encode())


def test_a_new_key_has_no_history(owner: Connection) -> None:
    """The role sets neither the time, nor the version, nor a second secret of a new key."""
    granted = owner.execute(
        "select privilege_type, array_agg(column_name::text order by column_name)"
        " from information_schema.column_privileges"
        " where grantee = %s and table_name = 'api_keys' and privilege_type <> 'SELECT'"
        " group by 1 order by 1",
        [ROLE_NAME],
    ).fetchall()

    assert dict(granted) == {
        "INSERT": [
            "algorithm", "clerk_id", "expires_at", "id", "name", "networks", "public_key",
            "scopes", "secret_digest", "user_id",
        ],
        "UPDATE": [
            "expires_at", "former_digest", "former_until", "last_used_address", "last_used_agent",
            "last_used_at", "name", "networks", "scopes", "secret_digest", "version",
        ],
    }  # fmt: skip


def explain(conn: Connection, condition: str) -> str:
    with conn.transaction(force_rollback=True):
        conn.execute("set local enable_seqscan = off")
        plan = conn.execute(
            f"explain (costs off) select * from api_keys where {condition}".encode()
        )
        return "\n".join(line for (line,) in plan)


@pytest.mark.parametrize(
    ("condition", "index"),
    [
        ("user_id = '00000000-0000-0000-0000-000000000000'", "api_keys_owner"),
        ("id = '000000000000'", "api_keys_pkey"),
    ],
)
def test_the_policies_do_not_prevent_the_index(
    role: Connection, condition: str, index: str
) -> None:
    assert f"using {index}" in explain(role, condition) or f"on {index}" in explain(role, condition)
