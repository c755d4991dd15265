"""Applies ``migrations/*.sql`` in the order of their numbers, once, each whole or not at all."""

from __future__ import annotations

from importlib import resources
from typing import Any

import psycopg

# Any number; all who migrate this database must use the same.
LOCK = 0x46757475_7265
# Supabase grants its Data API's roles everything on each new table: here that would let anybody
# make a migration pass for applied.
LEDGER = """
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
    """Bring the database behind the owner's ``url`` up to date; return the files applied.

    Two at a time wait for each other. A file that was applied is never looked at again.
    """
    applied: list[str] = []
    with psycopg.connect(url, autocommit=True) as conn:
        for name, sql in migrations():
            with conn.transaction():
                conn.execute("select pg_advisory_xact_lock(%s)", [LOCK])
                conn.execute(LEDGER)
                if _is_new(conn, name):
                    conn.execute(sql.encode())
                    conn.execute("insert into futuretracker_migrations (name) values (%s)", [name])
                    applied.append(name)
    return applied


def migrations() -> list[tuple[str, str]]:
    """Return the name and text of every file, in order."""
    folder = resources.files("futuretracker.database") / "migrations"
    files = sorted((f for f in folder.iterdir() if f.name.endswith(".sql")), key=lambda f: f.name)
    return [(file.name, file.read_text("utf-8")) for file in files]


def _is_new(conn: psycopg.Connection[Any], name: str) -> bool:
    found = conn.execute("select from futuretracker_migrations where name = %s", [name])
    return found.fetchone() is None
