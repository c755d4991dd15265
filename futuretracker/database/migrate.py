"""Apply ``migrations/*.sql`` in the order of their numbers, each once and in a transaction."""

from __future__ import annotations

import time
from contextlib import contextmanager
from functools import partial
from importlib import resources
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import psycopg
from psycopg.errors import DeadlockDetected, LockNotAvailable

from futuretracker.database.audit_partitions import READABLE_TIMES, keep_up
from futuretracker.database.index_builds import BUILD, build_indexes
from futuretracker.database.lock_holders import watched
from futuretracker.database.outages import expected_outages
from futuretracker.telemetry.progress import SILENT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from futuretracker.telemetry.progress import Progress

Result = TypeVar("Result")

PATIENCE = 600.0  # seconds
PAUSE = 5.0  # seconds between two tries, in which the requests that the last try delayed can run
# An arbitrary number; every process that migrates this database must use the same one.
LOCK = 0x46757475_7265
# An ALTER TABLE that waits for a lock delays every later statement on that table, so it must not
# wait for long. Two seconds are more than deadlock_timeout, after which Postgres ends an autovacuum
# that is in the way. The other timeouts of the role must not end a migration that takes minutes.
# They are set for one transaction: behind a pooler the next one may be in another session.
TIMEOUTS = """
select set_config(name, case name when 'lock_timeout' then '2s' else '0' end, true)
from pg_settings where name in ('lock_timeout', 'statement_timeout', 'transaction_timeout',
    'idle_in_transaction_session_timeout')
"""
# A file that begins with this line is one statement that changes some rows, and then has fewer left
# to change. Each run is a transaction of its own, which locks only the rows that it changes.
REPEAT = "-- Repeat until no row changes.\n"
# Supabase grants the roles of its Data API all privileges on each new table. Without the revokes,
# anybody could mark a migration as applied.
CREATE_TABLE = """
do $$
declare
    grantee name;
begin
    if to_regclass('futuretracker_migrations') is not null then
        return;
    end if;
    create table futuretracker_migrations (
        name text primary key,
        applied_at timestamptz not null default now()
    );
    revoke all on futuretracker_migrations from public;
    for grantee in select rolname from pg_roles where rolname in ('anon', 'authenticated') loop
        execute format('revoke all on futuretracker_migrations from %I', grantee);
    end loop;
    alter table futuretracker_migrations enable row level security;
end
$$
"""


class MigrationBlocked(Exception):
    """Another session has held a lock for too long; the message is for the operator."""


def migrate(
    url: str,
    *,
    patience: float = PATIENCE,
    tell: Callable[[str], None] = lambda _: None,
    progress: Progress = SILENT,
) -> list[str]:
    """Apply the missing migrations to the database at the owner's ``url``; return their names.

    Also create the partitions of ``audit_log`` for the coming months.

    If none is missing, this only reads, and waits for no other session. Otherwise a file that
    cannot get its locks is tried again for ``patience`` seconds; ``tell`` gets a sentence that
    names the session in the way. Raise MigrationBlocked after that.

    Processes that migrate at the same time wait for each other. A file that was applied once is
    never read again.
    """
    with _connect(url) as conn:
        turns = _Turns(conn, url, time.monotonic() + patience, tell)
        missing = turns.take("The list of applied migrations", lambda: pending(conn))
        for sentence in expected_outages(conn, [name for name, _ in missing]):
            tell(sentence)
        applied = [
            name
            for name, sql in missing
            if turns.take(name, partial(_apply, conn, url, name, sql, progress))
        ]
        turns.take("A partition of audit_log", partial(keep_up, conn))
        return applied


def plan(url: str) -> tuple[list[str], list[str]]:
    """Return the missing migrations, and what they will cost; change nothing."""
    with _connect(url) as conn:
        names = [name for name, _ in pending(conn)]
        return names, expected_outages(conn, names)


def pending(conn: psycopg.Connection[Any]) -> list[tuple[str, str]]:
    """Return the name and the text of each missing migration, in order."""
    with conn.transaction():
        conn.execute(TIMEOUTS)
        applied: set[str] = set()
        exists = conn.execute("select to_regclass('futuretracker_migrations') is not null")
        if exists.fetchone() == (True,):
            applied = {
                name for (name,) in conn.execute("select name from futuretracker_migrations")
            }
    return [(name, sql) for name, sql in migrations() if name not in applied]


def migrations() -> list[tuple[str, str]]:
    """Return the name and the text of each file, in order."""
    folder = resources.files("futuretracker.database") / "migrations"
    files = sorted((f for f in folder.iterdir() if f.name.endswith(".sql")), key=lambda f: f.name)
    return [(file.name, file.read_text("utf-8")) for file in files]


@contextmanager
def _connect(url: str) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(
        url,
        autocommit=True,
        prepare_threshold=None,
        application_name="futuretracker migrate",
        # Without a statement_timeout, only these notice a server that is gone.
        keepalives_idle=10,
        keepalives_interval=10,
        keepalives_count=3,
    ) as conn:
        conn.execute(READABLE_TIMES)
        yield conn


class _Turns(NamedTuple):
    """Takes steps that need locks, and tries again while another session is in the way."""

    conn: psycopg.Connection[Any]
    url: str
    deadline: float  # monotonic seconds
    tell: Callable[[str], None]

    def take(self, what: str, step: Callable[[], Result]) -> Result:
        """Return what the step returns; raise MigrationBlocked if it gets no lock in time."""
        while True:
            with watched(self.url, self.conn.info.backend_pid) as holders:
                try:
                    return step()
                except (LockNotAvailable, DeadlockDetected):
                    pass
            blocked = f"{what} needs a lock, and {holders} is in the way"
            if time.monotonic() + PAUSE > self.deadline:
                raise MigrationBlocked(f"{blocked}. {holders.advice}")
            self.tell(f"{blocked}. Trying again in {PAUSE:.0f} seconds.")
            time.sleep(PAUSE)


def _apply(
    conn: psycopg.Connection[Any], url: str, name: str, sql: str, progress: Progress
) -> bool:
    progress.begin(name, "rows")
    if sql.startswith(REPEAT):
        while changed := _change_rows(conn, sql):
            progress.advance(changed)
        sql = ""
    if sql.startswith(BUILD):
        build_indexes(conn, url, sql)
        sql = ""
    with conn.transaction():
        conn.execute(TIMEOUTS)
        conn.execute("select pg_advisory_xact_lock(%s)", [LOCK])
        conn.execute(CREATE_TABLE)
        found = conn.execute("select from futuretracker_migrations where name = %s", [name])
        if found.fetchone() is not None:
            return False
        conn.execute(sql.encode())
        conn.execute("insert into futuretracker_migrations (name) values (%s)", [name])
    return True


def _change_rows(conn: psycopg.Connection[Any], sql: str) -> int:
    """Run a statement in a transaction of its own; return how many rows it has changed."""
    with conn.transaction():
        conn.execute(TIMEOUTS)
        return conn.execute(sql.encode()).rowcount
