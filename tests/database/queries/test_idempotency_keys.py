"""The table of idempotency keys: whose they are, for how long they are kept, and what they cost."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any
from unittest import mock

import psycopg
import pytest
from psycopg import errors as pg

from futuretracker.database.queries import erasures
from futuretracker.database.queries.changes import OtherForm, remembering, repeating
from futuretracker.database.queries.columns import V1
from futuretracker.database.queries.erasures import begin_erasure, continue_erasure
from futuretracker.database.queries.idempotency_keys import delete_idempotency_keys, select_key
from futuretracker.database.queries.opportunities import (
    delete_opportunity,
    insert_opportunity,
    update_opportunity,
)
from futuretracker.web.request import IdempotencyKey
from tests.conftest import numbers
from tests.database.queries.test_round_trips import wired

if TYPE_CHECKING:
    from tests.database.queries.conftest import Owner
    from tests.database.queries.test_round_trips import Wire

__all__ = ["wired"]
Connection = psycopg.Connection[Any]
NEW = {"title": "New", "status": "applied"}


def new_key() -> IdempotencyKey:
    scope = hashlib.sha256(f"key {next(numbers)}".encode()).digest()
    return IdempotencyKey(scope, hashlib.sha256(b"payload").digest())


def insert(conn: Connection, user: Owner, key: IdempotencyKey) -> Any:
    return remembering(insert_opportunity, key)(conn, audit=user.audit, values=NEW, columns=V1)


def state(owner: Connection, user: Owner) -> list[Any]:
    return owner.execute(
        "select (select json_agg(o order by id)::text from opportunities as o"
        " where user_id = %(id)s), (select count(*) from audit_log where user_id = %(id)s),"
        " (select count(*) from idempotency_keys where user_id = %(id)s)",
        {"id": user.id},
    ).fetchall()


def test_the_stored_rows_make_the_same_result(role: Connection, a: Owner) -> None:
    key = new_key()
    written = insert(role, a, key)
    known = select_key(role, user_id=a.id, key=key)

    assert (known.is_same, known.is_busy) == (True, False)
    same = repeating(known.rows, known.form)
    assert insert_opportunity(same, audit=a.audit, values=NEW, columns=V1) == written
    other = key._replace(payload=b"x" * 32)
    assert not select_key(role, user_id=a.id, key=other).is_same


def test_rows_of_another_release_are_not_taken_for_others(role: Connection, a: Owner) -> None:
    key = new_key()
    insert(role, a, key)
    known = select_key(role, user_id=a.id, key=key)

    with pytest.raises(OtherForm):
        update_opportunity(
            repeating(known.rows, known.form),
            audit=a.audit,
            row_id=a.row_id,
            values=NEW,
            columns=V1,
        )


def test_a_key_that_is_known_changes_nothing_and_comes_before_every_other_error(
    role: Connection, owner: Connection, a: Owner
) -> None:
    key = new_key()
    remove = remembering(delete_opportunity, key)
    assert remove(role, audit=a.audit, row_id=a.row_id).exists
    before = state(owner, a)
    for _ in range(2):
        with pytest.raises(pg.UniqueViolation) as error:
            remove(role, audit=a.audit, row_id=a.row_id)
        assert error.value.diag.constraint_name == "idempotency_keys_pkey"

    assert state(owner, a) == before


def test_a_change_that_fails_keeps_no_key(role: Connection, owner: Connection, a: Owner) -> None:
    key = new_key()
    values = {"title": None}
    with pytest.raises(pg.NotNullViolation):
        remembering(update_opportunity, key)(
            role, audit=a.audit, row_id=a.row_id, values=values, columns=V1
        )

    assert select_key(role, user_id=a.id, key=key) == (None, "", False, False)


def test_a_change_with_a_key_takes_one_round_trip(
    wired: tuple[Connection, Wire],
    a: Owner,
) -> None:
    conn, wire = wired
    trips = []
    for _ in range(3):  # the first one prepares the statement
        start = wire.trips
        insert(conn, a, new_key())
        trips.append(wire.trips - start)

    assert trips[1:] == [1, 1]


def test_a_user_sees_no_key_of_another(role: Connection, a: Owner, b: Owner) -> None:
    key = new_key()
    insert(role, a, key)

    assert select_key(role, user_id=b.id, key=key) == (None, "", False, False)
    with role.transaction():
        role.execute("select set_config('app.user_id', %s, true)", [str(b.id)])
        assert (
            role.execute("select from idempotency_keys where scope = %s", [key.scope]).fetchall()
            == []
        )
    assert role.execute("select from idempotency_keys").fetchall() == []


@pytest.mark.parametrize(
    "statement",
    [
        "delete from idempotency_keys",
        "update idempotency_keys set payload = ''",
        "insert into idempotency_keys (user_id, created_at) values (%(id)s, now())",
    ],
)
def test_the_role_cannot_change_what_is_kept(role: Connection, a: Owner, statement: str) -> None:
    with pytest.raises(pg.InsufficientPrivilege):
        role.execute(statement.encode(), {"id": a.id})


def test_the_role_cannot_keep_a_key_for_another_user(role: Connection, a: Owner, b: Owner) -> None:
    with role.transaction(force_rollback=True):
        role.execute("select set_config('app.user_id', %s, true)", [str(b.id)])
        with pytest.raises(pg.InsufficientPrivilege):
            role.execute(
                "insert into idempotency_keys (user_id, scope, payload, result)"
                " values (%s, '', '', '[]')",
                [a.id],
            )


def test_keys_are_deleted_after_a_day_the_oldest_first(
    role: Connection, owner: Connection, a: Owner
) -> None:
    owner.execute("delete from idempotency_keys")
    keys = [new_key() for _ in range(5)]
    hours = (50, 23, 30, 40, 25)
    for key, age in zip(keys, hours, strict=True):
        insert(role, a, key)
        owner.execute(
            "update idempotency_keys set created_at = now() - make_interval(hours => %s)"
            " where scope = %s",
            [age, key.scope],
        )

    def kept() -> list[int]:
        return [
            age
            for key, age in zip(keys, hours, strict=True)
            if select_key(role, user_id=a.id, key=key).rows is not None
        ]

    assert delete_idempotency_keys(role, 2) == 2
    assert kept() == [23, 30, 25]
    assert delete_idempotency_keys(role, 1000) == 2
    assert kept() == [23]
    assert delete_idempotency_keys(role, 1000) == 0


def test_the_erasure_of_a_user_deletes_the_keys_in_steps(
    role: Connection, owner: Connection, a: Owner, b: Owner
) -> None:
    for user in (a, b):
        insert(role, user, new_key())
    owner.execute(
        "insert into idempotency_keys (user_id, scope, payload, result, form)"
        " select %s, sha256(n::text::bytea), '', '[]', '' from generate_series(1, 2500) as n",
        [a.id],
    )
    begin_erasure(role, event=None, clerk_id=a.clerk_id, seconds=60, request_id="request")

    def left(user: Owner) -> tuple[int]:
        return owner.execute(
            "select count(*) from idempotency_keys where user_id = %s", [user.id]
        ).fetchone()

    with mock.patch.object(erasures, "STEP", 0):  # one batch for each step
        steps = []
        while not continue_erasure(role, clerk_id=a.clerk_id):
            steps.append(left(a)[0])
    assert 1501 in steps
    assert 501 in steps
    assert (left(a), left(b)) == ((0,), (1,))
