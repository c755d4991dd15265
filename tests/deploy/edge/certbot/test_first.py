"""The site that serves the certificate authority's challenge before there is a certificate."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from benchmarks.processes import started
from tests.deploy.edge.nginx_server import NEWEST, command, debians, lay_out, listens
from tests.deploy.edge.substitution import replace_in
from tests.deploy.edge.visitor import Edge
from tests.support.servers import ROOT, free_port
from tests.support.waiting import wait_for

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.authority import Files

FIRST = ROOT / "deploy/certbot/first-certificate.conf"
PROGRAMS = {"nginx": lambda: NEWEST, "nginx of Debian": debians}


@pytest.mark.parametrize(
    "kind", ["nginx", pytest.param("nginx of Debian", marks=pytest.mark.needs("nginx"))]
)
def test_a_challenge_is_served_without_a_certificate(
    kind: str, socket_file: Path, files: Files, tmp_path: Path
) -> None:
    port = free_port()
    program = PROGRAMS[kind]()
    lay_out(program, tmp_path, (port, port), {}, socket_file=socket_file, files=files)
    site = tmp_path / "sites-enabled/futuretracker-api"
    site.write_text(FIRST.read_text())
    places = {"listen 80": f"listen 127.0.0.1:{port}", "[::]:80": f"[::1]:{port}"}
    replace_in([site], places)
    challenges = tmp_path / "letsencrypt/.well-known/acme-challenge"
    (challenges / "abc").write_text("abc.def")
    with started("nginx", command(program, tmp_path), {}, tmp_path):
        wait_for(lambda: listens(port))
        edge = Edge("nginx", port, port, files.authority, tmp_path)
        found = edge.request("GET", "/.well-known/acme-challenge/abc", tls=False)
        other = edge.request("GET", "/api/v1/me", tls=False)

    assert (found.status, found.body) == (200, b"abc.def")
    assert other.status == 503
