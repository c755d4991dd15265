"""Measure how long it takes to erase a user with many opportunities.

    python -m benchmarks.erase --rows 100000 1000000
    python -m benchmarks.erase --rows 100000 --backup

Each opportunity has a round and an audit entry. The statements are those of ``erase --user``, run
with the service's role; the time of a statement includes its commit. ``--backup`` keeps a snapshot
open meanwhile, as a backup does.
"""

from __future__ import annotations

import argparse
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg.conninfo import make_conninfo

from benchmarks.conditions import conditions
from benchmarks.data import clerk_id, run, user_id
from benchmarks.processes import CannotMeasure, command
from benchmarks.results import as_line
from benchmarks.stage import stage
from futuretracker.commands.erase import PATIENCE
from futuretracker.commands.local.embedded_postgres import as_service, postgres
from futuretracker.database.migrate import migrate
from futuretracker.database.queries.erasures import begin_erasure, continue_erasure

if TYPE_CHECKING:
    from collections.abc import Iterator

OTHER = 10  # another user has one row for so many of the user's
# Without triggers, it takes a minute per million rows. They would do what the values here do.
FILL = f"""
set session_replication_role = replica;
insert into users (id, clerk_id)
values ('{user_id(0)}', '{clerk_id(0)}'), ('{user_id(1)}', '{clerk_id(1)}');
insert into opportunities (user_id, title, description, category, status, created_at, search_text)
select users.id, 'Opportunity ' || n, 'What it is about, in a line or two. ' || n, 'internship',
    'interviewed', now() - (%(rows)s - n) * interval '1 minute',
    'opportunity ' || n || 'what it is about, in a line or two. ' || n
from generate_series(1, %(rows)s) as n
    join users on clerk_id = '{clerk_id(0)}' or n %% {OTHER} = 0;
insert into opportunity_rounds (opportunity_id, user_id, round_number, round_type)
select id, user_id, 1, 'oa' from opportunities;
insert into audit_log (user_id, actor, action, resource_id, details, request_id, at)
select user_id, 'user', 'CREATE_OPPORTUNITY', id, jsonb_build_object('title', title),
    md5(id::text), created_at
from opportunities order by created_at;
"""  # noqa: S608 - only constants of this file
# The rows of each user: opportunities, rounds, and audit entries with details.
LEFT = """
select clerk_id, o.count, r.count, a.count
from users,
    lateral (select count(*) from opportunities where user_id = users.id) as o,
    lateral (select count(*) from opportunity_rounds where user_id = users.id) as r,
    lateral (select count(*) from audit_log where user_id = users.id and details <> '{}') as a
"""


def fill(url: str, rows: int) -> None:
    """Create the tables, and the rows of two users."""
    migrate(url)
    with psycopg.connect(url, cursor_factory=psycopg.ClientCursor) as conn:
        conn.execute(FILL, {"rows": rows})
    run(url, "vacuum analyze")
    run(url, "checkpoint")


@contextmanager
def snapshot(url: str) -> Iterator[None]:
    """Keep a snapshot of the database until the block ends."""
    with psycopg.connect(url) as conn:
        conn.execute("set transaction isolation level repeatable read")
        conn.execute("select count(*) from users")
        yield


def erase(url: str, within: float) -> list[float]:
    """Erase the user; return the seconds of each statement, or raise CannotMeasure."""
    times: list[float] = []
    with psycopg.connect(as_service(url), autocommit=True) as conn:
        begin_erasure(conn, event=None, clerk_id=clerk_id(0), seconds=60, request_id="benchmark")
        is_erased = False
        while not is_erased:
            if sum(times) > within:
                raise CannotMeasure(f"after {within:.0f} s it is not finished: --within is longer")
            began = time.perf_counter()
            is_erased = step(conn)
            times.append(time.perf_counter() - began)
    return times


def step(conn: psycopg.Connection[Any]) -> bool:
    """Erase a part, as the command does; return whether nothing is left."""
    with conn.transaction():
        conn.execute(PATIENCE)
        return continue_erasure(conn, clerk_id=clerk_id(0))


def measure(owner_url: str, rows: int, options: argparse.Namespace) -> list[float]:
    """Fill a database, erase the user, and check that exactly the other user's rows are left."""
    name = f"erase_{rows}"
    run(owner_url, f"create database {name}")
    url = make_conninfo(owner_url, dbname=name)
    fill(url, rows)
    if options.backup:
        with snapshot(url):
            times = erase(url, options.within)
    else:
        times = erase(url, options.within)
    with psycopg.connect(url) as conn:
        left = conn.execute(LEFT).fetchall()
    if left != [(clerk_id(1), *[rows // OTHER] * 3)]:
        raise CannotMeasure(f"these rows are left: {left}")
    run(owner_url, f"drop database {name} with (force)")
    return times


def measure_all(options: argparse.Namespace) -> None:
    """Measure each number of rows, and print a table."""
    print(as_line({**conditions(), "backup": options.backup}))
    print("| Opportunities | Time | Longest statement | Statements |\n|---|---|---|---|")
    with stage() as here, postgres(here.folder / "postgres") as url:
        for rows in options.rows:
            times = measure(url, rows, options)
            figures = f"{rows:,} | {sum(times):.0f} s | {max(times):.1f} s | {len(times)}"
            print(f"| {figures} |", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Measure erasing a user.")
    parser.add_argument("--rows", type=int, nargs="+", default=[100_000, 1_000_000])
    parser.add_argument("--backup", action="store_true", help="keep a snapshot open meanwhile")
    parser.add_argument("--within", type=float, default=900, help="seconds (default: 900)")
    command(lambda: measure_all(parser.parse_args()))
