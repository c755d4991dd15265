"""Measure users with 25, 1,000 and 50,000 rows in a table of 1,000,000.

    python -m benchmarks.large --requests 200
    python -m benchmarks.large --searches --buffers 1GB

With --searches, only searches are measured: for a word that one row has, for one that every row
has, and for one that no row has. The table has 300 MB. With Postgres' usual shared_buffers, the
large user's searches copy most of it from the kernel's cache; with 1GB they find it in memory.

One client sends one request at a time, so the latency is that of an idle server. CPU is user and
system time per request, of the service and of Postgres.
"""

from __future__ import annotations

import argparse
import statistics
import time
from contextlib import suppress
from http import HTTPStatus
from http.client import HTTPConnection
from typing import TYPE_CHECKING

import psycopg
from psycopg import sql

from benchmarks.data import postmaster
from benchmarks.processes import CannotMeasure, command, cpu_seconds
from benchmarks.servers import address, serve, service
from benchmarks.stage import stage
from futuretracker.api.schemas.cursors import encode
from futuretracker.commands.local.embedded_postgres import as_service, postgres
from futuretracker.database.migrate import migrate
from futuretracker.database.queries.one_page import Place

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.servers import Server
    from benchmarks.stage import Stage

LARGE, MEDIUM, SMALL, OTHERS = 50_000, 1_000, 25, 9_500
USERS = f"""
insert into users (clerk_id)
select 'user_bench' || n from generate_series(0, {OTHERS + 2}) as n
"""  # noqa: S608 - only numbers from this file
# The rows of the large user are scattered over the table, as in production.
ROWS = f"""
insert into opportunities
    (user_id, title, description, deadline, category, status, notes, created_at, campus_mode)
select users.id, (array['Software', 'Data', 'Design', 'Research'])[1 + n % 4] || ' role ' || n,
    'What it is about, in a line or two. ' || n, current_date + n % 200 - 60,
    case n % 3 when 0 then 'hackathon' else 'internship' end,
    (array['applied', 'interviewed', 'shortlisted', 'selected', 'rejected'])[1 + n / 20 % 5],
    'Request about the stipend', now() - n * interval '1 minute',
    case n % 4 when 0 then 'on_campus' end
from generate_series(1, 1000000) as n
    join users on clerk_id = 'user_bench' || case
        when n % 20 = 0 then 0 when n <= {20 * SMALL} and n % 20 = 1 then 1
        when n <= {20 * MEDIUM} and n % 20 = 2 then 2 else 3 + n % {OTHERS} end
"""  # noqa: S608
ROUNDS = """
insert into opportunity_rounds (opportunity_id, user_id, round_number, round_type, result)
select o.id, o.user_id, n, (array['oa', 'technical'])[n], case
    when n = 1 then 'cleared' when o.status = 'rejected' then 'rejected' else 'pending' end
from opportunities as o, generate_series(1, 2) as n
where o.category = 'internship' and o.id < '40000000-0000-0000-0000-000000000000'
"""
PERCENTILES = (50, 95, 99)


class Client:
    """A keep-alive connection of one user."""

    def __init__(self, port: int, token: str) -> None:
        self._connection = HTTPConnection("127.0.0.1", port)
        self._headers = {"Authorization": f"Bearer {token}"}

    def get(self, path: str) -> bytes:
        """Send a request; raise CannotMeasure unless the status is 200."""
        self._connection.request("GET", path, headers=self._headers)
        response = self._connection.getresponse()
        body = response.read()
        if response.status != HTTPStatus.OK:
            raise CannotMeasure(f"{path} returned {response.status}: {body[:200]!r}")
        return body


def middle(url: str) -> str:
    """Return the cursor of the page after the large user's middle row."""
    with psycopg.connect(url) as conn:
        [(key, row_id, user_id)] = conn.execute(
            "select o.created_at::text, o.id::text, user_id from opportunities as o"
            " join users on users.id = user_id where clerk_id = 'user_bench0'"
            " order by o.created_at desc, o.id desc offset %s limit 1",
            [LARGE // 2],
        ).fetchall()
    return encode(Place(key, row_id), user_id=user_id, order="-created_at")


def measure(client: Client, server: Server, postgres_pid: int, path: str, requests: int) -> str:
    """Return one line of figures for one path."""
    for _ in range(10):
        with suppress(CannotMeasure):  # the first search may run into its time limit
            client.get(path)
    before = cpu_seconds(server.process.pid), cpu_seconds(postgres_pid)
    times = []
    for _ in range(requests):
        started = time.perf_counter()
        client.get(path)
        times.append((time.perf_counter() - started) * 1e3)
    after = cpu_seconds(server.process.pid), cpu_seconds(postgres_pid)
    percentiles = statistics.quantiles(times, n=100)
    ours, theirs = ((b - a) / requests * 1e6 for a, b in zip(before, after, strict=True))
    return (
        "".join(f"{percentiles[n - 1]:10.2f}" for n in PERCENTILES) + f"{ours:10.0f}{theirs:10.0f}"
    )


def fill(url: str, buffers: str) -> None:
    """Create and fill the tables, and update Postgres' statistics; set its next shared_buffers."""
    migrate(url)
    with psycopg.connect(url, autocommit=True) as conn:
        conn.execute(sql.SQL("alter system set shared_buffers = {}").format(buffers))
        for statement in (USERS, ROWS, ROUNDS, "vacuum analyze"):
            conn.execute(statement.encode())


def run(requests: int, buffers: str, *, only_searches: bool) -> None:
    """Fill the tables, restart Postgres, measure and print."""
    with stage() as here:
        with postgres(here.folder / "postgres") as url:
            fill(url, buffers)
        with postgres(here.folder / "postgres") as url:
            measure_all(here, url, requests, only_searches=only_searches)


def measure_all(here: Stage, url: str, requests: int, *, only_searches: bool) -> None:
    """Start the service, and print a line for each path."""
    at = address("futuretracker", here.folder, behind_nginx=False)
    settings = {**here.settings("store", as_service(url)), "TRUSTED_PROXIES": "0"}
    recipe = service("futuretracker", at, settings, 1)
    pid = postmaster(here.folder / "postgres")
    heads = (*(f"p{n} ms" for n in PERCENTILES), "CPU us", "Postgres")
    with serve(recipe, at, here.folder) as server:
        print(f"{'':34}" + "".join(f"{head:>10}" for head in heads))
        for name, user, path in searches() if only_searches else paths(middle(url)):
            client = Client(server.port, here.tokens([user])[user])
            print(f"{name:34}" + measure(client, server, pid, path, requests))


def paths(cursor: str) -> Iterator[tuple[str, int, str]]:
    """Yield the name, the user and the path of each measurement."""
    pages = "/api/v1/opportunities"
    for user, rows in ((1, SMALL), (0, LARGE)):
        yield f"first page, {rows} rows", user, pages
        if rows == LARGE:
            yield "a page in the middle", user, f"{pages}?cursor={cursor}"
        yield f"v1 analytics, {rows} rows", user, "/api/v1/analytics"
        yield f"original analytics, {rows} rows", user, "/api/analytics"
    yield from searches()


def searches() -> Iterator[tuple[str, int, str]]:
    """Yield the same for the searches. Each user has one row with the rare word."""
    for user, rows, rare in ((1, SMALL, 481), (2, MEDIUM, 10_002), (0, LARGE, 500_000)):
        for kind, word in (("rare", str(rare)), ("common", "role"), ("missing", "zebra")):
            yield f"search, {rows} rows, a {kind} word", user, f"/api/v1/opportunities?q={word}"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Measure a large user in a large table.")
    parser.add_argument("--requests", type=int, default=100)
    parser.add_argument("--buffers", default="128MB", help="Postgres' shared_buffers")
    parser.add_argument("--searches", action="store_true", help="measure only searches")
    arguments = parser.parse_args()
    command(lambda: run(arguments.requests, arguments.buffers, only_searches=arguments.searches))
