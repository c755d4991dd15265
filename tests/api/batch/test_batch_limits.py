"""A batch counts as so many writes as it has operations, in the same visit to the store."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from unittest import mock

import pytest

from futuretracker.limits import store_key
from futuretracker.store import SharedStore
from tests.api.batch.test_batch import BATCH, PATH, create, send, titles
from tests.support.events import recorded_events

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask

    from tests.conftest import User

pytestmark = pytest.mark.in_process


@pytest.fixture
def limited(build: Callable[..., Flask], make_user: Callable[..., User]) -> Callable[..., User]:
    """Make a user of a service with these settings."""

    def make(**settings: str) -> User:
        return make_user(client=build(**settings).test_client())

    return make


def left(response: Any) -> tuple[str, str]:
    return response.headers["RateLimit-Policy"], response.headers["X-RateLimit-Remaining"]


@pytest.mark.parametrize("setting", ["RATE_LIMIT_WRITE", "RATE_LIMIT_USER_WRITE"])
def test_each_operation_is_a_write(limited: Callable[..., User], setting: str) -> None:
    user = limited(**{setting: "10 per 15 minutes"})
    name = setting.removeprefix("RATE_LIMIT_").lower().replace("_", "-")

    assert left(send(user, *[create()] * 4)) == (f'"{name}";q=10;w=900', "6")
    assert left(user.post(PATH, {"title": "One"})) == (f'"{name}";q=10;w=900', "5")
    assert left(send(user, *[create()] * 5)) == (f'"{name}";q=10;w=900', "0")
    assert send(user, create()).status_code == 429


def test_a_batch_that_does_not_fit_is_refused_and_not_counted(limited: Callable[..., User]) -> None:
    user = limited(RATE_LIMIT_WRITE="100 per 15 minutes", RATE_LIMIT_USER_WRITE="10 per 15 minutes")
    send(user, *[create()] * 7)

    with recorded_events("RATE_LIMIT") as events:
        refused = send(user, *[create()] * 4)

    assert refused.status_code == 429
    assert refused.json["error"] == "Write Rate Limit Exceeded"
    assert left(refused) == ('"user-write";q=10;w=900', "3")
    assert [event["budget"] for event in events] == ["user-write"]
    assert len(titles(user)) == 7
    assert left(send(user, *[create()] * 3)) == ('"user-write";q=10;w=900', "0")


def test_a_refused_batch_takes_nothing_from_its_address(limited: Callable[..., User]) -> None:
    user = limited(RATE_LIMIT_WRITE="20 per 15 minutes", RATE_LIMIT_USER_WRITE="5 per 15 minutes")

    for _ in range(3):
        assert send(user, *[create()] * 6).status_code == 429

    send(user, *[create()] * 5)
    app: Any = user.client.application
    with app.app_context():
        assert app.store.window(store_key(app.settings.write, "127.0.0.1")).hits == 5


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b'{"operations": 1}', b'{"operations": []}', b'{"operations": [1]}'],
)
def test_a_body_that_is_no_batch_counts_once(limited: Callable[..., User], body: bytes) -> None:
    user = limited(RATE_LIMIT_WRITE="10 per 15 minutes")
    response = user.post(BATCH, body)

    assert response.status_code == 400
    assert response.headers["X-RateLimit-Remaining"] == "9"


def test_more_operations_than_allowed_count_once(limited: Callable[..., User]) -> None:
    user = limited(RATE_LIMIT_WRITE="10 per 15 minutes")
    response = send(user, *[create()] * 101)

    assert (response.status_code, response.headers["X-RateLimit-Remaining"]) == (400, "9")


def test_a_body_that_is_too_large_is_a_413(limited: Callable[..., User]) -> None:
    user = limited(RATE_LIMIT_WRITE="10 per 15 minutes")
    user.get(PATH)
    chunks = b'{"operations": ["' + b"x" * 2**21 + b'"]}'

    assert user.post(BATCH, chunks).status_code == 413


def test_a_batch_visits_the_store_once(limited: Callable[..., User]) -> None:
    user = limited()
    send(user, create())
    visit = SharedStore.visit

    with mock.patch.object(SharedStore, "visit", autospec=True, side_effect=visit) as visits:
        assert send(user, *[create()] * 50).status_code == 200

    assert visits.call_count == 1
