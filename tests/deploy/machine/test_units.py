"""The units on a real systemd: their sandbox, and what they hide from other users."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.servers import ROOT

if TYPE_CHECKING:
    from tests.deploy.machine.machine import Machine

UNITS = ROOT / "deploy" / "systemd"
SERVICES = sorted(file.name for file in UNITS.glob("*.service"))
DROP_INS = sorted(file.name for file in (UNITS / "drop-ins").glob("*.conf"))
API = "futuretracker-api.service"
# This unit replaces a file of nginx' configuration and reloads nginx, so it runs as root.
ALLOWED = {"futuretracker-cloudflare.service": 20}


@pytest.mark.parametrize("unit", sorted(file.name for file in UNITS.glob("*.[st]*")))
def test_systemd_accepts_the_unit(deployed: Machine, unit: str) -> None:
    assert deployed.run(f"systemd-analyze verify /etc/systemd/system/{unit}") == ""


@pytest.mark.parametrize("unit", SERVICES)
def test_the_exposure_of_a_unit_is_low(deployed: Machine, unit: str) -> None:
    file = f"/etc/systemd/system/{unit}"
    most = ALLOWED.get(unit, 15)
    said = deployed.run(f"systemd-analyze security --offline=true --threshold={most} {file}")
    assert re.search(rf"exposure level for {unit}: [01]\.\d (OK|SAFE)", said), said


def test_the_memory_of_the_service_is_bounded(deployed: Machine) -> None:
    """An unset bound is ``infinity``, which is no number."""
    shown = [deployed.state("futuretracker-api", name) for name in ("MemoryHigh", "MemoryMax")]
    high, most = map(int, shown)
    assert 0 < high < most


@pytest.mark.parametrize("name", DROP_INS)
def test_a_drop_in_names_its_unit_and_is_accepted(deployed: Machine, name: str) -> None:
    text = (UNITS / "drop-ins" / name).read_text()
    at = Path(re.findall(r"^# (/[^\s,]+)", text)[0])
    unit = at.parent.name.removesuffix(".d")
    assert at.parts[:4] == ("/", "etc", "systemd", "system")
    assert name.endswith(at.name)
    folder = f"/tmp/{name}"
    deployed.run(
        f"mkdir -p {folder}/{at.parent.name} && cd /opt/futuretracker/deploy/systemd"
        f" && cp futuretracker-* {folder} && cp drop-ins/{name} {folder}/{at.parent.name}"
    )
    # An example may call a program that only some hosts have.
    deployed.run("[ -e /usr/bin/rclone ] || install -m 755 /dev/null /usr/bin/rclone")
    said = deployed.run(f"SYSTEMD_UNIT_PATH={folder}: systemd-analyze verify {folder}/{unit}")
    assert said == ""


def test_the_sandbox_applies_to_the_running_service(deployed: Machine) -> None:
    pid = deployed.state(API, "MainPID")
    status = deployed.run(f"cat /proc/{pid}/status")

    assert deployed.run(f"stat -c %U /proc/{pid}").strip() == "futuretracker"
    for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
        assert re.search(rf"^{name}:\s+0+$", status, re.MULTILINE), status
    assert re.search(r"^NoNewPrivs:\s+1$", status, re.MULTILINE)
    assert re.search(r"^Seccomp:\s+2$", status, re.MULTILINE)


def test_the_api_cannot_read_the_settings_or_the_owners_url(deployed: Machine) -> None:
    pid = deployed.state(API, "MainPID")

    assert "MIGRATION" not in deployed.run(f"tr '\\0' '\\n' < /proc/{pid}/environ")
    for name in ("api.env", "migrate.env"):
        file = f"/etc/futuretracker/{name}"
        assert deployed.run(f"stat -c '%a %U' {file}").strip() == "600 root"
        said = deployed.run(f"setpriv --reuid=futuretracker --clear-groups cat {file}", check=False)
        assert "Permission denied" in said


def test_only_the_proxy_can_connect_to_the_socket(deployed: Machine) -> None:
    curl = "curl -s -o /dev/null -w '%{http_code}' --unix-socket /run/futuretracker-api.sock"
    curl = f"{curl} http://localhost/healthz"
    become = "setpriv --clear-groups --reuid"

    assert deployed.run(f"{become}=www-data --regid=www-data {curl}") == "200"
    assert deployed.run(f"{become}=nobody --regid=nogroup {curl}", check=False) == "000"
