"""Fixtures: one service, and each kind of reverse proxy in front of it."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial
from typing import TYPE_CHECKING

import pytest

from tests.conftest import ORIGIN, WEBHOOK_SECRET
from tests.deploy.edge.caddy_server import caddy
from tests.deploy.edge.nginx_server import NEWEST, debians, nginx
from tests.deploy.edge.visitor import NAME, Edge
from tests.support import servers
from tests.support.authority import certify

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from futuretracker.commands.local.issuer import Issuer
    from tests.support.authority import Files

numbers = itertools.count(1)
Begin = Callable[..., AbstractContextManager[Edge]]
KINDS: dict[str, Begin] = {
    "nginx": partial(nginx, NEWEST),
    "nginx of Debian": lambda *parts: nginx(debians(), *parts, kind="nginx of Debian"),
    "caddy": lambda folder, socket_file, _files, changes: caddy(folder, socket_file, changes),
}


@pytest.fixture(scope="session")
def files(tmp_path_factory: pytest.TempPathFactory) -> Files:
    """A certificate for the proxy's name, and its authority."""
    return certify(NAME, tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="session")
def socket_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The socket file of the service. The path is short, because sockets limit its length."""
    return tmp_path_factory.mktemp("run") / "api.sock"


@pytest.fixture(scope="session")
def service(
    service_url: str, issuer: Issuer, socket_file: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[servers.Service]:
    """The service as it is deployed, behind one proxy."""
    folder = tmp_path_factory.mktemp("service")
    settings = {
        "DATABASE_URL": service_url,
        "STORE_URL": f"lmdb://{folder / 'store'}",
        "TRUSTED_PROXIES": "1",
        "CORS_ORIGIN": ORIGIN,
        "CLERK_WEBHOOK_SECRET": WEBHOOK_SECRET,
        **issuer.settings(),
    }
    with servers.gunicorn(settings, folder / "log", socket_file=socket_file) as running:
        yield running


@pytest.fixture
def token(issuer: Issuer) -> str:
    """A token of a new user."""
    return issuer.token(f"user_edge{next(numbers)}x{os.getpid()}", ttl=3600, azp=ORIGIN)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run each test with every kind of proxy, or with one kind in that kind's folder."""
    if "begin" in metafunc.fixturenames:
        room = metafunc.definition.path.parent.name
        kinds = [kind for kind in KINDS if kind.startswith(room)] or list(KINDS)
        marks = {"nginx of Debian": pytest.mark.needs("nginx")}
        given = [pytest.param(kind, marks=marks.get(kind, ())) for kind in kinds]
        metafunc.parametrize("begin", given, indirect=True, scope="session")


@pytest.fixture(scope="session")
def begin(
    request: pytest.FixtureRequest,
    socket_file: Path,
    files: Files,
    tmp_path_factory: pytest.TempPathFactory,
) -> Begin:
    """Start a proxy of each kind: ``with begin(nginx={"text of a file": "text here"})``."""
    kind = request.param

    def begin(
        *, socket_file: Path = socket_file, **changes: Mapping[str, str]
    ) -> AbstractContextManager[Edge]:
        folder = tmp_path_factory.mktemp("edge") / "edge"
        own = changes.get(kind.partition(" ")[0], {})
        return KINDS[kind](folder, socket_file, files, own)

    return begin


@pytest.fixture(scope="session")
def edge(service: servers.Service, begin: Begin) -> Iterator[Edge]:
    """A proxy as it is deployed."""
    with begin() as running:
        yield running
