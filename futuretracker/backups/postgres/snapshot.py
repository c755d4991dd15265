"""Export a snapshot of the database, which several connections can share."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg import IsolationLevel

from futuretracker.backups.problem import BackupProblem

if TYPE_CHECKING:
    from collections.abc import Iterator

    from futuretracker.config.database import Server

CONNECT_WITHIN = 15  # seconds
# Without these checks an incomplete dump, or one of another database, could replace a good backup.
SEES_ALL = """
select rolname, rolsuper or rolbypassrls, to_regclass('public.futuretracker_migrations') is not null
from pg_roles where rolname = current_user
"""


@contextmanager
def snapshot(server: Server) -> Iterator[tuple[psycopg.Connection[Any], str]]:
    """Hold a snapshot until the block ends; yield its connection and its id.

    Raise BackupProblem if row level security hides rows from the role, or if the database is not
    this service's.
    """
    with psycopg.connect(server.url, connect_timeout=CONNECT_WITHIN) as conn:
        conn.isolation_level = IsolationLevel.REPEATABLE_READ
        conn.read_only = True
        row = conn.execute(SEES_ALL).fetchone()
        assert row is not None  # noqa: S101 - the current role exists
        role, sees_all, has_migrations = row
        if not sees_all:
            raise BackupProblem(
                f"{server.setting} connects as '{role}', and row level security hides rows from"
                " this role: use a role with BYPASSRLS, such as Supabase's postgres."
            )
        if not has_migrations:
            raise BackupProblem(
                f"The database behind {server.setting} has no table futuretracker_migrations: it"
                " belongs to another service, or its migrations have never run."
            )
        exported = conn.execute("select pg_export_snapshot()").fetchone()
        assert exported is not None  # noqa: S101 - a function returns a row
        yield conn, exported[0]
