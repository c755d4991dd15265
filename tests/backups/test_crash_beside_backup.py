"""A crash beside a backup: the service starts and serves requests before the backup ends."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING

import psycopg
import pytest

from futuretracker.commands.local.embedded_postgres import as_service
from tests.backups import BIN
from tests.commands import clone, run
from tests.support import servers

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from futuretracker.commands.local.issuer import Issuer
    from tests.support.servers import Service

FRONTEND = "https://app.example.com"
ROWS = "/api/v1/opportunities"
UNITS = servers.ROOT / "deploy" / "systemd"
LOCKED = """
select count(distinct relation) from pg_locks join pg_stat_activity using (pid)
where application_name = 'pg_dump' and datname = current_database() and granted
    and relation in (select oid from pg_class where relkind in ('r', 'p')
        and relnamespace = 'public'::regnamespace)
"""
TABLES = "select count(*) from pg_tables where schemaname = 'public'"


@pytest.fixture
def folder() -> Iterator[Path]:
    with clone() as folder:
        yield folder


@contextmanager
def backup(url: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run a pg_dump whose output nobody reads, so that it cannot end within the block."""
    command = [str(BIN / "pg_dump"), "--dbname", url]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as dump:
        assert dump.stdout is not None
        try:
            assert dump.stdout.read(1)  # from here on it has all its locks
            yield dump
            assert dump.poll() is None
            assert dump.stdout.read().endswith(b"\n")
            assert dump.wait() == 0
        finally:
            dump.kill()


def commands_before_the_start() -> list[str]:
    """Return the commands that systemd runs before gunicorn, in order."""
    texts = [
        (UNITS / "futuretracker-migrate.service").read_text(),
        (UNITS / "futuretracker-api.service").read_text(),
    ]
    return re.findall(r"(?m)^ExecStart(?:Pre)?=.* -m futuretracker (\S+)$", "".join(texts))


def start(folder: Path, settings: dict[str, str], owner_url: str) -> None:
    """Run what the units run before gunicorn; the API's unit does not have the owner's URL."""
    migrated = run(folder, "migrate", MIGRATION_DATABASE_URL=owner_url)
    checked = run(folder, "check", **settings)

    assert (migrated.returncode, migrated.stdout, migrated.stderr) == (0, "up to date\n", "")
    assert checked.returncode == 0, checked.stdout


def crash(service: Service) -> None:
    """Kill gunicorn and its workers."""
    for pid in (service.process.pid, *service.workers()):
        os.kill(pid, signal.SIGKILL)
    service.process.wait()


def test_the_units_run_these_commands_before_gunicorn() -> None:
    assert commands_before_the_start() == ["migrate", "check"]


def test_after_a_crash_the_service_serves_before_the_backup_ends(
    large: str, settings: dict[str, str], issuer: Issuer, folder: Path
) -> None:
    settings |= {"DATABASE_URL": as_service(large), "CORS_ORIGIN": FRONTEND}
    token = issuer.token("user_crash", ttl=3600, azp=FRONTEND)
    with backup(large), psycopg.connect(large, autocommit=True) as conn:
        with servers.gunicorn(settings, folder / "before") as service:
            assert service.request("GET", ROWS, token=token).status == 200
            crash(service)
        start(folder, settings, large)
        with servers.gunicorn(settings, folder / "after") as service:
            created = service.request("POST", ROWS, token=token, body={"title": "After"})
            found = service.request("GET", f"{ROWS}/{created.json['id']}", token=token)
        tables = conn.execute(TABLES).fetchone()
        assert conn.execute(LOCKED).fetchone() == tables

    assert (created.status, found.status) == (201, 200)
