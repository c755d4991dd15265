"""Run PgBouncer in transaction mode, with the settings of docs/operations/scaling.md."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import time
from configparser import ConfigParser
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from tests.support.servers import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

PORT = 6543  # Supavisor's port, which the service recognises as a transaction pooler
SERVER_USER = "pgserver"  # the embedded Postgres runs as this user if the tests run as root


def recommended_settings() -> ConfigParser:
    """Return the settings that docs/operations/scaling.md recommends."""
    page = (ROOT / "docs/operations/scaling.md").read_text()
    [block] = re.findall(r"```ini\n(.*?)```", page, re.DOTALL)
    settings = ConfigParser(inline_comment_prefixes=";")
    settings.read_string(block)
    return settings


def as_server_user() -> dict[str, Any]:
    """Return arguments of Popen that run a server as another user, because root may not run one."""
    if os.geteuid() != 0:
        return {}
    return {"user": SERVER_USER, "group": SERVER_USER, "extra_groups": []}


def connect(url: str, **options: Any) -> psycopg.Connection[Any]:
    """Connect as the service does: without prepared statements behind a transaction pooler."""
    if _is_pooled(url):
        options["prepare_threshold"] = None
    return psycopg.connect(url, **{"autocommit": True, **options})


def with_long_timeouts(url: str) -> str:
    """Return a URL whose statements may run, and wait for a lock, for a minute."""
    if _is_pooled(url):
        return make_conninfo(url, dbname="with_long_timeouts")
    return make_conninfo(url, options="-c lock_timeout=60s -c statement_timeout=60s")


def _is_pooled(url: str) -> bool:
    return str(conninfo_to_dict(url).get("port")) == str(PORT)


@contextmanager
def pgbouncer(postgres: str, **changes: str) -> Iterator[str]:
    """Run PgBouncer on a unix socket in front of ``postgres``; yield the URL through it."""
    with TemporaryDirectory(prefix="futuretracker-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        _write(folder, postgres, changes)
        if user := as_server_user():
            shutil.chown(folder, user["user"])
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(
                ["pgbouncer", folder / "pgbouncer.ini"], stderr=log, stdout=log, **user
            )
        url = make_conninfo(postgres, host=name, port=PORT)
        try:
            _wait_until_ready(url, process, folder / "log")
            yield url
        finally:
            process.terminate()
            process.wait(60)


def _write(folder: Path, postgres: str, changes: dict[str, str]) -> None:
    settings = recommended_settings()
    target = conninfo_to_dict(postgres)
    where = f"host={target['host']} port={target.get('port') or 5432} dbname={target['dbname']}"
    waits = "connect_query='set lock_timeout = ''60s''; set statement_timeout = ''60s'''"
    settings["databases"] = {str(target["dbname"]): where, "with_long_timeouts": f"{where} {waits}"}
    settings["pgbouncer"].update(
        listen_port=str(PORT),
        unix_socket_dir=str(folder),
        auth_type="trust",
        auth_file=str(folder / "users"),
        **changes,
    )
    (folder / "users").write_text(f'"{target["user"]}" ""\n')
    with (folder / "pgbouncer.ini").open("w") as file:
        settings.write(file)


def _wait_until_ready(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and process.poll() is None:
        try:
            psycopg.connect(url, connect_timeout=2).close()
        except psycopg.OperationalError:
            time.sleep(0.02)
        else:
            return
    message = f"PgBouncer did not start: {log.read_text()}"
    raise AssertionError(message)
