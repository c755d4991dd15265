"""Behind a transaction pooler, all users share one session, and no statement leaves data in it."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from psycopg import errors as pg

from futuretracker.commands.local import embedded_postgres
from futuretracker.database.queries import opportunities
from futuretracker.database.queries.columns import ORIGINAL
from futuretracker.database.queries.pages import select_page
from tests.conftest import ORIGIN, numbers
from tests.database.queries.conftest import Owner
from tests.support.pooler import connect, pgbouncer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from futuretracker.commands.local.issuer import Issuer
    from tests.support.servers import Response, Service

Connection = psycopg.Connection[Any]
V1 = "/api/v1/opportunities"
LEFT_BEHIND = """
    select nullif(current_setting('app.user_id', true), ''),
        nullif(current_setting('app.clerk_id', true), ''),
        (select count(*) from opportunities) + (select count(*) from users)
            + (select count(*) from opportunity_rounds)
"""


@pytest.fixture(scope="module")
def narrow(owner_url: str, needs_pgbouncer: None) -> Iterator[str]:
    """A pooler that has one connection to Postgres for all of its clients."""
    with pgbouncer(embedded_postgres.as_service(owner_url), default_pool_size="1") as url:
        yield url


@pytest.fixture
def clients(narrow: str) -> Iterator[list[Connection]]:
    """Three connections to the pooler."""
    with ExitStack() as stack:
        yield [stack.enter_context(connect(narrow)) for _ in range(3)]


def left_behind(conn: Connection) -> tuple[Any, ...] | None:
    return conn.execute(LEFT_BEHIND).fetchone()


NOTHING = (None, None, 0)


def test_all_clients_share_one_session(clients: list[Connection]) -> None:
    asked = [conn.execute("select pg_backend_pid()").fetchone() for conn in clients * 3]

    assert len(set(asked)) == 1


def test_the_limits_of_the_role_hold(clients: list[Connection]) -> None:
    names = ["statement_timeout", "lock_timeout", "TimeZone", "work_mem"]
    names.append("idle_in_transaction_session_timeout")
    for conn in clients:
        limits = [conn.execute(f"show {name}".encode()).fetchone() for name in names]
        assert limits == [("2s",), ("500ms",), ("UTC",), ("16MB",), ("5s",)]
    with pytest.raises(pg.QueryCanceled):
        clients[0].execute("select pg_sleep(3)")


class UserOfPooler:
    """Sends the requests of one user, and checks the responses."""

    def __init__(self, service: Service, token: str, name: str) -> None:
        self.service, self.token, self.name = service, token, name
        self.row: dict[str, Any] = {}

    def __call__(self, method: str, path: str = "", body: object = None) -> Response:
        return self.service.request(method, V1 + path, token=self.token, body=body)

    def begin(self) -> None:
        fields = {"title": self.name, "category": "internship"}
        self.row = self("POST", "", fields).json
        rounds = f"/{self.row['id']}/rounds"
        rejected = {"round_type": "oa", "round_number": 1, "result": "rejected"}
        assert self("POST", rounds, rejected).status == 201

    def go_on(self, other: UserOfPooler) -> None:
        """Send each kind of request once, with refused requests between successful ones."""
        where = f"/{self.row['id']}"
        listed = self("GET").json["items"]
        assert {row["user_id"] for row in listed} == {self.row["user_id"]}
        assert {row["title"] for row in listed} == {self.name}
        assert self("GET", where).json["title"] == self.name
        assert (
            self("POST", f"{where}/rounds", {"round_type": "hr", "round_number": 1}).status == 409
        )
        assert self("GET", f"/{other.row['id']}").status == 404
        assert self("PATCH", where, {"status": "unknown"}).status == 400
        assert self("DELETE", f"/{other.row['id']}").status == 404
        assert [one["round_number"] for one in self("GET", f"{where}/rounds").json] == [1]
        more = self("POST", "", {"title": self.name}).json["id"]
        assert self("DELETE", f"/{more}").status == 200


def test_users_who_alternate_quickly_over_two_processes_see_only_their_own_rows(
    serve: Callable[..., Service], issuer: Issuer, narrow: str, clients: list[Connection]
) -> None:
    service = serve(DATABASE_URL=narrow, WEB_CONCURRENCY="2")
    names = [f"user_narrow{next(numbers)}" for _ in range(2)]
    users = [UserOfPooler(service, issuer.token(n, ttl=600, azp=ORIGIN), n) for n in names]
    for user in users:
        user.begin()
    over = threading.Event()
    found: set[Any] = set()

    def look() -> None:
        while not over.is_set():
            found.add(left_behind(clients[0]))

    with ThreadPoolExecutor(7) as pool:
        looking = pool.submit(look)
        turns = [(users[n % 2], users[(n + 1) % 2]) for n in range(60)]
        done = [pool.submit(one.go_on, other) for one, other in turns]
        try:
            for turn in done:
                turn.result(60)
        finally:
            over.set()
        looking.result(60)

    assert found == {NOTHING}


def violate(conn: Connection, owner: Owner) -> None:
    """Break a constraint in a statement that has set its user."""
    values = {"title": None, "status": "applied", "category": None}
    opportunities.insert_opportunity(conn, audit=owner.audit, values=values, columns=ORIGINAL)


def wait_too_long(conn: Connection, owner: Owner) -> None:
    conn.execute(
        "select set_config('app.user_id', %s, true), pg_sleep(3) from pg_sleep(0)", [str(owner.id)]
    )


def fail_in_a_transaction(conn: Connection, owner: Owner) -> None:
    with conn.transaction():
        conn.execute("select set_config('app.user_id', %s, true)", [str(owner.id)])
        assert left_behind(conn) != NOTHING
        conn.execute("select 1 / 0")


def vanish(conn: Connection, owner: Owner) -> None:
    """Close the connection during a transaction, as a killed process does."""
    conn.execute("begin")
    conn.execute("select set_config('app.user_id', %s, true)", [str(owner.id)])
    conn.close()
    raise psycopg.OperationalError


@pytest.mark.parametrize(
    ("break_off", "error"),
    [
        (violate, pg.NotNullViolation),
        (wait_too_long, pg.QueryCanceled),
        (fail_in_a_transaction, pg.DivisionByZero),
        (vanish, psycopg.OperationalError),
    ],
)
def test_a_failed_statement_leaves_nothing_in_the_session(
    clients: list[Connection],
    break_off: Callable[[Connection, Owner], None],
    error: type[Exception],
) -> None:
    one, other, third = clients
    a, b = Owner(one), Owner(other)
    with pytest.raises(error):
        break_off(one, a)

    assert left_behind(other) == NOTHING
    of_b = select_page(other, user_id=b.id, columns=ORIGINAL, limit=100).items
    assert of_b.count(str(b.id).encode()) == 1
    assert str(a.id).encode() not in of_b
    assert left_behind(third) == NOTHING
