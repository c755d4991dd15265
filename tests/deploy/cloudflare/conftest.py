"""Fixtures: nginx behind Cloudflare, and Cloudflare's lists."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from tests.deploy.cloudflare.lists import serving
from tests.deploy.edge.conftest import files, service, socket_file, token
from tests.deploy.edge.nginx_server import INCLUDES, NEWEST, command, nginx
from tests.support.servers import ROOT
from tests.support.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.deploy.cloudflare.lists import Lists
    from tests.deploy.edge.visitor import Edge
    from tests.support.authority import Files
    from tests.support.servers import Service

__all__ = ["files", "service", "socket_file", "token"]  # fixtures from another module
SCRIPT = ROOT / "deploy/cloudflare/update_ranges.py"
LISTED = INCLUDES / "real-ip-cloudflare.conf"
BEHIND = {"# include futuretracker/real-ip-c": "include futuretracker/real-ip-c"}


@dataclass
class Host:
    """nginx behind Cloudflare, and the script that keeps its list current."""

    edge: Edge
    folder: Path
    lists: Lists

    @property
    def file(self) -> Path:
        return self.folder / "futuretracker/real-ip-cloudflare.conf"

    def update(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        urls = ["--ipv4", self.lists.url(4), "--ipv6", self.lists.url(6)]
        program = self.folder / "nginx"
        run = shlex.join(command(NEWEST, self.folder))
        program.write_text(f'#!/bin/sh\necho "$*" >> {self.folder}/asked\nexec {run} "$@"\n')
        program.chmod(0o755)
        asked = ["--file", str(self.file), "--nginx", str(program)]
        return subprocess.run(
            [sys.executable, SCRIPT, *asked, *urls, *arguments],
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )

    def asked(self) -> list[str]:
        """Return the arguments of each run of nginx by the script."""
        file = self.folder / "asked"
        return file.read_text().splitlines() if file.exists() else []


def listed(version: int) -> list[str]:
    """Return the networks in the project's file."""
    found = re.findall(r"(?m)^set_real_ip_from (\S+);", LISTED.read_text())
    return [network for network in found if (":" in network) == (version == 6)]


@pytest.fixture
def lists() -> Iterator[Lists]:
    """Cloudflare's lists as the project's file has them."""
    with serving(listed(4), listed(6)) as running:
        yield running


@pytest.fixture
def host(
    socket_file: Path, service: Service, files: Files, lists: Lists, tmp_path: Path
) -> Iterator[Host]:
    """A host behind Cloudflare."""
    folder = tmp_path / "edge"
    with nginx(NEWEST, folder, socket_file, files, BEHIND) as edge:
        # nginx opens its ports before it writes this file.
        wait_for(lambda: (folder / "nginx.pid").exists() and (folder / "nginx.pid").read_text())
        yield Host(edge, folder, lists)
