"""The lower rate limit of a user who was slowed down, which nobody else notices."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any
from unittest import mock

import pytest

from futuretracker.auth import revocations
from futuretracker.auth.revocations import GENERATION, MAX_AGE
from futuretracker.web.application import Application
from tests.auth.api_keys.conftest import key_of
from tests.support.events import recorded_events

if TYPE_CHECKING:
    from collections.abc import Callable

    import psycopg
    from flask import Flask

    from tests.conftest import User

    Connection = psycopg.Connection[Any]

pytestmark = pytest.mark.in_process
ROWS = "/api/v1/opportunities"


@pytest.fixture
def app(build: Callable[..., Flask]) -> Flask:
    """An application that only this test uses."""
    return build(RATE_LIMIT_USER_SLOWED="3 per 15 minutes")


@pytest.fixture
def user(app: Flask, make_user: Callable[..., User]) -> User:
    user = make_user(client=app.test_client())
    assert user.get(ROWS).status_code == 200
    return user


def load(app: Flask, owner: Connection, statement: str, user: User) -> None:
    """Change what is in force for a user, and let the process read it at its next request."""
    owner.execute(statement.encode(), [user.id])
    assert isinstance(app, Application)
    app.store.put(GENERATION, statement.encode(), 60)
    user.get(ROWS)


SLOW = "insert into slowed_users values (%s, now() + interval '1 hour')"
FREE = "delete from slowed_users where clerk_id = %s"


def test_a_slowed_user_has_few_requests(app: Flask, owner: Connection, user: User) -> None:
    load(app, owner, SLOW, user)
    with recorded_events("RATE_LIMIT") as events:
        responses = [user.get(ROWS) for _ in range(5)]

    assert [response.status_code for response in responses] == [200, 200, 200, 429, 429]
    assert responses[0].headers["RateLimit-Policy"] == '"user-slowed";q=3;w=900'
    assert responses[0].headers["X-RateLimit-Remaining"] == "2"
    body = responses[3].json
    assert (body["limit"], body["window"], body["code"]) == (3, "15 minutes", "rate_limit_exceeded")
    assert {(line["budget"], line["key"]) for line in events} == {("user-slowed", user.id)}


def test_the_keys_of_a_slowed_user_share_the_limit(
    app: Flask, owner: Connection, user: User
) -> None:
    key = key_of(user)
    load(app, owner, SLOW, user)
    assert [each.get(ROWS).status_code for each in (key, user, key, user)] == [200, 200, 200, 429]


def test_nobody_else_is_slowed(
    app: Flask, owner: Connection, user: User, make_user: Callable[..., User]
) -> None:
    load(app, owner, SLOW, user)
    other = make_user(client=app.test_client())

    assert [other.get(ROWS).status_code for _ in range(6)] == [200] * 6
    assert "user-slowed" not in other.get(ROWS).headers["RateLimit-Policy"]


def test_the_usual_limits_return_also_if_nobody_else_sends_requests(
    app: Flask, owner: Connection, user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    load(app, owner, SLOW, user)
    assert [user.get(ROWS).status_code for _ in range(4)][-1] == 429
    owner.execute(FREE.encode(), [user.id])
    later = mock.Mock(wraps=time, monotonic=lambda: time.monotonic() + MAX_AGE)
    monkeypatch.setattr(revocations, "time", later)

    assert user.get(ROWS).status_code == 200


def test_a_user_of_whom_the_process_knows_no_token_is_slowed_too(
    app: Flask, owner: Connection, user: User, make_user: Callable[..., User]
) -> None:
    """The limits of the user are then counted after the token is verified."""
    fresh = make_user(client=app.test_client())
    owner.execute("insert into users (clerk_id) values (%s)", [fresh.id])
    owner.execute(SLOW.encode(), [fresh.id])
    assert isinstance(app, Application)
    app.store.put(GENERATION, b"fresh", 60)
    user.get(ROWS)

    assert [fresh.get(ROWS).status_code for _ in range(4)] == [200, 200, 200, 429]
