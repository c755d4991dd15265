"""The second host of a platform counts rate limits on its own without REDIS_URL."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.deploy.platforms.files import heroku
from tests.support.servers import valkey

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from tests.support.servers import Service

    Start = Callable[..., AbstractContextManager[Service]]

LIMIT = {"RATE_LIMIT_GENERAL": "3 per 15 minutes"}


def statuses(*services: Service) -> list[int]:
    """Send a request to each service in turn, four times."""
    headers = {"X-Forwarded-For": heroku().arrives}
    return [
        service.request("GET", "/api/v1/health", headers=headers).status
        for _ in range(4)
        for service in services
    ]


def test_two_hosts_without_redis_allow_the_limit_twice(start: Start) -> None:
    with start(heroku(), **LIMIT) as one, start(heroku(), **LIMIT) as two:
        assert statuses(one, two).count(200) == 6


def test_two_hosts_with_redis_allow_the_limit_once(start: Start) -> None:
    with (
        valkey() as (url, _),
        start(heroku(), **LIMIT, REDIS_URL=url) as one,
        start(heroku(), **LIMIT, REDIS_URL=url) as two,
    ):
        assert statuses(one, two).count(200) == 3
