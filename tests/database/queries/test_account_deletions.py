"""Deletions of accounts: they begin when they are due, unless the user cancels."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from futuretracker.database.queries.account_deletions import (
    begin_due_erasures,
    delete_deletion,
    insert_deletion,
)
from futuretracker.database.queries.account_export import select_activity
from futuretracker.database.queries.erasures import (
    begin_erasure,
    continue_erasure,
    select_erasures,
)
from futuretracker.database.queries.revocations import select_restrictions
from tests.support.pooler import connect
from tests.support.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.database.queries.conftest import Owner

Connection = psycopg.Connection[Any]
WAITING = "select from pg_locks where not granted"


@pytest.fixture(autouse=True)
def _only_these(owner: Connection) -> Iterator[None]:
    owner.execute("delete from account_deletions")
    yield
    owner.execute("delete from account_deletions; delete from erasures")


@pytest.fixture
def second(service_url: str) -> Iterator[Connection]:
    with connect(service_url, autocommit=True) as conn:
        yield conn


def ask(role: Connection, owner: Connection, user: Owner, days: int = -1) -> None:
    """Ask for a deletion that is due in so many days."""
    insert_deletion(role, audit=user.audit, days=30)
    due = "update account_deletions set due_at = now() + make_interval(days => %s)"
    owner.execute(f"{due} where user_id = %s".encode(), [days, user.id])


def begin(conn: Connection, limit: int = 10) -> int:
    return begin_due_erasures(conn, limit, seconds=60, request_id="request")


def deletions(owner: Connection) -> list[Any]:
    return [user_id for (user_id,) in owner.execute("select user_id from account_deletions")]


def queued(role: Connection, *users: Owner) -> list[str]:
    """Return those of the users whose data is being erased."""
    names = {user.clerk_id for user in users}
    return [one.clerk_id for one in select_erasures(role) if one.clerk_id in names]


def test_only_what_is_due_begins(role: Connection, owner: Connection, a: Owner, b: Owner) -> None:
    ask(role, owner, a)
    ask(role, owner, b, days=1)

    assert begin(role) == 1
    assert (queued(role, a, b), deletions(owner)) == ([a.clerk_id], [b.id])
    refused = select_restrictions(role).refused
    assert (a.clerk_id in refused, b.clerk_id in refused) == (True, False)
    assert begin(role) == 0


def test_the_longest_due_begins_first(
    role: Connection, owner: Connection, a: Owner, b: Owner
) -> None:
    ask(role, owner, a, days=-1)
    ask(role, owner, b, days=-2)

    assert [begin(role, 1), queued(role, a, b)] == [1, [b.clerk_id]]
    assert [begin(role, 1), begin(role, 1)] == [1, 0]


def test_prune_wins_if_it_comes_first(
    role: Connection, second: Connection, owner: Connection, a: Owner
) -> None:
    ask(role, owner, a)

    def cancel() -> bool:
        with second.transaction():
            second.execute("set local lock_timeout = '60s'; set local statement_timeout = '60s'")
            return delete_deletion(second, audit=a.audit)

    with ThreadPoolExecutor() as pool:
        with role.transaction():
            assert begin(role) == 1
            cancelled = pool.submit(cancel)
            wait_for(lambda: owner.execute(WAITING).fetchall() != [])
        assert cancelled.result() is False
    assert (queued(role, a), deletions(owner)) == ([a.clerk_id], [])


def test_the_user_wins_by_cancelling_first(
    role: Connection, second: Connection, owner: Connection, a: Owner
) -> None:
    ask(role, owner, a)
    with second.transaction():
        assert delete_deletion(second, audit=a.audit)
        assert begin(role) == 0

    assert (begin(role), queued(role, a), deletions(owner)) == (0, [], [])
    assert a.clerk_id not in select_restrictions(role).refused


def test_a_user_who_is_erased_at_once_leaves_no_request(
    role: Connection, owner: Connection, a: Owner
) -> None:
    ask(role, owner, a, days=30)
    begin_erasure(role, event=None, clerk_id=a.clerk_id, seconds=60, request_id="request")
    while not continue_erasure(role, clerk_id=a.clerk_id):
        pass

    assert deletions(owner) == []


def test_a_request_during_the_erasure_brings_nothing_back(
    role: Connection, owner: Connection, a: Owner
) -> None:
    """It was let in before the user's tokens were refused."""
    ask(role, owner, a)
    assert begin(role) == 1
    insert_deletion(role, audit=a.audit, days=30)
    while not continue_erasure(role, clerk_id=a.clerk_id):
        pass

    assert deletions(owner) == []
    with pytest.raises(psycopg.errors.ForeignKeyViolation):
        insert_deletion(role, audit=a.audit, days=30)


def test_a_user_cannot_see_or_change_the_request_of_another(
    role: Connection, owner: Connection, a: Owner, b: Owner
) -> None:
    ask(role, owner, a, days=30)
    with role.transaction(force_rollback=True):
        role.execute("select set_config('app.user_id', %s, true)", [str(b.id)])
        for statement in (
            "select from account_deletions",
            "delete from account_deletions returning 1",
            "update account_deletions set due_at = now() returning 1",
        ):
            assert role.execute(statement.encode()).fetchall() == []
        with pytest.raises(psycopg.errors.InsufficientPrivilege), role.transaction():
            role.execute(
                "insert into account_deletions (user_id, due_at) values (%s, now())", [a.id]
            )
    assert not delete_deletion(role, audit=b.audit)
    assert deletions(owner) == [a.id]


def test_the_activity_is_that_of_the_user_of_the_statement(
    role: Connection, a: Owner, b: Owner
) -> None:
    page = select_activity(role, user_id=a.id, limit=10)
    assert (page.items.count(b'"action"'), page.next) == (2, None)

    with role.transaction(force_rollback=True):
        role.execute("select set_config('app.user_id', %s, true)", [str(b.id)])
        others = "select from futuretracker_activity(%s, 'infinity', 9223372036854775807, 9)"
        assert role.execute(others.encode(), [a.id]).fetchall() == []
        assert len(role.execute(others.encode(), [b.id]).fetchall()) == 2
