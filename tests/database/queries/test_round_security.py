"""Only the owner of a round can reach it, whatever the SQL or the plan."""

from __future__ import annotations

import json
from datetime import date
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from psycopg import errors as pg

from futuretracker.database.queries import analytics, rounds
from tests.database.queries.test_every_query import PLANS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from uuid import UUID

    from tests.database.queries.conftest import Owner

Connection = psycopg.Connection[Any]
DAY = date(2026, 12, 1)
INSERT_ROUND = """
    insert into opportunity_rounds (user_id, opportunity_id, round_number, round_type)
    values (%(user)s, %(row)s, 50, 'hr')
"""


def set_user(conn: Connection, user_id: object) -> None:
    conn.execute("select set_config('app.user_id', %s, true)", [str(user_id)])


@pytest.fixture(params=PLANS)
def as_a(
    role: Connection, a: Owner, b: Owner, request: pytest.FixtureRequest
) -> Iterator[Connection]:
    """The service's role in a transaction for user A, under each plan."""
    with role.transaction(force_rollback=True):
        role.execute(request.param)
        set_user(role, a.id)
        yield role


def ids(conn: Connection, tail: str = "") -> list[UUID]:
    query = f"select r.id from opportunity_rounds as r {tail}"
    return [row[0] for row in conn.execute(query.encode())]


@pytest.mark.parametrize("user", ["", "00000000-0000-0000-0000-000000000000"])
def test_without_a_user_there_is_no_round(role: Connection, a: Owner, user: str) -> None:
    with role.transaction(force_rollback=True):
        assert ids(role) == []
        set_user(role, user)
        assert ids(role) == []
        assert role.execute("update opportunity_rounds set notes = 'x'").rowcount == 0
        assert role.execute("delete from opportunity_rounds").rowcount == 0
        with pytest.raises(pg.InsufficientPrivilege):
            role.execute(INSERT_ROUND, {"user": a.id, "row": a.row_id})


def test_a_sees_only_rounds_of_a_by_any_query(as_a: Connection, a: Owner, b: Owner) -> None:
    assert ids(as_a) == [a.round_id]
    assert ids(as_a, f"where r.id = '{b.round_id}'") == []
    assert ids(as_a, f"where r.opportunity_id = '{b.row_id}'") == []
    assert ids(as_a, f"where r.user_id = '{b.id}'") == []
    assert ids(as_a, "join opportunities as o on o.id = r.opportunity_id") == [a.round_id]
    assert ids(as_a, "where r.result = 'pending' and r.scheduled_date = '2026-12-01'") == [
        a.round_id
    ]


def test_a_cannot_change_or_delete_rounds_of_b(as_a: Connection, a: Owner, b: Owner) -> None:
    changed = as_a.execute("update opportunity_rounds set notes = 'x' returning id")
    assert changed.fetchall() == [(a.round_id,)]
    where = {"id": b.round_id, "row": b.row_id}
    for statement in (
        "update opportunity_rounds set result = 'rejected' where id = %(id)s",
        "update opportunity_rounds set user_id = user_id where opportunity_id = %(row)s",
        "delete from opportunity_rounds where id = %(id)s",
    ):
        assert as_a.execute(statement.encode(), where).rowcount == 0
    gone = as_a.execute("delete from opportunity_rounds returning id")
    assert gone.fetchall() == [(a.round_id,)]


@pytest.mark.parametrize(
    "statement",
    [
        "update opportunity_rounds set user_id = %(b)s where id = %(mine)s",
        "update opportunity_rounds set opportunity_id = %(b_row)s where id = %(mine)s",
        "update opportunity_rounds set (user_id, opportunity_id) = (%(b)s, %(b_row)s)",
        INSERT_ROUND.replace("%(user)s", "%(a)s").replace("%(row)s", "%(b_row)s"),
        INSERT_ROUND.replace("%(user)s", "%(b)s").replace("%(row)s", "%(b_row)s"),
        INSERT_ROUND.replace("%(user)s", "%(b)s").replace("%(row)s", "%(mine_row)s"),
        INSERT_ROUND.replace("%(user)s", "%(a)s").replace("%(row)s", "gen_random_uuid()"),
        # ON CONFLICT must not reach a round of B either.
        INSERT_ROUND.replace("50", "1").replace("%(user)s", "%(a)s").replace("%(row)s", "%(b_row)s")
        + " on conflict (opportunity_id, round_number) do update set notes = 'x'",
        "truncate opportunity_rounds",
        "alter table opportunity_rounds no force row level security",
        "drop policy api_owner_only on opportunity_rounds",
        "create policy mine on opportunity_rounds using (true)",
    ],
)
def test_a_cannot_move_a_round_to_b_nor_add_one_to_b(
    as_a: Connection, a: Owner, b: Owner, statement: str
) -> None:
    everybody = {"a": a.id, "b": b.id, "b_row": b.row_id, "mine": a.round_id, "mine_row": a.row_id}
    with pytest.raises(pg.InsufficientPrivilege):
        as_a.execute(statement.encode(), everybody)


def test_a_may_add_a_round_to_an_opportunity_of_a(as_a: Connection, a: Owner) -> None:
    assert as_a.execute(INSERT_ROUND, {"user": a.id, "row": a.row_id}).rowcount == 1


def test_an_additional_permissive_policy_gives_no_access(
    owner: Connection, a: Owner, b: Owner
) -> None:
    with owner.transaction(force_rollback=True):
        owner.execute(
            "create policy everybody on opportunity_rounds using (true) with check (true)"
        )
        owner.execute("set local role futuretracker_api")
        assert ids(owner) == []
        set_user(owner, a.id)
        assert ids(owner) == [a.round_id]
        with pytest.raises(pg.InsufficientPrivilege):
            owner.execute(INSERT_ROUND, {"user": a.id, "row": b.row_id})


@pytest.fixture(params=["role", "superuser"])
def conn(role: Connection, owner: Connection, request: pytest.FixtureRequest) -> Connection:
    """The service's role, and a superuser, to whom no policy applies."""
    return role if request.param == "role" else owner


def stored(owner: Connection, b: Owner) -> list[tuple[Any, ...]]:
    return owner.execute(
        """
        select to_jsonb(r) from opportunity_rounds as r where opportunity_id = %(row)s
        union all select to_jsonb(o) from opportunities as o where id = %(row)s
        union all select to_jsonb(l) from audit_log as l where user_id = %(user)s
        """,
        {"row": b.row_id, "user": b.id},
    ).fetchall()


def test_no_query_of_a_changes_anything_of_b(
    conn: Connection, owner: Connection, a: Owner, b: Owner
) -> None:
    before = stored(owner, b)
    values = {"round_type": "hr", "result": "rejected", "user_id": str(b.id)}
    for row_id, found in ((b.row_id, False), (a.row_id, True)):
        where: Any = {"audit": a.audit, "row_id": row_id, "round_id": b.round_id}
        for outcome in (
            rounds.update_round(conn, **where, values=values),
            rounds.delete_round(conn, **where),
        ):
            assert (outcome.found, outcome.body, outcome.round) == (found, None, None)
    made = rounds.insert_round(conn, audit=a.audit, row_id=b.row_id, values=values)

    assert made == rounds.Outcome()
    assert stored(owner, b) == before


def test_no_query_of_a_shows_anything_of_b(conn: Connection, a: Owner, b: Owner) -> None:
    assert rounds.select_rounds(conn, user_id=a.id, row_id=b.row_id) == rounds.Outcome()
    coming = rounds.select_upcoming_rounds(conn, user_id=a.id, first=DAY, last=DAY, limit=200)
    assert [one["id"] for one in json.loads(coming.items)] == [str(a.round_id)]
    counts = json.loads(analytics.select_analytics(conn, user_id=a.id, parts=analytics.V1).body)
    assert counts["pipelineAnalytics"]["stageReachByRoundNumber"] == [
        {"roundNumber": 1, "reached": 1, "stillActive": 1}
    ]
    values = {"round_type": "hr", "result": "cleared"}
    done = rounds.insert_round(conn, audit=a.audit, row_id=a.row_id, values=values)
    shown = json.loads(done.body or b"null")
    assert {one["opportunity_id"] for one in shown["rounds"]} == {str(a.row_id)}
    assert shown["opportunity"]["user_id"] == str(a.id)


def test_the_user_of_a_change_is_not_set_for_the_next_statement(role: Connection, a: Owner) -> None:
    """That also holds after a statement that fails."""
    taken = {"round_type": "hr", "result": "pending", "round_number": 1}
    with pytest.raises(pg.UniqueViolation):
        rounds.insert_round(role, audit=a.audit, row_id=a.row_id, values=taken)
    assert ids(role) == []
    rounds.delete_round(role, audit=a.audit, row_id=a.row_id, round_id=a.round_id)
    assert role.execute("select count(*) from opportunities").fetchone() == (0,)


def test_an_import_of_a_cannot_reach_rounds_of_b(as_a: Connection, a: Owner, b: Owner) -> None:
    given = json.dumps(
        [
            {"opportunity_id": str(b.row_id), "rounds": []},
            {"opportunity_id": str(a.row_id), "rounds": []},
        ]
    )
    replace = "select changed_action, changed_round from futuretracker_replace_rounds(%s, %s)"
    with as_a.transaction(force_rollback=True):
        changed = as_a.execute(replace, [b.id, given]).fetchall()
        assert changed == []
        changed = as_a.execute(replace, [a.id, given]).fetchall()
        assert changed == [("DELETE_ROUND", a.round_id)]
    taken = given.replace("[]", '[{"round_number": 50, "round_type": "hr", "result": "pending"}]')
    for user in (a, b):
        with pytest.raises(pg.InsufficientPrivilege), as_a.transaction():
            as_a.execute(replace, [user.id, taken])
