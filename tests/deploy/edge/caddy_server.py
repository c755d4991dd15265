"""A real Caddy with the files of deploy/caddy, and with its internal certificate authority."""

from __future__ import annotations

import shutil
import ssl
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.processes import log_of, started
from tests.deploy.edge.substitution import replace_in
from tests.deploy.edge.visitor import Edge
from tests.support.servers import ROOT, free_port

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

DEPLOY = ROOT / "deploy/caddy"
PROGRAM = Path(sys.executable).with_name("caddy")
HERE = """admin unix/{folder}/admin.sock
	http_port {plain}
	https_port {tls}
	default_bind 127.0.0.1 ::1
	local_certs
	skip_install_trust
	storage file_system {folder}/storage"""


def lay_out(
    folder: Path, ports: tuple[int, int], changes: Mapping[str, str], *, socket_file: Path
) -> Path:
    """Write the files to the places that docs/operations/edge.md names; return the Caddyfile."""
    shutil.copytree(DEPLOY, folder)
    everywhere = {
        "admin unix//run/caddy/admin.sock": HERE.format(
            folder=folder, plain=ports[0], tls=ports[1]
        ),
        "unix//run/futuretracker-api.sock": f"unix/{socket_file}",
        "/var/log/caddy/": f"{folder}/",
        **changes,
    }
    caddyfile = folder / "Caddyfile"
    replace_in([caddyfile, *(folder / "futuretracker").iterdir()], everywhere)
    return caddyfile


@contextmanager
def caddy(
    folder: Path, socket_file: Path, changes: Mapping[str, str] | None = None
) -> Iterator[Edge]:
    """Run Caddy in front of the service's socket file until the block ends."""
    ports = free_port(), free_port()
    caddyfile = lay_out(folder, ports, changes or {}, socket_file=socket_file)
    root = folder / "storage/pki/authorities/local/root.crt"
    edge = Edge("caddy", *ports, root, folder / "futuretracker-api.access.log")
    command = [str(PROGRAM), "run", "--config", str(caddyfile)]
    with started("caddy", command, {"HOME": str(folder)}, folder) as process:
        deadline = time.monotonic() + 60
        while not _speaks_tls(edge):
            said = log_of("caddy", folder).read_text()
            assert process.poll() is None, said
            assert time.monotonic() < deadline, said
            time.sleep(0.05)
        yield edge


def _speaks_tls(edge: Edge) -> bool:
    try:
        edge.connect().close()
    except (OSError, ssl.SSLError):
        return False
    return True
