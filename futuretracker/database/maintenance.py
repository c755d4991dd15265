"""Make the database read-only for the service's role, and end the sessions that may still write.

The role changes its own default, so this needs no other rights. Postgres refuses the writes, which
holds for every worker and every host. Migrations and backups have other roles and go on.
"""

from __future__ import annotations

import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg import sql

if TYPE_CHECKING:
    from collections.abc import Iterator

    from psycopg import Connection

GENTLY = 5.0  # seconds in which only idle sessions are ended; a statement takes 2 at most
WITHIN = 15.0  # seconds
EVERY = 0.1  # seconds
SWITCHED_ON = """
select exists (
    select from pg_db_role_setting as s
    join pg_roles as r on r.oid = s.setrole and r.rolname = current_user
    join pg_database as d on d.oid = s.setdatabase and d.datname = current_database()
    where 'default_transaction_read_only=on' = any(s.setconfig)
)
"""
# A session takes its defaults when it starts. Return how many older sessions there are, and end
# those that are idle, or all.
END_OTHERS = """
select count(*), count(*) filter (
    where (state is distinct from 'active' or %(all)s) and pg_terminate_backend(pid)
)
from pg_stat_activity
where usename = current_user and datname = current_database()
    and pid <> pg_backend_pid() and backend_start < %(switched_at)s
"""
END_THIS = """
select pg_terminate_backend(pid) from pg_stat_activity
where pid = pg_backend_pid() and backend_start < %(switched_at)s
"""


class SessionsLeft(Exception):
    """Some sessions could not be ended; the message says how many."""


def is_read_only(conn: Connection[Any]) -> bool:
    """Return whether the role's new sessions are read-only in this database."""
    return conn.execute(SWITCHED_ON).fetchone() == (True,)


def switch(url: str, *, read_only: bool) -> None:
    """Change the default of the role at ``url``, and end all of its older sessions.

    A connection that is ended while it is idle costs no request: the pool opens another one. This
    connection ends itself too, because behind a pooler the service would use its session next.
    """
    with psycopg.connect(url, autocommit=True, prepare_threshold=None, connect_timeout=5) as conn:
        values = {"switched_at": _set_default(conn, read_only=read_only)}
        for everything in _tries():
            row = conn.execute(END_OTHERS, {**values, "all": everything}).fetchone()
            left = row[0] if row else 0
            if not left:
                break
        else:
            message = f"{left} sessions do not end"
            raise SessionsLeft(message)
        with suppress(psycopg.OperationalError):
            conn.execute(END_THIS, values)


def _set_default(conn: Connection[Any], *, read_only: bool) -> object:
    """Set the default, and return the server's time after that."""
    change = (
        "set default_transaction_read_only = on"
        if read_only
        else ("reset default_transaction_read_only")
    )
    name = conn.execute("select current_database()").fetchone() or ("",)
    statement = sql.SQL("alter role current_user in database {} " + change)
    conn.read_only = False  # this session may have begun with the default "on"
    with conn.transaction():
        conn.execute(statement.format(sql.Identifier(name[0])))
    row = conn.execute("select clock_timestamp()").fetchone()
    assert row is not None  # noqa: S101 - there is always a time
    return row[0]


def _tries() -> Iterator[bool]:
    """Yield whether to end every session, again and again until the time is over."""
    began = time.monotonic()
    while time.monotonic() < began + WITHIN:
        yield time.monotonic() > began + GENTLY
        time.sleep(EVERY)
