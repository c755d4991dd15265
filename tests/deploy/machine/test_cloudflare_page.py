"""docs/operations/cloudflare.md and its unit, on a real systemd with Debian's nginx."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.deploy.cloudflare.conftest import listed
from tests.deploy.machine.edge_page import carry_out_page
from tests.deploy.machine.guide import commands
from tests.support.servers import ROOT

if TYPE_CHECKING:
    from tests.deploy.machine.machine import Machine

PAGE = (ROOT / "docs/operations/cloudflare.md").read_text()
PART = PAGE.partition("\n## 1. Let nginx trust Cloudflare\n")[2].partition("\n## ")[0]
UNIT = "futuretracker-cloudflare"
START = f"systemctl start {UNIT}"
FILE = "etc/nginx/futuretracker/real-ip-cloudflare.conf"
SERVER = "http://127.0.0.1:8081"
# The machine has no network, so the lists are on the machine itself.
PROGRAM = ".venv/bin/python deploy/cloudflare/update_ranges.py"
DROP_IN = f"""[Service]
WorkingDirectory=/opt/futuretracker
ExecStart=
ExecStart=/opt/futuretracker/{PROGRAM} --ipv4 {SERVER}/ips-v4 --ipv6 {SERVER}/ips-v6
"""
LISTS = f"systemd-run --unit=lists -p WorkingDirectory=/srv python3 -m http.server {SERVER[-4:]}"


def publish(machine: Machine, v4: list[str]) -> None:
    for version, networks in ((4, v4), (6, listed(6))):
        (machine.root / f"srv/ips-v{version}").write_text("\n".join(networks))


@pytest.fixture(scope="module")
def behind(fronted: Machine) -> Machine:
    """The machine after the commands of the page, with lists that have not changed."""
    folder = fronted.root / f"etc/systemd/system/{UNIT}.service.d"
    folder.mkdir()
    (folder / "lists.conf").write_text(DROP_IN)
    publish(fronted, listed(4))
    fronted.run(f"systemctl daemon-reload && {LISTS} && until curl -s {SERVER}; do sleep 0.1; done")
    carry_out_page(fronted, PART, {START: START})
    return fronted


def test_every_command_that_needs_the_internet_is_known() -> None:
    assert {each.text for each in commands(PART) if each.online} == {START}


def test_the_unit_compares_the_lists_and_changes_nothing(behind: Machine) -> None:
    assert behind.state(f"{UNIT}.timer", "ActiveState") == "active"
    assert "The 22 networks have not changed." in behind.journal(UNIT)


def test_the_unit_may_write_the_list_and_reload_nginx(behind: Machine) -> None:
    publish(behind, [*listed(4), "8.8.8.0/24"])
    behind.run(START)

    assert "nginx has 23 networks now: 1 added, 0 removed." in behind.journal(UNIT)
    assert "set_real_ip_from 8.8.8.0/24;" in (behind.root / FILE).read_text()
    assert behind.run(f"stat -c %a /{FILE}").strip() == "644"
    assert behind.state("nginx", "ActiveState") == "active"


def test_a_broken_list_fails_the_unit(behind: Machine) -> None:
    before = (behind.root / FILE).read_text()
    publish(behind, ["0.0.0.0/0"])
    behind.run(START, check=False)

    assert behind.state(UNIT, "Result") == "exit-code"
    said = f"Nothing was changed: {SERVER}/ips-v4 holds 0.0.0.0/0, which is wider than /12."
    assert said in behind.journal(UNIT)
    assert (behind.root / FILE).read_text() == before
