"""The start with a port that another program uses."""

from __future__ import annotations

import os
import socket
import subprocess
import sys

from tests.support.servers import ROOT, free_port


def test_a_port_in_use_stops_the_start_with_one_sentence(settings: dict[str, str]) -> None:
    port = free_port()
    with socket.socket() as other:
        other.bind(("127.0.0.1", port))
        other.listen()
        done = subprocess.run(
            [sys.executable, "-m", "gunicorn", "wsgi:app"],
            cwd=ROOT,
            env={"PATH": os.environ["PATH"], **settings, "PORT": str(port)},
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )

    assert done.returncode == 1
    assert done.stderr == (
        f"Port {port} on 127.0.0.1 is not free (Address already in use); choose one with PORT=.\n"
    )
