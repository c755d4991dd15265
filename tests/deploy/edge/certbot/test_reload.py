"""The renewal hook serves a new certificate without losing a request, and reports mistakes."""

from __future__ import annotations

import os
import shlex
import ssl
import subprocess
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from http.client import HTTPException
from typing import TYPE_CHECKING

import pytest

from tests.deploy.edge.nginx_server import NEWEST, command, debians, nginx
from tests.deploy.edge.visitor import NAME, request_on
from tests.support.authority import Files, certify
from tests.support.servers import ROOT
from tests.support.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.deploy.edge.visitor import Edge
    from tests.support.servers import Service

HOOK = ROOT / "deploy/certbot/reload-nginx.sh"
# Each mistake: the correct text, its replacement, and the expected message.
MISTAKES = {
    "a word that is none": ("limit_conn ", "limit_con ", 'unknown directive "limit_con"'),
    # `nginx -s reload` does not report this one; only the error log would.
    "a log that cannot be written": (
        "access.log futuretracker",
        "none/access.log futuretracker",
        "No such file or directory",
    ),
}
PROGRAMS = {"nginx": lambda: NEWEST, "nginx of Debian": debians}


@pytest.fixture(params=["nginx", pytest.param("nginx of Debian", marks=pytest.mark.needs("nginx"))])
def program(request: pytest.FixtureRequest) -> Path:
    return PROGRAMS[request.param]()


@pytest.fixture
def own(tmp_path: Path) -> Files:
    """A certificate for one test, which the test may replace."""
    folder = tmp_path / "live"
    folder.mkdir()
    return certify(NAME, folder)


@pytest.fixture
def edge(
    program: Path, service: Service, socket_file: Path, own: Files, tmp_path: Path
) -> Iterator[Edge]:
    with nginx(program, tmp_path / "edge", socket_file, own, {}) as running:
        yield running


def hook(program: Path, tmp_path: Path) -> subprocess.CompletedProcess[str]:
    """Run the hook with this test's nginx and settings."""
    beside = tmp_path / "bin"
    beside.mkdir(exist_ok=True)
    asked = shlex.join(command(program, tmp_path / "edge"))
    (beside / "nginx").write_text(f'#!/bin/sh\nexec {asked} "$@"\n')
    (beside / "nginx").chmod(0o755)
    env = {"PATH": f"{beside}:{os.environ['PATH']}"}
    return subprocess.run([HOOK], env=env, capture_output=True, text=True, check=False)


def shown(edge: Edge) -> str:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with closing(edge.connect(context=context)) as sock:
        assert isinstance(sock, ssl.SSLSocket)
        return ssl.DER_cert_to_PEM_cert(sock.getpeercert(binary_form=True) or b"")


def renew(own: Files, folder: Path) -> str:
    """Install another certificate as certbot does; return its text.

    It is a new file, because nginx 1.27.4 and later do not notice a file that is overwritten within
    the same second.
    """
    folder.mkdir()
    for live, new in zip(own, certify(NAME, folder), strict=True):
        live.unlink()
        live.symlink_to(new)
    return own.certificate.read_text()


def test_a_renewed_certificate_is_served_and_no_request_fails(
    program: Path, edge: Edge, own: Files, tmp_path: Path
) -> None:
    ended = threading.Event()
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE

    def request() -> list[int]:
        statuses = []
        while not ended.is_set():
            with closing(edge.connect(context=context)) as sock:
                statuses.append(request_on(sock, "GET", "/healthz").status)
                # nginx may close an idle connection between two requests; clients then send the
                # request again.
                with suppress(HTTPException, OSError):
                    statuses.append(request_on(sock, "GET", "/healthz").status)
        return statuses

    assert shown(edge) == own.certificate.read_text()
    with ThreadPoolExecutor(4) as pool:
        asked = [pool.submit(request) for _ in range(4)]
        try:
            new = renew(own, tmp_path / "new")
            done = hook(program, tmp_path)
            wait_for(lambda: shown(edge) == new)
        finally:
            ended.set()
        statuses = [status for one in asked for status in one.result()]

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert len(statuses) > 20
    assert set(statuses) == {200}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_wrong_configuration_is_reported_and_changes_nothing(
    program: Path, edge: Edge, own: Files, tmp_path: Path, mistake: str
) -> None:
    right, wrong, told = MISTAKES[mistake]
    before = own.certificate.read_text()
    renew(own, tmp_path / "new")
    site = tmp_path / "edge/sites-enabled/futuretracker-api"
    site.write_text(site.read_text().replace(right, wrong))
    done = hook(program, tmp_path)

    assert done.returncode == 1
    [sentence] = done.stderr.splitlines()
    assert sentence.startswith("nginx was not reloaded and keeps its old certificate: ")
    assert told in sentence
    assert shown(edge) == before


def test_a_key_of_another_certificate_is_reported(
    program: Path, edge: Edge, own: Files, tmp_path: Path
) -> None:
    (tmp_path / "other").mkdir()
    own.key.unlink()
    own.key.symlink_to(certify(NAME, tmp_path / "other").key)
    done = hook(program, tmp_path)

    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert "key values mismatch" in done.stderr


def test_a_stopped_nginx_is_reported(
    program: Path, service: Service, socket_file: Path, own: Files, tmp_path: Path
) -> None:
    with nginx(program, tmp_path / "edge", socket_file, own, {}):
        pass
    done = hook(program, tmp_path)

    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
