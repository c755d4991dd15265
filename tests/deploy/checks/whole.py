"""A complete deployment in its own network: nginx at 80 and 443, the service, a scrape.

test_whole.py runs this inside namespaces, with the service's settings in the environment.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from contextlib import ExitStack
from http.client import HTTPConnection
from pathlib import Path

from tests.deploy.checks.conftest import nginx
from tests.support import servers
from tests.support.authority import Files

NAME, ADDRESS = "api.example.com", "93.184.215.14"


def lay_network(folder: Path) -> None:
    """Give this host a public address and a name for it."""
    (folder / "hosts").write_text(f"127.0.0.1 localhost\n{ADDRESS} {NAME}\n")
    for command in (
        ["ip", "link", "set", "lo", "up"],
        ["ip", "address", "add", f"{ADDRESS}/32", "dev", "lo"],
        ["mount", "--bind", str(folder / "hosts"), "/etc/hosts"],
    ):
        subprocess.run(command, check=True)


def scrape() -> None:
    """Request the metrics like Prometheus."""
    connection = HTTPConnection("127.0.0.1", 9464, timeout=60)
    connection.request("GET", "/metrics")
    assert connection.getresponse().status == 200
    connection.close()


def main() -> int:
    folder, journal = Path(sys.argv[1]), sys.argv[2]
    settings = dict(os.environ)
    files = Files(folder / "ca.crt", folder / "server.crt", folder / "server.key")
    lay_network(folder)
    with ExitStack() as stack:
        stream = stack.enter_context(socket.socket(socket.AF_UNIX))
        stream.connect(journal)
        stream.sendall(b"futuretracker-api\n\n6\n0\n0\n0\n0\n")
        output, file = folder / "gunicorn.log", folder / "api.sock"
        stack.enter_context(servers.gunicorn(settings, output, socket_file=file))
        scrape()
        follow = ["tail", "--lines=+1", "--follow", str(output)]
        tail = subprocess.Popen(follow, stdout=stream.fileno())
        stack.callback(tail.wait)
        stack.callback(tail.terminate)
        blocks = "if ($args ~ etc/passwd) { return 403; }"  # in place of a firewall
        parts = {"name": NAME, "further": blocks}
        stack.enter_context(nginx(file, files, folder, ports=(443, 80), **parts))
        command = [sys.executable, "-m", "futuretracker", "check", *sys.argv[3:]]
        return subprocess.run(command, cwd=servers.ROOT, env=settings, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
