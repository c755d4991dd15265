"""The limits in the kernel refuse connections of one address before nginx sees them."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING

import pytest

from tests.deploy.fail2ban.host import ADDRESS, ADDRESS6, bare_host
from tests.support.servers import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.deploy.fail2ban.host import Host

pytestmark = pytest.mark.needs("fail2ban", "ip", "namespaces", "nft")
RULES = ROOT / "deploy/nftables/futuretracker-floods.nft"
UNIT = ROOT / "deploy/nftables/futuretracker-floods.service"
# Listens, and opens connections from each address; prints how many of them were accepted.
OPEN = f"""
import socket, sys
listeners = [
    socket.create_server(("{ADDRESS}", 443), backlog=500),
    socket.create_server(("{ADDRESS6}", 443), family=socket.AF_INET6, backlog=500),
]
kept = []
for source in sys.argv[2:]:
    accepted = 0
    for _ in range(int(sys.argv[1])):
        sock = socket.socket(socket.AF_INET6 if ":" in source else socket.AF_INET)
        sock.settimeout(1)
        sock.bind((source, 0))
        try:
            sock.connect(("{ADDRESS6}" if ":" in source else "{ADDRESS}", 443))
            accepted += 1
        except OSError:
            pass
        kept.append(sock)
    print(accepted)
"""


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Host]:
    with bare_host(tmp_path) as it:
        it.run("ip address add 2001:db8:0:1::7/64 dev lo nodad")
        it.run("ip address add 2001:db8:0:100::7/64 dev lo nodad")
        yield it


def load(place: Host, folder: Path, **numbers: int) -> None:
    """Load the rules with other numbers."""
    text = RULES.read_text()
    for name, number in numbers.items():
        old = {"rate": r"over 50/second burst \d+", "count": r"ct count over \d+"}[name]
        new = {"rate": f"over 1/hour burst {number}", "count": f"ct count over {number}"}[name]
        text, times = re.subn(old, new, text)
        assert times == 2
    (folder / "rules.nft").write_text(text)
    place.run(f"nft -f {folder / 'rules.nft'}")


def opened(place: Host, times: int, *sources: str) -> list[int]:
    """Open connections from each address; return how many were accepted."""
    script = place.run(f"{sys.executable} -c '{OPEN}' {times} {' '.join(sources)}")
    return [int(line) for line in script.splitlines()]


def test_connections_at_the_same_time_have_a_limit(place: Host, tmp_path: Path) -> None:
    load(place, tmp_path, count=5)

    assert opened(place, 8, "203.0.113.7", "203.0.113.8", "10.0.0.5") == [5, 5, 8]


def test_new_connections_have_a_limit(place: Host, tmp_path: Path) -> None:
    load(place, tmp_path, rate=5)

    assert opened(place, 8, "203.0.113.7", "203.0.113.8", "10.0.0.5") == [5, 5, 8]


def test_an_ipv6_network_of_one_customer_shares_a_limit(place: Host, tmp_path: Path) -> None:
    load(place, tmp_path, count=5)

    assert opened(place, 4, "2001:db8::7", "2001:db8:0:1::7", "2001:db8:0:100::7") == [4, 1, 4]


def test_the_deployed_numbers_let_a_busy_network_pass(place: Host) -> None:
    place.run(f"nft -f {RULES}; nft -f {RULES}")  # the second time replaces the first one

    assert opened(place, 200, "203.0.113.7") == [200]


def test_the_unit_loads_and_removes_the_rules(place: Host) -> None:
    unit = dict(re.findall(r"(?m)^(Exec\w+)=(.*)$", UNIT.read_text()))
    place.run(f"mkdir -p /run/futuretracker; cp {RULES} /run/futuretracker/floods.nft")
    for name in ("ExecStart", "ExecReload"):
        place.run(unit[name].replace("/etc/futuretracker", "/run/futuretracker"))
        assert "chain client" in place.run("nft list ruleset")
    place.run(unit["ExecStop"])

    assert "futuretracker" not in place.run("nft list ruleset")
