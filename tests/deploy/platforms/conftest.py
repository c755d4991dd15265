"""Run a platform's commands in the repository's folder, as the platform's shell does."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.conftest import ORIGIN
from tests.deploy.platforms.files import Platform, all_platforms
from tests.deploy.started import started
from tests.support.servers import free_port

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from futuretracker.commands.local.issuer import Issuer
    from tests.support.servers import Service

PATH = f"{Path(sys.executable).parent}:{os.environ['PATH']}"


@pytest.fixture(scope="session", params=all_platforms(), ids=lambda platform: platform.name)
def platform(request: pytest.FixtureRequest) -> Platform:
    chosen: Platform = request.param
    return chosen


@pytest.fixture(scope="session")
def variables(service_url: str, owner_url: str, issuer: Issuer) -> dict[str, str]:
    """Return the variables that an operator sets; the platform passes them to every process."""
    return {
        "DATABASE_URL": service_url,
        "MIGRATION_DATABASE_URL": owner_url,
        "CORS_ORIGIN": ORIGIN,
        **issuer.settings(),
    }


@pytest.fixture(scope="session")
def start(
    variables: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Callable[..., AbstractContextManager[Service]]:
    """Start a host of a platform: ``start(platform, RATE_LIMIT_GENERAL="3 per 15 minutes")``."""

    @contextmanager
    def start(platform: Platform, **changes: str) -> Iterator[Service]:
        port = free_port()
        folder = tmp_path_factory.mktemp(platform.name)
        # Each host of a platform has its own /dev/shm.
        host = {"PORT": str(port), "PATH": PATH, "STORE_URL": f"lmdb://{folder / 'store'}"}
        env = {**variables, **platform.env, **host, **changes}
        command = ["/bin/bash", "-c", platform.start]
        with started(command, env, folder / "output.log", port=port) as service:
            yield service

    return start


@pytest.fixture(scope="session")
def service(
    platform: Platform, start: Callable[..., AbstractContextManager[Service]]
) -> Iterator[Service]:
    """A platform's service with a low rate limit, which public paths do not use up."""
    with start(platform, RATE_LIMIT_GENERAL="3 per 15 minutes") as service:
        yield service
