"""One service, and before it each kind of edge."""

from __future__ import annotations

import itertools
import os
from typing import TYPE_CHECKING

import pytest

from tests import servers
from tests.authority import certify
from tests.conftest import ORIGIN
from tests.deploy.edge.nginx_server import NEWEST, debians, nginx
from tests.deploy.edge.visitor import NAME

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from futuretracker.issuer import Issuer
    from tests.authority import Files
    from tests.deploy.edge.visitor import Edge

numbers = itertools.count(1)
NGINXES = {"nginx": lambda: NEWEST, "nginx of Debian": debians}


@pytest.fixture(scope="session")
def files(tmp_path_factory: pytest.TempPathFactory) -> Files:
    """A certificate for the edge's name, and who has signed it."""
    return certify(NAME, tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="session")
def socket_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the service listens; a path of a socket has to be short."""
    return tmp_path_factory.mktemp("run") / "api.sock"


@pytest.fixture(scope="session")
def service(
    service_url: str, issuer: Issuer, socket_file: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[servers.Service]:
    """The service as it is deployed, with one proxy before it."""
    folder = tmp_path_factory.mktemp("service")
    settings = {
        "DATABASE_URL": service_url,
        "STORE_URL": f"lmdb://{folder / 'store'}",
        "TRUSTED_PROXIES": "1",
        "CORS_ORIGIN": ORIGIN,
        **issuer.settings(),
    }
    with servers.gunicorn(settings, folder / "log", socket_file=socket_file) as running:
        yield running


@pytest.fixture
def token(issuer: Issuer) -> str:
    """A token of a user whom no other test knows."""
    return issuer.token(f"user_edge{next(numbers)}x{os.getpid()}", ttl=3600, azp=ORIGIN)


@pytest.fixture(scope="session", params=NGINXES)
def program(request: pytest.FixtureRequest) -> Path:
    """Debian's nginx and a newest one."""
    return NGINXES[request.param]()


@pytest.fixture(scope="session")
def begin_nginx(
    program: Path, socket_file: Path, files: Files, tmp_path_factory: pytest.TempPathFactory
) -> Callable[..., object]:
    """Start an nginx: ``with begin_nginx({"what the site says": "what it says here"}) as edge``."""

    def begin(changes: dict[str, str] | None = None, socket_file: Path = socket_file) -> object:
        folder = tmp_path_factory.mktemp("edge") / "nginx"
        return nginx(program, folder, socket_file, files, changes)

    return begin


@pytest.fixture(scope="session")
def edge(service: servers.Service, begin_nginx: Callable[..., object]) -> Iterator[Edge]:
    with begin_nginx() as running:
        yield running
