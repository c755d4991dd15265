"""fail2ban ignores the proxies that nginx trusts."""

from __future__ import annotations

import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.deploy.edge.nginx_server import INCLUDES
from tests.support.servers import ROOT

if TYPE_CHECKING:
    from pathlib import Path

PROGRAM = ROOT / "deploy/fail2ban/futuretracker-trusted"


def trusts(folder: Path, address: str) -> bool:
    """Run the program with nginx' files in this folder."""
    copy = folder / "program"
    copy.write_text(PROGRAM.read_text().replace("/etc/nginx/futuretracker", str(folder)))
    done = subprocess.run([sys.executable, copy, address], capture_output=True, check=False)
    assert done.returncode in {0, 1}
    return done.returncode == 0 and not done.stderr


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("173.245.48.9", True),  # Cloudflare
        ("2606:4700::6810:1", True),
        ("10.0.0.200", True),  # the load balancer
        ("203.0.113.7", False),
        ("2001:db8::7", False),
        ("::ffff:203.0.113.7", False),
        # The networks of clients, which may have a proxy among their addresses.
        ("2606:4700:0:100::/56", True),
        ("2001:db8:0:100::/56", False),
        ("2001:db8:0:200::/56", True),
    ],
)
def test_the_networks_of_nginx_are_trusted(tmp_path: Path, address: str, *, expected: bool) -> None:
    for file in INCLUDES.glob("real-ip-*.conf"):
        shutil.copy(file, tmp_path)
    (tmp_path / "real-ip-own.conf").write_text("set_real_ip_from 2001:db8:0:2ff::/64;\n")

    assert trusts(tmp_path, address) == expected


def test_a_line_that_is_switched_off_counts_for_nothing(tmp_path: Path) -> None:
    (tmp_path / "real-ip-x.conf").write_text(
        "# set_real_ip_from 203.0.113.0/24;\nset_real_ip_from unix:;\n"
    )

    assert not trusts(tmp_path, "203.0.113.7")


def test_without_nginx_files_no_address_is_trusted(tmp_path: Path) -> None:
    assert not trusts(tmp_path, "203.0.113.7")
