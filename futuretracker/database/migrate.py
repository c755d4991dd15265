"""Apply ``migrations/*.sql`` in the order of their numbers, each once and in a transaction."""

from __future__ import annotations

from importlib import resources
from typing import Any

import psycopg

# An arbitrary number; every process that migrates this database must use the same one.
LOCK = 0x46757475_7265
# Supabase grants the roles of its Data API all privileges on each new table. Without the revokes,
# anybody could mark a migration as applied.
CREATE_TABLE = """
do $$
declare
    grantee name;
begin
    create table if not exists futuretracker_migrations (
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


def migrate(url: str) -> list[str]:
    """Apply the missing migrations to the database at the owner's ``url``; return their names.

    Processes that migrate at the same time wait for each other. A file that was applied once is
    never read again.
    """
    applied: list[str] = []
    with psycopg.connect(url, autocommit=True) as conn:
        for name, sql in migrations():
            with conn.transaction():
                conn.execute("select pg_advisory_xact_lock(%s)", [LOCK])
                conn.execute(CREATE_TABLE)
                if _is_new(conn, name):
                    conn.execute(sql.encode())
                    conn.execute("insert into futuretracker_migrations (name) values (%s)", [name])
                    applied.append(name)
    return applied


def migrations() -> list[tuple[str, str]]:
    """Return the name and the text of each file, in order."""
    folder = resources.files("futuretracker.database") / "migrations"
    files = sorted((f for f in folder.iterdir() if f.name.endswith(".sql")), key=lambda f: f.name)
    return [(file.name, file.read_text("utf-8")) for file in files]


def _is_new(conn: psycopg.Connection[Any], name: str) -> bool:
    found = conn.execute("select from futuretracker_migrations where name = %s", [name])
    return found.fetchone() is None
