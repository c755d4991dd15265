"""The commands of docs/operations/maintenance.md, and a restart and a crash beside a backup."""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo

from tests.deploy.machine.drop_in import changed
from tests.deploy.machine.guide import commands
from tests.deploy.machine.socket_file import send
from tests.support.servers import ROOT
from tests.support.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.deploy.machine.machine import Machine

PAGE = (ROOT / "docs" / "operations" / "maintenance.md").read_text()
COMMANDS = [command.text for command in commands(PAGE)]
DEFINITION, *OTHERS = COMMANDS
API = "futuretracker-api.service"
MIGRATE = "futuretracker-migrate.service"


@pytest.fixture
def guide_url(owner_url: str) -> str:
    """The owner's URL of the machine's database, as seen from here."""
    return make_conninfo(owner_url, dbname="guide")


def test_every_command_of_the_page_works(deployed: Machine) -> None:
    assert DEFINITION.startswith("ft() { ")
    # `lines` is defined on another page, whose tests run it.
    runnable = [text for text in OTHERS if not text.startswith("lines ")]
    said = {text: deployed.run(f"{DEFINITION}\n{text}") for text in runnable}

    assert said["ft erase --user user_2abc"] == "user_2abc: there was no data of this user\n"
    assert said["ft maintenance on"] == said["ft maintenance status"]
    assert said["ft maintenance on"].startswith("read-only: ")
    assert said["ft maintenance off"].startswith("writable: ")
    [older] = [text for text in runnable if text.endswith("--older-than 12months")]
    assert said[older].startswith("deleted 0 entries from before ")
    for name in ("erase", "audit"):
        assert deployed.state(f"futuretracker-{name}.timer", "ActiveState") == "active"
        assert deployed.state(f"futuretracker-{name}.service", "Result") == "success"


def test_the_metrics_of_the_api_show_the_size_of_the_audit_log(deployed: Machine) -> None:
    deployed.run("systemctl start futuretracker-audit")
    shown = deployed.run("curl -s http://127.0.0.1:9464/metrics")

    found = re.search(r"^futuretracker_audit_log_bytes (\S+)$", shown, re.MULTILINE)
    assert found is not None, shown
    assert float(found[1]) > 0


@contextmanager
def backup(url: str) -> Iterator[None]:
    """Keep a transaction open that holds the locks of a backup; it must be open at the end."""
    with psycopg.connect(url, application_name="pg_dump") as session:
        tables = "select tablename from pg_tables where schemaname = 'public'"
        for (name,) in session.execute(tables).fetchall():
            session.execute(
                sql.SQL("lock table {} in access share mode").format(sql.Identifier(name))
            )
        yield
        assert session.info.transaction_status == psycopg.pq.TransactionStatus.INTRANS


def test_a_restart_beside_a_backup_does_not_wait_for_its_end(
    deployed: Machine, guide_url: str
) -> None:
    before = deployed.state(API, "MainPID")
    with backup(guide_url):
        deployed.run(f"systemctl restart {API}")

        assert deployed.state(API, "ActiveState") == "active"
        assert deployed.state(MIGRATE, "Result") == "success"
    assert deployed.state(API, "MainPID") != before


def test_after_a_crash_beside_a_backup_the_service_does_not_wait_for_its_end(
    deployed: Machine, guide_url: str
) -> None:
    """systemd starts the service again, and runs the migration and the check before it."""
    with changed(deployed, "RestartSec=1"):
        restarts = int(deployed.state(API, "NRestarts"))
        migrated = deployed.journal(MIGRATE).count("up to date")
        with backup(guide_url):
            deployed.run(f"systemctl kill --signal=KILL {API}")
            wait_for(lambda: int(deployed.state(API, "NRestarts")) > restarts)
            wait_for(lambda: deployed.state(API, "ActiveState") == "active")
            assert send(deployed, "GET", "/readyz").status == 200
            assert deployed.journal(MIGRATE).count("up to date") == migrated + 1
