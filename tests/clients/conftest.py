"""The service behind a proxy that makes requests fail, and the packages of both clients."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import venv
from itertools import count
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from tests.clients.faults import faults_before
from tests.conftest import ORIGIN
from tests.support import servers
from tests.support.node import install, node
from tests.support.servers import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from futuretracker.commands.local.issuer import Issuer

TYPESCRIPT = ROOT / "clients/typescript"
PYTHON = ROOT / "clients/python"
AUTHORITY = "api.example.com"  # the host that signed requests name
numbers = count(1)


class Addresses(NamedTuple):
    """Where the clients find the service, and with which tokens."""

    api: str
    faults: str
    limited: str
    token: str
    expired: str

    def environment(self) -> dict[str, str]:
        return {
            "API_URL": self.api,
            "FAULTS_URL": self.faults,
            "LIMITED_URL": self.limited,
            "AUTHORITY": AUTHORITY,
            "TOKEN": self.token,
            "EXPIRED_TOKEN": self.expired,
        }


@pytest.fixture(scope="session")
def ports(
    service_url: str, issuer: Issuer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[int, int, int]]:
    """The service, the proxy in front of it, and a service that allows one request."""
    folder = tmp_path_factory.mktemp("services")
    settings = {
        "DATABASE_URL": service_url,
        "TRUSTED_PROXIES": "0",
        "CORS_ORIGIN": ORIGIN,
        "PUBLIC_URL": f"https://{AUTHORITY}",
        **issuer.settings(),
    }
    one = {"RATE_LIMIT_USER_GENERAL": "1 per 15 minutes"}
    with (
        servers.gunicorn(
            {**settings, "STORE_URL": f"lmdb://{folder / 'a'}"}, folder / "log", patient=True
        ) as api,
        servers.gunicorn(
            {**settings, **one, "STORE_URL": f"lmdb://{folder / 'b'}"},
            folder / "limited-log",
            patient=True,
        ) as limited,
        faults_before(api.port) as faults,
    ):
        yield api.port, faults, limited.port


@pytest.fixture
def addresses(ports: tuple[int, int, int], issuer: Issuer) -> Addresses:
    """The services, and a user whom no other test knows."""
    user = f"user_client{next(numbers)}x{os.getpid()}"
    api, faults, limited = (f"http://127.0.0.1:{port}" for port in ports)
    token, expired = (issuer.token(user, ttl=ttl, azp=ORIGIN) for ttl in (600, -60))
    return Addresses(api, faults, limited, token, expired)


@pytest.fixture(scope="session")
def document() -> Any:
    printed = subprocess.run(
        [sys.executable, "-m", "futuretracker", "openapi"],
        cwd=ROOT,
        check=True,
        capture_output=True,
    ).stdout
    return json.loads(printed)


@pytest.fixture(scope="session")
def package(tmp_path_factory: pytest.TempPathFactory, needs_node: None) -> Path:
    """The file that `npm pack` makes of the TypeScript client."""
    install(TYPESCRIPT)
    folder = tmp_path_factory.mktemp("package")
    packed = node(TYPESCRIPT, "npm", "pack", "--pack-destination", str(folder))
    assert packed.returncode == 0, packed.stdout + packed.stderr
    (file,) = folder.iterdir()
    return file


@pytest.fixture
def project(package: Path, tmp_path: Path) -> Callable[[str], Path]:
    """Copy a project of this folder, and install the TypeScript client there as users do."""

    def make(name: str) -> Path:
        folder = tmp_path / name
        shutil.copytree(ROOT / "tests/clients" / name, folder)
        install(folder)
        added = node(folder, "npm", "install", "--no-audit", "--no-fund", str(package))
        assert added.returncode == 0, added.stderr
        return folder

    return make


@pytest.fixture(scope="session")
def fresh_python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of a new virtual environment that has only the client."""
    folder = tmp_path_factory.mktemp("venv")
    source = shutil.copytree(PYTHON, tmp_path_factory.mktemp("source") / "python")
    venv.create(folder, with_pip=True)
    python = folder / "bin/python"
    installed = subprocess.run(
        [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", str(source)],
        check=False,
        capture_output=True,
        text=True,
    )
    assert installed.returncode == 0, installed.stderr
    return python
