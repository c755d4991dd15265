"""The test data: this service's database and the peers' database, in one Postgres."""

from __future__ import annotations

import hashlib
from contextlib import contextmanager
from typing import TYPE_CHECKING
from uuid import UUID

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from futuretracker.commands.local.embedded_postgres import as_service, postgres
from futuretracker.database.migrate import migrate

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

USERS, ROWS, PAGE = 200, 20_000, 25
# A reader has exactly one page of rows, because the peers return one page only. A writer has about
# 108 rows.
READERS, WRITERS = range(20), range(20, 40)
CREATED = "Benchmark"  # the title of every row that a benchmark creates

FILL = f"""
select md5('row' || n)::uuid as id,
    'user_bench' || case when n <= {len(READERS) * PAGE} then n % {len(READERS)}
        else {len(READERS)} + n % ({USERS} - {len(READERS)}) end as clerk_id,
    'Opportunity ' || n as title, 'What it is about, in a line or two. ' || n as description,
    'https://example.com/opportunities/' || n as link, current_date + n % 90 as deadline,
    case n % 2 when 0 then 'internship' else 'hackathon' end as category,
    (array['applied', 'interviewed', 'shortlisted', 'selected', 'rejected'])[n % 5 + 1] as status,
    'Request about the stipend' as notes, now() - n * interval '1 minute' as created_at
from generate_series(1, {ROWS}) as n
"""  # noqa: S608 - only numbers from this file
OURS = f"""
insert into users (id, clerk_id)
select md5('user' || n)::uuid, 'user_bench' || n from generate_series(0, {USERS - 1}) as n;
insert into opportunities
    (user_id, id, title, description, link, deadline, category, status, notes, created_at)
select users.id, f.id, title, description, link, deadline, category, status, notes, f.created_at
from ({FILL}) as f join users using (clerk_id);
"""  # noqa: S608
THEIRS = f"""
create table opportunities (
    id uuid primary key default gen_random_uuid(), user_id text not null, title text not null,
    description text, link text, deadline date, category text,
    status text not null default 'applied', notes text,
    created_at timestamptz not null default now(), updated_at timestamptz not null default now()
);
create index on opportunities (user_id, created_at desc, id desc);
insert into opportunities
    (user_id, id, title, description, link, deadline, category, status, notes, created_at)
select clerk_id, id, title, description, link, deadline, category, status, notes, created_at
from ({FILL}) as f;
"""  # noqa: S608


class Database:
    """This service's database and the peers' database, with the same rows."""

    def __init__(self, owner_url: str, folder: Path) -> None:
        run(owner_url, "create database futuretracker")
        self._theirs = owner_url
        self._ours = make_conninfo(owner_url, dbname="futuretracker")
        self.service_url = as_service(self._ours)
        self.sockets = str(conninfo_to_dict(owner_url)["host"])
        self.pid = postmaster(folder)
        migrate(self._ours)
        run(self._ours, OURS)
        run(self._theirs, THEIRS)
        self.tidy()

    def tidy(self) -> None:
        """Remove the rows that a load created, so that every load starts with the same tables."""
        for url in (self._ours, self._theirs):
            run(url, f"delete from opportunities where title = '{CREATED}'")  # noqa: S608
            run(url, "vacuum analyze")
        run(self._ours, "truncate audit_log")
        run(self._ours, "checkpoint")

    def rows(self, users: range) -> list[tuple[int, UUID]]:
        """Return (user number, row id) for all rows of these users; the users alternate."""
        sql = "select user_id, id from opportunities where user_id = any(%s) order by title"
        with psycopg.connect(self._theirs) as conn:
            found = conn.execute(sql, [[clerk_id(n) for n in users]]).fetchall()
        return [(int(user.removeprefix("user_bench")), row_id) for user, row_id in found]


@contextmanager
def database(folder: Path) -> Iterator[Database]:
    """Start Postgres and fill its tables."""
    with postgres(folder) as owner_url:
        yield Database(owner_url, folder)


def postmaster(folder: Path) -> int:
    """Return the process id of the Postgres that runs on ``folder``."""
    return int((folder / "postmaster.pid").read_text().split()[0])


def clerk_id(number: int) -> str:
    """Return a user's id in Clerk."""
    return f"user_bench{number}"


def user_id(number: int) -> UUID:
    """Return a user's id in our database."""
    return UUID(hashlib.md5(f"user{number}".encode(), usedforsecurity=False).hexdigest())


def run(url: str, sql: str) -> None:
    """Run statements as the owner, outside a transaction."""
    with psycopg.connect(url, autocommit=True) as conn:
        conn.execute(sql.encode())
