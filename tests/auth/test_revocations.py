"""Revocations in one process: loaded anew when it is time, and never forgotten too early."""

from __future__ import annotations

import time
from contextlib import contextmanager
from itertools import pairwise
from typing import TYPE_CHECKING, Any
from unittest import mock

import psycopg
import pytest

from futuretracker.auth import revocations
from futuretracker.auth.revocations import GENERATION
from futuretracker.database.queries.revocations import insert_revocation, select_revocations
from tests.support.clerk import event, send, session_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from flask import Flask

    from futuretracker.store import SharedStore
    from tests.conftest import User

Connection = psycopg.Connection[Any]


@contextmanager
def loads() -> Iterator[list[float]]:
    """Note when the set is loaded."""
    times: list[float] = []

    def noted(conn: Connection) -> frozenset[str]:
        times.append(time.monotonic())
        return select_revocations(conn)

    with mock.patch.object(revocations, "select_revocations", noted):
        yield times


@pytest.fixture
def user(build: Callable[..., Flask], make_user: Callable[..., User]) -> User:
    """A user of an application of this test's own."""
    return make_user(client=build().test_client())


def store_of(user: User) -> SharedStore:
    store: SharedStore = user.client.application.extensions["limits"].store
    return store


def revoke(role: Connection, subject: str, seconds: int = 60) -> None:
    """Write into the database what an operator does, and tell nobody."""
    kind: Any = "session" if subject.startswith("sess_") else "user"
    insert_revocation(role, event=None, kind=kind, subject=subject, seconds=seconds)


def seconds_until_refused(user: User) -> float:
    started = time.monotonic()
    while user.get("/api/me").status_code == 200:
        assert time.monotonic() < started + 60
    return time.monotonic() - started


@pytest.mark.parametrize("of", ["session", "user"])
def test_what_nobody_told_takes_effect_within_two_seconds(
    user: User, role: Connection, of: str
) -> None:
    assert user.get("/api/me").status_code == 200
    revoke(role, session_of(user.token) if of == "session" else user.id)

    assert seconds_until_refused(user) < 2.1


def test_another_generation_takes_effect_at_once(user: User, role: Connection) -> None:
    assert user.get("/api/me").status_code == 200
    revoke(role, user.id)
    store_of(user).put(GENERATION, b"another", 60)

    assert user.get("/api/me").status_code == 401


def test_the_set_is_loaded_once_in_two_seconds_and_by_one_query(user: User) -> None:
    with loads() as times:
        started = time.monotonic()
        while time.monotonic() < started + 4.5:
            assert user.get("/api/me").status_code == 200
            time.sleep(0.01)

    assert 2 <= len(times) <= 4
    # Noted a moment after each has begun.
    assert all(later - sooner > 1.8 for sooner, later in pairwise(times))


def test_a_store_without_a_generation_gets_one_and_the_set_is_loaded(user: User) -> None:
    user.get("/api/me")
    with loads() as times:
        store_of(user).forget(GENERATION)
        assert [user.get("/api/me").status_code for _ in range(5)] == [200] * 5

    assert len(times) == 1
    (generation,) = store_of(user).visit([], [GENERATION]).values
    assert generation is not None


def test_a_request_without_a_user_loads_nothing(user: User) -> None:
    with loads() as times:
        assert user.client.get("/api/health").status_code == 200
        assert user.client.get("/api/me").status_code == 401
        assert user.client.get("/api/nothing").status_code == 404

    assert times == []


def test_an_entry_ends_by_itself_and_is_swept_by_the_next(
    role: Connection, owner: Connection, alice: User
) -> None:
    revoke(role, alice.id, seconds=1)
    assert alice.id in select_revocations(role)
    time.sleep(1.1)
    assert alice.id not in select_revocations(role)
    revoke(role, "user_somebody", seconds=1)

    left = owner.execute("select subject from revocations where subject = %s", [alice.id])
    assert left.fetchall() == []


def test_an_entry_that_is_written_again_lasts_as_long_as_the_longer_of_both(
    role: Connection, owner: Connection, alice: User
) -> None:
    lasts = "select extract(epoch from expires_at - now())::int from revocations where subject = %s"
    for seconds, expected in ((60, 60), (600, 600), (60, 600)):
        revoke(role, alice.id, seconds)
        row = owner.execute(lasts.encode(), [alice.id]).fetchone()
        assert row == (pytest.approx(expected, abs=2),)


def test_an_entry_lasts_longer_than_any_token(alice: User, owner: Connection) -> None:
    """The tests' issuer makes tokens of up to a day."""
    send(alice.client, event("session.ended", id=session_of(alice.token)))
    lasts = "select extract(epoch from expires_at - now())::int from revocations where subject = %s"
    row = owner.execute(lasts.encode(), [session_of(alice.token)]).fetchone()

    assert row is not None
    assert row[0] > 86_400 + 5


def test_a_revoked_token_spends_nothing_of_its_users_budgets(
    build: Callable[..., Flask], make_user: Callable[..., User], role: Connection
) -> None:
    user = make_user(client=build(RATE_LIMIT_USER_GENERAL="5 per 15 minutes").test_client())
    user.get("/api/me")
    revoke(role, session_of(user.token))
    store_of(user).put(GENERATION, b"another", 60)

    assert [user.get("/api/me").status_code for _ in range(9)] == [401] * 9


def test_the_answer_is_the_same_for_every_reason(user: User, role: Connection) -> None:
    malformed = user.client.get("/api/me", headers={"Authorization": "Bearer a.b.c"})
    revoke(role, user.id)

    refused = user.get("/api/me")
    assert (refused.status_code, refused.data) == (401, malformed.data)
    assert refused.headers["WWW-Authenticate"] == "Bearer"


def test_without_a_database_nobody_is_let_in_by_an_old_set(
    build: Callable[..., Flask], make_user: Callable[..., User]
) -> None:
    user = make_user(client=build(DATABASE_URL="postgresql://a@127.0.0.1:1/a").test_client())

    assert user.get("/api/me").status_code == 503
    assert user.post("/api/opportunities", {}).status_code == 503


def test_who_was_revoked_after_being_let_in_gets_no_row(
    user: User, role: Connection, owner: Connection
) -> None:
    """As between two guards of one request: the set in memory does not know it yet."""
    with (
        mock.patch.object(revocations, "select_revocations", return_value=frozenset()),
        mock.patch("futuretracker.auth.event") as told,
    ):
        revoke(role, user.id)
        refused = user.get("/api/me")

    assert refused.status_code == 401
    assert told.call_args.kwargs["reason"] == "user-revoked"
    found = owner.execute("select from users where clerk_id = %s", [user.id])
    assert found.fetchall() == []
