"""The service behind Debian's nginx, and users."""

from __future__ import annotations

import itertools
import os
from typing import TYPE_CHECKING

import psycopg
import pytest

from benchmarks.honest import Honest
from benchmarks.walls import walls
from tests.conftest import ORIGIN
from tests.deploy.edge.conftest import files, socket_file
from tests.support import servers

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from benchmarks.walls import Walls
    from futuretracker.commands.local.issuer import Issuer
    from tests.support.authority import Files

__all__ = ["files", "socket_file"]  # fixtures from other modules
ATTACKER = f"user_attackerx{os.getpid()}"
numbers = itertools.count(1)
FILL = """
insert into opportunities (user_id, title, description, category)
select id, 'Opportunity ' || n, 'What it is about, in a line or two. ' || n, 'internship'
from users, generate_series(1, 5000) as n where clerk_id = %s
"""


@pytest.fixture(scope="session")
def service(
    service_url: str, issuer: Issuer, socket_file: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[servers.Service]:
    """The service. No timeout towards the database ends a request early."""
    folder = tmp_path_factory.mktemp("service")
    settings = {
        "DATABASE_URL": service_url,
        "STORE_URL": f"lmdb://{folder / 'store'}",
        "TRUSTED_PROXIES": "1",
        "CORS_ORIGIN": ORIGIN,
        **issuer.settings(),
    }
    log = folder / "log"
    with servers.gunicorn(settings, log, socket_file=socket_file, patient=True) as running:
        token = issuer.token(ATTACKER, ttl=3600, azp=ORIGIN)
        assert running.request("GET", "/api/v1/me", token=token).status == 200
        yield running


@pytest.fixture(scope="session")
def target(service: servers.Service, owner_url: str) -> servers.Service:
    """The service, in which the attacker has thousands of opportunities."""
    with psycopg.connect(owner_url, autocommit=True) as conn:
        conn.execute(FILL, [ATTACKER])
    return service


@pytest.fixture(scope="session", params=["", "with the firewall"])
def edge(
    request: pytest.FixtureRequest,
    target: servers.Service,
    socket_file: Path,
    files: Files,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Walls]:
    """nginx in front of the service, without and with the firewall."""
    folder = tmp_path_factory.mktemp("nginx")
    inspects = bool(request.param)
    with walls(folder, socket_file, files, target.process.pid, inspects=inspects) as running:
        yield running


@pytest.fixture(scope="session")
def memory(edge: Walls) -> dict[int, int]:
    """The bytes that nginx and the service have before the first attack."""
    return {server: edge.usage(server)[1] for server in (edge.nginx, edge.service)}


@pytest.fixture
def honest(edge: Walls, issuer: Issuer) -> Honest:
    """A new user, so that the visits during other attacks do not count."""
    token = issuer.token(f"user_honest{next(numbers)}x{os.getpid()}", ttl=3600, azp=ORIGIN)
    return Honest(edge.port, edge.authority, token, ORIGIN)


@pytest.fixture
def attackers_token(issuer: Issuer) -> str:
    return issuer.token(ATTACKER, ttl=3600, azp=ORIGIN)
