"""Processes that share a store query Postgres once for a user's internal id."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any
from unittest import mock

import pytest

from futuretracker.auth import users
from tests.conftest import User
from tests.support import servers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import psycopg
    from flask import Flask

    Connection = psycopg.Connection[Any]


@pytest.fixture(scope="module")
def valkey_url() -> Iterator[str]:
    with servers.valkey() as (url, _pid):
        yield url


@pytest.fixture
def two(
    build: Callable[..., Flask], make_user: Callable[..., User], valkey_url: str
) -> tuple[User, User]:
    """One user as the client of two services that share a store but no memory."""
    first = make_user(client=build(REDIS_URL=valkey_url).test_client())
    second = build(REDIS_URL=valkey_url).test_client()
    return first, User(first.id, first.token, second)


def test_another_process_takes_the_id_from_the_store(two: tuple[User, User]) -> None:
    first, second = two
    before = first.get("/api/me").json
    with mock.patch.object(users, "upsert_user", side_effect=AssertionError):
        assert second.get("/api/me").json == before


def test_an_id_is_queried_again_after_five_minutes_in_any_process(
    two: tuple[User, User], owner: Connection
) -> None:
    first, second = two
    first.get("/api/me")
    owner.execute("delete from users where clerk_id = %s", [first.id])
    now = time.time()
    with (
        mock.patch.object(users, "time") as clock,
        mock.patch("futuretracker.store.cache.time") as other,
    ):
        for later, rows in ((299, 0), (301, 1)):
            clock.time.return_value = other.time.return_value = now + later
            second.get("/api/me")
            found = owner.execute("select from users where clerk_id = %s", [first.id])
            assert len(found.fetchall()) == rows


def test_the_id_of_a_deleted_row_is_forgotten_in_every_process(
    two: tuple[User, User], owner: Connection
) -> None:
    first, second = two
    first.create()
    owner.execute("delete from users where clerk_id = %s", [first.id])

    assert first.post("/api/opportunities", {"title": "New"}).status_code == 503
    assert second.post("/api/opportunities", {"title": "New"}).status_code == 201
