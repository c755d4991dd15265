"""Batches and changes of all that match: whose rows, how many round trips, and side by side."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import psycopg
import pytest

from futuretracker.database.queries import opportunities, search
from futuretracker.database.queries.batch import Done, Step, execute_batch
from futuretracker.database.queries.columns import V1
from futuretracker.database.queries.filtered_changes import (
    Matches,
    delete_matches,
    select_matches,
    update_matches,
)
from futuretracker.database.queries.imports import Item, execute_import, select_import
from futuretracker.database.queries.search import Term
from tests.database.queries.test_every_query import PLANS
from tests.database.queries.test_round_trips import SYNC, Wire, wired
from tests.database.queries.test_rounds_in_turn import in_turn, two

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tests.database.queries.conftest import Owner

__all__ = ["in_turn", "two", "wired"]

Connection = psycopg.Connection[Any]
EVERYTHING: dict[str, Any] = {"filters": {}, "search": ()}
SEARCH: dict[str, Any] = {"filters": {"category": "internship"}, "search": [[Term("mi")]]}


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "SEARCH_WITHIN", "60000")  # milliseconds, for a busy machine


def create(title: str = "New") -> Step:
    return Step("create", None, {"title": title, "status": "applied"}, {})


def update(row_id: UUID, **values: object) -> Step:
    return Step("update", row_id, values, {})


def delete(row_id: UUID) -> Step:
    return Step("delete", row_id, {}, {})


def run(conn: Connection, owner: Owner, *steps: Step, atomic: bool = True) -> Sequence[Done]:
    return execute_batch(conn, audit=owner.audit, steps=steps, atomic=atomic, columns=V1)


def title_of(conn: Connection, owner: Owner) -> str | None:
    row = opportunities.select_opportunity(conn, user_id=owner.id, row_id=owner.row_id, columns=V1)
    return json.loads(row.body or b"{}")["title"] if row else None


def check(conn: Connection, me: Owner, other: Owner) -> None:
    """Check that no query reaches the rows of ``other``, and that each reaches those of ``me``."""
    foreign = [update(other.row_id, title="Stolen"), delete(other.row_id)]
    for step in foreign:
        for atomic in (True, False):
            assert run(conn, me, step, atomic=atomic) == [Done(False, None, None, None)]
    for which in (EVERYTHING, SEARCH):
        found = select_matches(conn, user_id=me.id, **which)
        assert (found.matching, found.changed) == (1, 0)
        assert [row["id"] for row in json.loads(found.listed)] == [str(me.row_id)]
        changed = update_matches(conn, audit=me.audit, values={"notes": "n"}, **which)
        assert changed == Matches(1, 1, found.listed)
    check_import(conn, me, other)
    created, mine = run(conn, me, create(), update(me.row_id, title="Mine too"))
    assert json.loads(created.row or b"{}")["user_id"] == str(me.id)
    assert title_of(conn, me) == json.loads(mine.row or b"{}")["title"] == "Mine too"
    assert run(conn, me, delete(UUID(created.id)))[0].title == "New"
    assert delete_matches(conn, audit=me.audit, **SEARCH).changed == 1
    assert title_of(conn, me) is None
    assert title_of(conn, other) == "Mine"


def check_import(conn: Connection, me: Owner, other: Owner) -> None:
    """Check that an import finds the rows of ``me`` only, whatever id, link or title it has."""
    values = {"title": "Mine", "status": "applied", "category": "internship"}
    rounds: list[dict[str, object]] = []
    items = [
        Item(2, me.row_id, values, {"notes": "imported"}, None, None, rounds),
        Item(3, other.row_id, {**values, "title": "Stolen"}, {"title": "Stolen"}, None, None, None),
    ]
    for found in (
        select_import(conn, user_id=me.id, items=items, duplicates="update"),
        execute_import(conn, audit=me.audit, items=items, duplicates="update"),
    ):
        assert (found.created, found.updated, found.skipped) == (1, 1, 0)
        first, second = json.loads(found.lines)
        assert (first["status"], first["id"]) == ("updated", str(me.row_id))
        assert (second["status"], second["id"] != str(other.row_id)) == ("created", True)
    assert run(conn, me, delete(UUID(second["id"])))[0].title == "Stolen"
    assert title_of(conn, other) == "Mine"


@pytest.mark.parametrize("plan", PLANS)
def test_every_query_sees_its_user_under_every_plan(
    role: Connection, a: Owner, b: Owner, plan: str
) -> None:
    with role.transaction(force_rollback=True):
        role.execute(plan.encode())
        check(role, a, b)


def test_every_query_names_its_owner_even_if_no_policy_applies(
    owner: Connection, a: Owner, b: Owner
) -> None:
    check(owner, a, b)


def test_each_takes_one_round_trip(wired: tuple[Connection, Wire], a: Owner) -> None:
    conn, wire = wired
    conn.execute("select 1")
    changes: list[Callable[[], Any]] = [
        lambda: run(conn, a, *[create() for _ in range(100)]),
        lambda: run(conn, a, create(), update(a.row_id, notes="x"), atomic=False),
        lambda: update_matches(conn, audit=a.audit, values={"notes": "y"}, **SEARCH),
        lambda: update_matches(conn, audit=a.audit, values={"notes": "y"}, **EVERYTHING),
        lambda: delete_matches(conn, audit=a.audit, **EVERYTHING),
    ]
    for change in changes:
        change()  # the first execution also prepares the statement
        before = wire.trips
        change()
        assert wire.trips == before + 1
    run(conn, a, create())
    assert wire.end == SYNC


def test_batches_that_name_the_same_rows_wait_for_each_other(
    in_turn: Callable[..., tuple[Any, Any]], role: Connection, a: Owner
) -> None:
    """Rows that were locked in the order of the batch would be a deadlock."""
    ids = [UUID(done.id) for done in run(role, a, *[create(str(n)) for n in range(10)]) if done.id]
    _, second = in_turn(
        lambda conn: run(conn, a, *[update(each, notes="first") for each in ids]),
        lambda conn: run(conn, a, *[update(each, link="l") for each in reversed(ids)]),
    )

    assert all(json.loads(done.row)["notes"] == "first" for done in second)


def test_many_batches_in_any_order_make_no_deadlock(
    two: tuple[Connection, Connection], role: Connection, a: Owner
) -> None:
    ids = [UUID(done.id) for done in run(role, a, *[create(str(n)) for n in range(30)]) if done.id]

    def repeat(conn: Connection, rows: list[UUID]) -> None:
        for _ in range(30):
            run(conn, a, *[update(each, notes="x") for each in rows])
            update_matches(conn, audit=a.audit, values={"notes": "y"}, **EVERYTHING)

    with ThreadPoolExecutor(2) as pool:
        running = [pool.submit(repeat, two[0], ids), pool.submit(repeat, two[1], ids[::-1])]
        for each in running:
            each.result(timeout=300)


def test_a_row_that_is_deleted_meanwhile_is_missing(
    in_turn: Callable[..., tuple[Any, Any]], role: Connection, a: Owner
) -> None:
    _, second = in_turn(
        lambda conn: run(conn, a, delete(a.row_id)),
        lambda conn: run(conn, a, create(), update(a.row_id, title="x")),
    )

    assert [(done.found, done.id) for done in second] == [(True, None), (False, None)]
    assert select_matches(role, user_id=a.id, **EVERYTHING).matching == 0


def test_a_row_that_no_longer_matches_is_left_alone(
    in_turn: Callable[..., tuple[Any, Any]], role: Connection, a: Owner
) -> None:
    which: dict[str, Any] = {"filters": {"status": ["applied"]}, "search": ()}
    run(role, a, create())
    _, second = in_turn(
        lambda conn: run(conn, a, update(a.row_id, status="rejected")),
        lambda conn: delete_matches(conn, audit=a.audit, **which),
    )

    assert (second.changed, title_of(role, a)) == (1, "Mine")


def test_a_batch_of_a_user_who_is_gone_writes_nothing(role: Connection, a: Owner) -> None:
    ghost = type(a.audit)(uuid4(), *a.audit[1:])
    with pytest.raises(psycopg.errors.ForeignKeyViolation):
        execute_batch(role, audit=ghost, steps=[create()], atomic=True, columns=V1)


def test_an_import_does_not_count_what_was_deleted_meanwhile_as_updated(
    in_turn: Callable[..., tuple[Any, Any]], a: Owner
) -> None:
    items = [Item(2, a.row_id, {"title": "Mine"}, {"notes": "x"}, None, None, None)]
    _, second = in_turn(
        lambda conn: run(conn, a, delete(a.row_id)),
        lambda conn: execute_import(conn, audit=a.audit, items=items, duplicates="update"),
    )

    assert (second.created, second.updated, second.skipped) == (0, 0, 1)


def test_an_import_is_never_compiled(role: Connection, a: Owner) -> None:
    """Without nested loops, one line looks as expensive as millions of rows."""
    items = [Item(2, None, {"title": "New", "status": "applied"}, {}, None, None, None)]
    with role.transaction(force_rollback=True):
        execute_import(role, audit=a.audit, items=items, duplicates="skip")
        assert role.execute("show jit").fetchone() == ("off",)
        assert role.execute("show enable_nestloop").fetchone() == ("off",)
