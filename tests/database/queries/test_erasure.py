"""Erase a user in steps: the tokens first, then the data, whatever interrupts it."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import pairwise
from typing import TYPE_CHECKING, Any
from unittest import mock

import psycopg
import pytest
from psycopg import errors as pg

from futuretracker.database.queries import erasures
from futuretracker.database.queries.erasures import (
    begin_erasure,
    continue_erasure,
    select_erasures,
)
from futuretracker.database.queries.revocations import select_restrictions
from futuretracker.database.queries.users import upsert_user
from tests.conftest import numbers
from tests.support.pooler import connect

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.database.queries.conftest import Owner

Connection = psycopg.Connection[Any]
TABLES = ("opportunities", "opportunity_rounds", "users")
FILL = """
with added as (
    insert into opportunities (user_id, title, created_at)
    select %(id)s, 'Row ' || n, now() - n * interval '1 minute'
    from generate_series(1, %(rows)s) as n returning id
), rounds as (
    insert into opportunity_rounds (opportunity_id, user_id, round_number, round_type)
    select id, %(id)s, n, 'oa' from added, generate_series(1, 2) as n
)
insert into audit_log (user_id, actor, action, resource_id, details, request_id)
select %(id)s, 'user', 'CREATE_OPPORTUNITY', id, '{"title": "x"}', 'request' from added
"""


def fill(owner: Connection, user: Owner, rows: int) -> None:
    """Give a user so many opportunities, each with two rounds and an audit entry."""
    owner.execute(FILL, {"id": user.id, "rows": rows})


def counts(owner: Connection, user: Owner) -> list[int]:
    """Return the number of opportunities, rounds, and audit entries with details."""
    queries = [f"select count(*) from {table} where user_id = %s" for table in TABLES[:2]]
    queries.append("select count(*) from audit_log where user_id = %s and details <> '{}'")
    found = [owner.execute(query.encode(), [user.id]).fetchone() for query in queries]
    return [count[0] for count in found if count]


def audited(owner: Connection, user: Owner) -> list[str]:
    rows = owner.execute("select action from audit_log where user_id = %s order by id", [user.id])
    return [action for (action,) in rows]


def begin(conn: Connection, clerk_id: str, event: str | None = None, seconds: int = 60) -> bool:
    return begin_erasure(
        conn, event=event, clerk_id=clerk_id, seconds=seconds, request_id="request"
    )


@contextmanager
def batch_by_batch() -> Iterator[None]:
    """Let each step erase a single batch."""
    with mock.patch.object(erasures, "STEP", 0):
        yield


def finish(conn: Connection, user: Owner) -> int:
    """Erase until nothing is left; return the number of steps."""
    steps = 1
    while not continue_erasure(conn, clerk_id=user.clerk_id):
        steps += 1
    return steps


def test_each_step_erases_a_part_and_the_last_one_the_user(
    role: Connection, owner: Connection, a: Owner, b: Owner
) -> None:
    fill(owner, a, 1600)
    fill(owner, b, 3)
    kept = counts(owner, b), audited(owner, b)
    assert begin(role, a.clerk_id)
    seen = [counts(owner, a)]
    with batch_by_batch():
        while not continue_erasure(role, clerk_id=a.clerk_id):
            seen.append(counts(owner, a))

    assert seen[0][0] == 1601
    assert [left for left, _, _ in seen[:4]] == [1601, 1101, 601, 101]
    # Nothing comes back, and each step gets on.
    assert all(later < sooner for sooner, later in pairwise(seen))
    assert counts(owner, a) == [0, 0, 0]
    assert owner.execute("select from users where id = %s", [a.id]).fetchall() == []
    assert audited(owner, a).count("ERASE_USER") == 1
    assert len(audited(owner, a)) == 1600 + 2 + 1
    assert (counts(owner, b), audited(owner, b)) == kept


def test_audit_entries_of_one_moment_are_redacted_in_steps(
    role: Connection, owner: Connection, a: Owner
) -> None:
    """They are ordered by their time, which does not tell them apart."""
    fill(owner, a, 1)
    owner.execute(
        "insert into audit_log (user_id, actor, action, details, request_id)"
        " select %s, 'user', 'X', '{\"a\": 1}', 'request' from generate_series(1, 4500)",
        [a.id],
    )
    begin(role, a.clerk_id)
    with batch_by_batch():
        steps = finish(role, a)

    assert steps > 4
    assert counts(owner, a) == [0, 0, 0]


def test_a_user_of_a_usual_size_takes_one_step(
    role: Connection, owner: Connection, a: Owner
) -> None:
    begin(role, a.clerk_id)

    assert continue_erasure(role, clerk_id=a.clerk_id)
    assert counts(owner, a) == [0, 0, 0]
    assert continue_erasure(role, clerk_id=a.clerk_id)
    assert audited(owner, a).count("ERASE_USER") == 1


def test_a_step_that_fails_takes_nothing_of_the_others_back(
    role: Connection, owner: Connection, a: Owner
) -> None:
    fill(owner, a, 700)
    begin(role, a.clerk_id, "msg_broken")
    owner.execute(
        "create function break() returns trigger language plpgsql as"
        " $$ begin raise exception 'broken'; end $$"
    )
    owner.execute(
        "create trigger break before update on audit_log for each row execute function break()"
    )
    try:
        with batch_by_batch():
            assert not continue_erasure(role, clerk_id=a.clerk_id)
            before = counts(owner, a)
            with pytest.raises(pg.RaiseException):
                continue_erasure(role, clerk_id=a.clerk_id)
    finally:
        owner.execute("drop function break cascade")
    assert counts(owner, a) == before
    assert before[0] == 201
    assert a.clerk_id in select_restrictions(role).refused
    assert a.clerk_id in [one.clerk_id for one in select_erasures(role)]

    assert not begin(role, a.clerk_id, "msg_broken")  # the same event again
    finish(role, a)
    assert counts(owner, a) == [0, 0, 0]
    assert audited(owner, a).count("ERASE_USER") == 1


def test_the_user_is_refused_until_everything_is_erased(
    role: Connection, owner: Connection, a: Owner
) -> None:
    """Also if that takes longer than a token lives."""
    fill(owner, a, 600)
    begin(role, a.clerk_id, seconds=0)
    owner.execute("delete from revocations where subject = %s", [a.clerk_id])

    assert a.clerk_id in select_restrictions(role).refused
    owner.execute("delete from users where id = %s", [a.id])
    assert upsert_user(role, clerk_id=a.clerk_id, email=None) is None
    finish(role, a)
    assert a.clerk_id not in select_restrictions(role).refused
    assert counts(owner, a) == [0, 0, 0]


def test_two_processes_that_erase_at_once_take_turns(
    owner: Connection, service_url: str, a: Owner
) -> None:
    fill(owner, a, 3000)
    together = threading.Barrier(2)

    def work() -> int:
        with connect(service_url) as conn:
            begin(conn, a.clerk_id)
            together.wait()
            return finish(conn, a)

    with batch_by_batch(), ThreadPoolExecutor(2) as pool:
        steps = [one.result(120) for one in [pool.submit(work), pool.submit(work)]]

    assert counts(owner, a) == [0, 0, 0]
    assert audited(owner, a).count("ERASE_USER") == 1
    assert min(steps) > 1


def test_what_a_request_adds_during_the_erasing_is_erased_too(
    role: Connection, owner: Connection, a: Owner
) -> None:
    """A request that was let in before the revocation may still run."""
    fill(owner, a, 600)
    begin(role, a.clerk_id)
    with batch_by_batch():
        assert not continue_erasure(role, clerk_id=a.clerk_id)
        fill(owner, a, 5)
    finish(role, a)

    assert counts(owner, a) == [0, 0, 0]


def test_the_queue_names_who_waits_longest_first(role: Connection, a: Owner) -> None:
    unknown = f"user_unknown{next(numbers)}"
    begin(role, a.clerk_id)
    begin(role, unknown)
    queued = [one for one in select_erasures(role) if one.clerk_id in {a.clerk_id, unknown}]

    assert queued == [(a.clerk_id, a.id), (unknown, None)]
    assert continue_erasure(role, clerk_id=unknown)
    assert finish(role, a) == 1


def test_an_erasure_keeps_nothing_in_the_trash(
    role: Connection, owner: Connection, a: Owner, b: Owner
) -> None:
    """Neither what it deletes, nor what was there before, nor what is deleted meanwhile."""
    fill(owner, a, 1200)
    for user in (a, b):
        owner.execute("delete from opportunities where id = %s", [user.row_id])
    kept = "select count(*) from trash where user_id = %s"
    assert [owner.execute(kept, [user.id]).fetchone() for user in (a, b)] == [(1,), (1,)]
    begin(role, a.clerk_id)
    with batch_by_batch():
        assert not continue_erasure(role, clerk_id=a.clerk_id)
    owner.execute(
        "delete from opportunities where id = (select id from opportunities where user_id = %s"
        " limit 1)",
        [a.id],
    )
    assert owner.execute(kept, [a.id]).fetchone() == (1,)
    finish(role, a)

    assert counts(owner, a) == [0, 0, 0]
    assert [owner.execute(kept, [user.id]).fetchone() for user in (a, b)] == [(0,), (1,)]


def test_a_user_whom_an_operator_deletes_leaves_no_trash(owner: Connection, a: Owner) -> None:
    owner.execute("delete from users where id = %s", [a.id])

    assert owner.execute("select from trash where user_id = %s", [a.id]).fetchall() == []
