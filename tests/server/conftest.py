"""A service with one worker, and a token for it."""

from __future__ import annotations

import os
from itertools import count
from typing import TYPE_CHECKING

import pytest

from tests.conftest import ORIGIN
from tests.support import servers
from tests.support.pooler import with_long_timeouts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from futuretracker.commands.local.issuer import Issuer
    from tests.support.servers import Service

numbers = count(1)


@pytest.fixture(scope="module")
def service(
    service_url: str, issuer: Issuer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Service]:
    """One worker, so that a request that delays it delays all others.

    A statement may wait for a lock as long as a test needs to look around.
    """
    folder = tmp_path_factory.mktemp("worker")
    settings = {
        "DATABASE_URL": with_long_timeouts(service_url),
        "STORE_URL": f"lmdb://{folder / 'store'}",
        "WEB_CONCURRENCY": "1",
        "STATEMENTS": "4",
        "TRUSTED_PROXIES": "0",
        "CORS_ORIGIN": ORIGIN,
        **issuer.settings(),
    }
    with servers.gunicorn(settings, folder / "log", patient=True) as running:
        yield running


@pytest.fixture
def token(issuer: Issuer) -> str:
    return issuer.token(f"user_wire{next(numbers)}x{os.getpid()}", ttl=3600, azp=ORIGIN)
