"""Each failure of Postgres has a kind of its own, and concerns one statement alone."""

from __future__ import annotations

import logging
import re
import time
from contextlib import closing
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from futuretracker.database import kinds
from futuretracker.database.connection import BoundedConnection
from futuretracker.database.failures import DatabaseFailure, kind_of_refusal, may_have_committed
from futuretracker.database.pool import Pool
from futuretracker.database.reports import Reports
from tests.conftest import config_from
from tests.support.servers import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

KINDS = {
    "08006": "connection",
    "25006": "read_only",
    "25P04": "statement_timeout",
    "26000": "prepared_statement",
    "40001": "serialization",
    "40P01": "deadlock",
    "42501": "privilege",
    "42P05": "prepared_statement",
    "53000": "limit_exceeded",
    "53100": "disk_full",
    "53200": "out_of_memory",
    "53300": "too_many_connections",
    "54000": "limit_exceeded",
    "54001": "limit_exceeded",
    "55006": "server_error",
    "55P03": "lock_timeout",
    "57014": "statement_timeout",
    "57P01": "connection",
    "57P03": "connection",
    "57P05": "connection",
    "58030": "server_error",
    "58P01": "server_error",
    "XX000": "server_error",
    "XX001": "server_error",
}


def fail_with(state: str) -> Callable[[psycopg.Connection[Any]], object]:
    """Return a query that fails in Postgres with this SQLSTATE."""
    return lambda conn: conn.execute(f"do $$ begin raise sqlstate '{state}'; end $$".encode())


def select_one(conn: psycopg.Connection[Any]) -> Any:
    return conn.execute("select 1").fetchone()


@pytest.mark.parametrize("state", KINDS)
def test_a_failure_has_a_kind_and_concerns_no_other_statement(pool: Pool, state: str) -> None:
    with pytest.raises(DatabaseFailure) as caught:
        pool.run(fail_with(state))

    assert (caught.value.kind.name, caught.value.sqlstate) == (KINDS[state], state)
    assert pool.run(select_one) == (1,)


@pytest.mark.parametrize("state", ["22001", "23505", "42601", "42P01", "0A000", "P0001"])
def test_an_error_of_the_statement_is_no_failure_of_postgres(pool: Pool, state: str) -> None:
    with pytest.raises(psycopg.Error) as caught:
        pool.run(fail_with(state))

    assert caught.value.sqlstate == state


@pytest.mark.parametrize(
    ("state", "may_have"),
    [(state, state == "08006") for state in KINDS] + [("57P02", True), ("40003", True)],
)
def test_a_statement_that_postgres_rolled_back_was_surely_not_committed(
    role: psycopg.Connection[Any], state: str, *, may_have: bool
) -> None:
    with pytest.raises(psycopg.Error) as caught:
        fail_with(state)(role)

    assert may_have_committed(caught.value) is may_have


@pytest.mark.parametrize(
    ("text", "may_have"),
    [
        ("server closed the connection unexpectedly", True),
        ("server conn crashed?", True),
        ("query_wait_timeout", False),
        ('too many connections for role "futuretracker_api"', False),
        ("server login has been failing, try again later (server_login_retry)", False),
    ],
)
def test_a_broken_connection_leaves_the_outcome_open_unless_nothing_was_sent(
    text: str, *, may_have: bool
) -> None:
    assert may_have_committed(psycopg.OperationalError(text)) is may_have


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("FATAL:  sorry, too many clients already", "too_many_connections"),
        ('FATAL:  too many connections for role "futuretracker_api"', "too_many_connections"),
        (
            "FATAL:  remaining connection slots are reserved for superusers",
            "too_many_connections",
        ),
        ("FATAL:  no more connections allowed (max_client_conn)", "too_many_connections"),
        ("FATAL:  Max client connections reached", "too_many_connections"),
        ('FATAL:  password authentication failed for user "x"', "login_refused"),
        ('FATAL:  database "x" does not exist', "login_refused"),
        ("FATAL:  Tenant or user not found", "login_refused"),
        ('connection to server on socket "x" failed: No such file or directory', "connection"),
        ("connection to server at 127.0.0.1 failed: Connection refused", "connection"),
        ("FATAL:  the database system is starting up", "connection"),
        ("connection timeout expired", "connection"),
    ],
)
def test_a_refused_connection_has_a_kind(text: str, kind: str) -> None:
    assert kind_of_refusal(psycopg.OperationalError(text)).name == kind


class Impatient(BoundedConnection):
    RESPONSE_WITHIN = 0.3


@pytest.fixture
def impatient(settings: dict[str, str]) -> Iterator[Pool]:
    config = config_from(settings)
    with closing(Pool(config.database.primary, config, Impatient)) as pool:
        yield pool


def run_both(pool: Pool, sql: bytes) -> tuple[str, str | None]:
    """Return the kind of the failure of a statement, and of the next statement."""
    kinds = []
    for query in (lambda conn: conn.execute(sql), select_one):
        try:
            pool.run(query)
        except DatabaseFailure as failure:
            kinds.append(failure.kind.name)
        else:
            kinds.append(None)
    return kinds[0], kinds[1]


def test_a_server_that_does_not_respond_is_not_asked_again_at_once(impatient: Pool) -> None:
    assert run_both(impatient, b"select pg_sleep(2)") == ("no_response", "known")
    time.sleep(Pool.PAUSE)
    assert impatient.run(select_one) == (1,)


def test_a_response_that_takes_too_long_concerns_its_request_alone(impatient: Pool) -> None:
    slowly = b"select repeat('x', 100000), pg_sleep(0.05) from generate_series(1, 40)"

    assert run_both(impatient, slowly) == ("slow_response", None)


def test_the_page_for_operators_lists_every_kind() -> None:
    page = (ROOT / "docs/operations/database.md").read_text()
    rows = re.findall(r"^\| `(\w+)` \| .+? \| (?:`(.+?)`|no line) \| .+ \|$", page, re.MULTILINE)
    told = {kind.name: "" if kind is kinds.KNOWN else kind.message for kind in kinds.KINDS}

    assert dict(rows) == told


def test_a_plan_that_a_migration_made_stale_is_made_anew(
    pool: Pool, owner: psycopg.Connection[Any]
) -> None:
    def select(conn: psycopg.Connection[Any]) -> Any:
        return conn.execute("select name from stale_plan", prepare=True).fetchall()

    owner.execute("create table stale_plan (name varchar(9))")
    try:
        owner.execute("grant select on stale_plan to futuretracker_api")
        for _ in range(3):
            assert pool.run(select) == []
        owner.execute("alter table stale_plan alter name type text")

        assert pool.run(select) == []
    finally:
        owner.execute("drop table stale_plan")


def test_the_first_failure_of_a_kind_is_logged_and_the_rest_are_counted(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 1000.0
    monkeypatch.setattr("time.monotonic", lambda: now)
    reports = Reports()
    with caplog.at_level(logging.WARNING, "futuretracker.database.reports"):
        for _ in range(5):
            reports.add(DatabaseFailure(kinds.DEADLOCK))
        reports.add(DatabaseFailure(kinds.DISK_FULL))
        reports.add(DatabaseFailure(kinds.KNOWN))
        now += 0.9
        reports.flush()
        now += 0.1
        reports.flush()
        reports.flush()
        now += 5
        reports.add(DatabaseFailure(kinds.DEADLOCK))

    said = [
        (line.getMessage(), vars(line)["kind"], vars(line).get("suppressed"))
        for line in caplog.records
    ]
    assert said == [
        ("statement failed", "deadlock", None),
        ("statement failed", "disk_full", None),
        ("statement failed", "deadlock", 3),
        ("statement failed", "deadlock", None),
    ]
