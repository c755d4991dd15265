"""Create tables of several sizes, in which every user has the same number of rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, cast

import psycopg
from psycopg.conninfo import make_conninfo

from benchmarks.data import run
from futuretracker.commands.local.embedded_postgres import as_service
from futuretracker.database.migrate import migrate

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import LiteralString

EACH = 100  # rows per user
USERS = """
insert into users (id, clerk_id)
select md5('user' || n)::uuid, 'user_bench' || n from generate_series(0, %(users)s - 1) as n
"""
# The rows of a user are scattered over the whole table, as in production.
ROWS = """
insert into opportunities
    (id, user_id, title, description, link, deadline, category, status, notes, created_at)
select lpad(to_hex(n), 32, '0')::uuid, md5('user' || n %% %(users)s)::uuid, 'Opportunity ' || n,
    'What it is about, in a line or two. ' || n, 'https://example.com/opportunities/' || n,
    current_date + n %% 90, case n %% 2 when 0 then 'internship' else 'hackathon' end,
    (array['applied', 'interviewed', 'shortlisted', 'selected', 'rejected'])[n %% 5 + 1],
    'Request about the stipend', now() - n * interval '1 minute'
from generate_series(1, %(rows)s) as n
"""
INDEXES = """
select indexname, indexdef from pg_indexes
where tablename = 'opportunities' and indexname <> 'opportunities_pkey'
"""


class Table(NamedTuple):
    """A database with this number of rows, and its URL for the service."""

    rows: int
    url: str

    @property
    def users(self) -> int:
        """The number of users; their numbers start at 0."""
        return self.rows // EACH

    def some(self, count: int) -> Sequence[int]:
        """Return up to ``count`` users, evenly spread over the table."""
        return range(0, self.users, max(1, self.users // count))[:count]


def make(owner_url: str, rows: int) -> Table:
    """Create a database and a table with this number of rows."""
    name = f"rows_{rows}"
    run(owner_url, f"create database {name}")
    url = make_conninfo(owner_url, dbname=name)
    migrate(url)
    # The data is dropped after the run, so it needs no WAL. This does not affect reads.
    for relation in ("opportunity_rounds", "opportunities"):
        run(url, f"alter table {relation} set unlogged")
    with psycopg.connect(url, autocommit=True) as conn:
        _fill(conn, {"rows": rows, "users": rows // EACH})
    return Table(rows, as_service(url))


def _fill(conn: psycopg.Connection[Any], counts: dict[str, int]) -> None:
    # Skip the check of foreign keys for each row, and build the indexes once at the end. Ten
    # million rows take about four minutes, mostly for the ``search_text`` column.
    conn.execute("set session_replication_role = replica; set maintenance_work_mem = '512MB'")
    indexes = conn.execute(INDEXES).fetchall()
    for name, _ in indexes:
        conn.execute(f"drop index {name}")
    conn.execute(USERS, counts)
    conn.execute(ROWS, counts)
    for _, definition in indexes:
        conn.execute(cast("LiteralString", definition))
    conn.execute("vacuum analyze")
    conn.execute("checkpoint")
