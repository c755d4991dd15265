"""Revocations in one process: when they are loaded, and how long they last."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from unittest import mock

import psycopg
import pytest

from futuretracker.auth import revocations
from futuretracker.auth.revocations import GENERATION
from futuretracker.database.queries.revocations import (
    Restrictions,
    insert_revocation,
    select_restrictions,
)
from futuretracker.web.application import Application
from tests.support.clerk import event, send, session_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from flask import Flask

    from futuretracker.store import SharedStore
    from tests.conftest import User

Connection = psycopg.Connection[Any]


class Clock:
    """The clock of the revocations, which stands still until the test moves it."""

    now = 1000.0  # seconds

    def monotonic(self) -> float:
        return self.now

    def time(self) -> float:
        return time.time()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(revocations, "time", clock)
    return clock


@contextmanager
def loads(clock: Clock | None = None) -> Iterator[list[float]]:
    """Record the times at which the revocations are loaded."""
    times: list[float] = []

    def noted(conn: Connection) -> Restrictions:
        times.append((clock or time).monotonic())
        return select_restrictions(conn)

    with mock.patch.object(revocations, "select_restrictions", noted):
        yield times


@pytest.fixture
def user(build: Callable[..., Flask], make_user: Callable[..., User]) -> User:
    """A user of an application that only this test uses."""
    return make_user(client=build().test_client())


def store_of(user: User) -> SharedStore:
    app = user.client.application
    assert isinstance(app, Application)
    return app.store


def revoke(role: Connection, subject: str, seconds: int = 60) -> None:
    """Revoke in the database alone, without announcing it in the store."""
    kind: Any = "session" if subject.startswith("sess_") else "user"
    insert_revocation(role, event=None, kind=kind, subject=subject, seconds=seconds)


@pytest.mark.parametrize("of", ["session", "user"])
def test_an_unannounced_revocation_takes_effect_within_two_seconds(
    user: User, role: Connection, clock: Clock, of: str
) -> None:
    assert user.get("/api/me").status_code == 200
    revoke(role, session_of(user.token) if of == "session" else user.id)
    clock.now += 2

    assert user.get("/api/me").status_code == 401


def test_another_generation_takes_effect_at_once(user: User, role: Connection) -> None:
    assert user.get("/api/me").status_code == 200
    revoke(role, user.id)
    store_of(user).put(GENERATION, b"another", 60)

    assert user.get("/api/me").status_code == 401


def test_the_revocations_are_loaded_once_in_two_seconds_by_one_query(
    user: User, clock: Clock
) -> None:
    with loads(clock) as times:
        for _ in range(18):
            assert user.get("/api/me").status_code == 200
            clock.now += 0.25

    assert times == [1000, 1002, 1004]


def test_without_a_generation_in_the_store_the_revocations_are_loaded_and_one_is_set(
    user: User,
) -> None:
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


def test_a_revocation_expires_and_the_next_one_deletes_it(
    role: Connection, owner: Connection, alice: User
) -> None:
    revoke(role, alice.id, seconds=1)
    assert alice.id in select_restrictions(role).refused
    time.sleep(1.1)
    assert alice.id not in select_restrictions(role).refused
    revoke(role, "user_somebody", seconds=1)

    left = owner.execute("select subject from revocations where subject = %s", [alice.id])
    assert left.fetchall() == []


def test_a_repeated_revocation_lasts_as_long_as_the_longer_one(
    role: Connection, owner: Connection, alice: User
) -> None:
    lasts = "select extract(epoch from expires_at - now())::int from revocations where subject = %s"
    for seconds, expected in ((60, 60), (600, 600), (60, 600)):
        revoke(role, alice.id, seconds)
        row = owner.execute(lasts.encode(), [alice.id]).fetchone()
        assert row == (pytest.approx(expected, abs=2),)


def test_a_revocation_lasts_longer_than_any_token(alice: User, owner: Connection) -> None:
    """The tests' issuer signs tokens for up to a day."""
    send(alice.client, event("session.ended", id=session_of(alice.token)))
    lasts = "select extract(epoch from expires_at - now())::int from revocations where subject = %s"
    row = owner.execute(lasts.encode(), [session_of(alice.token)]).fetchone()

    assert row is not None
    assert row[0] > 86_400 + 5


def test_a_revoked_token_does_not_count_against_the_limits_of_its_user(
    build: Callable[..., Flask], make_user: Callable[..., User], role: Connection
) -> None:
    user = make_user(client=build(RATE_LIMIT_USER_GENERAL="5 per 15 minutes").test_client())
    user.get("/api/me")
    revoke(role, session_of(user.token))
    store_of(user).put(GENERATION, b"another", 60)

    assert [user.get("/api/me").status_code for _ in range(9)] == [401] * 9


def test_the_401_is_the_same_for_every_reason(user: User, role: Connection) -> None:
    malformed = user.client.get("/api/me", headers={"Authorization": "Bearer a.b.c"})
    revoke(role, user.id)

    refused = user.get("/api/me")
    assert (refused.status_code, refused.data) == (401, malformed.data)
    assert refused.headers["WWW-Authenticate"] == "Bearer"


def test_without_the_database_stale_revocations_admit_nobody(
    build: Callable[..., Flask], make_user: Callable[..., User]
) -> None:
    user = make_user(client=build(DATABASE_URL="postgresql://a@127.0.0.1:1/a").test_client())

    assert user.get("/api/me").status_code == 503
    assert user.post("/api/opportunities", {}).status_code == 503


def test_a_user_who_is_revoked_during_a_request_gets_no_row(
    user: User, role: Connection, owner: Connection
) -> None:
    """The set in memory was loaded before the revocation, the row is written after it."""
    with (
        mock.patch.object(revocations, "select_restrictions", return_value=Restrictions()),
        mock.patch("futuretracker.auth.admission.event") as told,
    ):
        revoke(role, user.id)
        refused = user.get("/api/me")

    assert refused.status_code == 401
    assert told.call_args.kwargs["reason"] == "user-revoked"
    found = owner.execute("select from users where clerk_id = %s", [user.id])
    assert found.fetchall() == []
