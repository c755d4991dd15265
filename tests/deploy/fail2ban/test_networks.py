"""nginx and fail2ban give the network of a client the same name, and each client has one name."""

from __future__ import annotations

import importlib.machinery
import importlib.util
import ipaddress
import itertools
import re
import subprocess
from contextlib import closing
from http.client import HTTPConnection
from typing import TYPE_CHECKING

import pytest

from futuretracker.limits.keys import address_key
from tests.deploy.edge.nginx_server import INCLUDES, debians, running
from tests.support.servers import ROOT, free_port

if TYPE_CHECKING:
    from pathlib import Path

PROGRAM = ROOT / "deploy/fail2ban/futuretracker-network"
CONF = """
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ }}
http {{
    access_log off;
    include {includes}/clients.conf;
    server {{
        listen 127.0.0.1:{port};
        set_real_ip_from 127.0.0.1;
        real_ip_header X-Real-IP;
        return 200 "$remote_addr $ft_client $ft_network";
    }}
}}
"""


def addresses() -> list[str]:
    """Return addresses whose groups are zero, or have one to four digits, in many combinations."""
    groups = ("1", "ab", "abc", "abcd")
    v6 = [
        ":".join("0" if zero else groups[(place + shift) % 4] for place, zero in enumerate(zeros))
        for shift in range(4)
        for zeros in itertools.product((False, True), repeat=8)
    ]
    return [*v6, "203.0.113.7", "::ffff:203.0.113.7", "2001:db8::7", "2001:db8:0:ff::8"]


@pytest.mark.needs("nginx")
def test_nginx_and_fail2ban_name_a_network_alike(tmp_path: Path) -> None:
    loader = importlib.machinery.SourceFileLoader("network", str(PROGRAM))
    spec = importlib.util.spec_from_loader("network", loader)
    assert spec
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    port = free_port()
    text = CONF.format(folder=tmp_path, includes=INCLUDES, port=port)
    (tmp_path / "nginx.conf").write_text(text)
    names: dict[str, str] = {}
    with running(debians(), tmp_path, port), closing(HTTPConnection("127.0.0.1", port)) as client:
        for address in addresses():
            client.request("GET", "/", headers={"X-Real-IP": address})
            seen, name, network = client.getresponse().read().decode().split()
            assert ipaddress.ip_address(seen) == ipaddress.ip_address(address)
            assert name == module.name(address), address
            # fail2ban reads the network from the log, and names what it bans.
            assert module.name(network) == name
            assert ipaddress.ip_network(network) == ipaddress.ip_network(address_key(address))
            names.setdefault(name, address_key(address))
            assert names[name] == address_key(address)

    assert len(set(names.values())) == len(names)


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("2001:db8::7", "2001:db8:0:00::"),
        ("2001:db8:0:1ff:1:2:3:4", "2001:db8:0:100::"),
        ("2001:db8:0:ab12::/56", "2001:db8:0:ab00::"),
    ],
)
def test_the_program_prints_the_name(address: str, expected: str) -> None:
    assert subprocess.check_output([PROGRAM, address], text=True) == f"{expected}\n"


@pytest.mark.parametrize("network", ["2001:db8::/48", "203.0.113.0/24", "example.com"])
def test_the_program_refuses_what_is_no_client(network: str) -> None:
    done = subprocess.run([PROGRAM, network], capture_output=True, text=True, check=False)

    assert done.returncode == 1
    assert re.fullmatch(r".+\. Name an address, or its /56 network\.\n", done.stderr)
