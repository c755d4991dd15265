"""Databases of an earlier FutureTracker with rounds: all data is kept, and can be changed."""

from __future__ import annotations

import itertools
import json
from contextlib import contextmanager
from datetime import date
from typing import TYPE_CHECKING, Any
from uuid import UUID

import psycopg
import pytest
from psycopg import errors as pg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from futuretracker.database import CONFLICTS
from futuretracker.database.migrate import migrate, migrations
from futuretracker.database.queries import analytics, opportunities, rounds
from futuretracker.database.queries.audit import AuditEntry
from futuretracker.database.queries.columns import ORIGINAL, V1
from futuretracker.database.queries.pages import select_page
from futuretracker.database.queries.users import upsert_user
from tests.api.interviews import RESULTS, TYPES, derive, said
from tests.conftest import ROLE_NAME
from tests.database.test_migrate import EXISTING
from tests.support.existing import LATER, MUDDLED, VARIANTS

if TYPE_CHECKING:
    from collections.abc import Iterator

Connection = psycopg.Connection[Any]
databases = itertools.count(1)


@contextmanager
def database(owner_url: str) -> Iterator[str]:
    """Create an empty database; yield the URL for its owner."""
    name = f"adopted_{next(databases)}"
    with psycopg.connect(owner_url, autocommit=True) as conn:
        conn.execute(sql.SQL("create database {}").format(sql.Identifier(name)))
        yield make_conninfo(owner_url, dbname=name)
        conn.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))


@pytest.fixture(scope="module", params=VARIANTS)
def later(owner_url: str, request: pytest.FixtureRequest) -> Iterator[str]:
    """A migrated database of the later FutureTracker; no test changes it."""
    with database(owner_url) as url:
        with psycopg.connect(url, autocommit=True) as conn:
            conn.execute((EXISTING + LATER).encode())
            conn.execute(VARIANTS[request.param].encode())
        migrate(url)
        yield url


class Adopted:
    """A user from before the migration, with the user's rows as the service's role reads them."""

    def __init__(self, conn: Connection, clerk_id: str) -> None:
        self.conn = conn
        self.id = upsert_user(conn, clerk_id=clerk_id, email=None)
        self.audit = AuditEntry(self.id, clerk_id, "request", {}, "web")
        listed = json.loads(select_page(conn, user_id=self.id, columns=ORIGINAL, limit=100).items)
        [self.row_id] = [UUID(row["id"]) for row in listed if row["title"].startswith("Row 2 of")]

    def row(self) -> dict[str, Any]:
        found = opportunities.select_opportunity(
            self.conn, user_id=self.id, row_id=self.row_id, columns=V1
        )
        row: dict[str, Any] = json.loads(found.body)
        return row

    def rounds(self) -> list[dict[str, Any]]:
        found = rounds.select_rounds(self.conn, user_id=self.id, row_id=self.row_id)
        listed: list[dict[str, Any]] = json.loads(found.body or b"null")
        return listed

    def add(self, **values: Any) -> dict[str, Any]:
        values = {"result": "pending", "round_type": "oa", **values}
        done = rounds.insert_round(self.conn, audit=self.audit, row_id=self.row_id, values=values)
        body: dict[str, Any] = json.loads(done.body or b"null")
        return body

    def set(self, one: dict[str, Any], **values: Any) -> dict[str, Any]:
        done = rounds.update_round(
            self.conn,
            audit=self.audit,
            row_id=self.row_id,
            round_id=UUID(one["id"]),
            values=values,
        )
        body: dict[str, Any] = json.loads(done.body or b"null")
        return body


@pytest.fixture
def old(later: str) -> Iterator[Adopted]:
    """One of twenty users, in a transaction that is rolled back."""
    with (
        psycopg.connect(make_conninfo(later, user=ROLE_NAME), autocommit=True) as conn,
        conn.transaction(force_rollback=True),
    ):
        yield Adopted(conn, "user_old7")


def test_every_row_is_unchanged(old: Adopted, later: str) -> None:
    row, listed = old.row(), old.rounds()

    assert (row["status"], row["campus_mode"]) == ("ghosted", "on_campus")
    assert (row["applied_on"], row["current_round_number"]) == ("2026-01-02", 2)
    assert [one["round_number"] for one in listed] == [1, 2, 3]
    assert [one["round_type"] for one in listed] == ["oa", "technical", "technical"]
    assert [one["result"] for one in listed] == ["cleared", "pending", "pending"]
    assert [one["notes"] for one in listed] == ["Round 1", "Round 2", "Round 3"]
    assert {one["scheduled_date"] for one in listed} == {"2026-12-01"}
    times = [one[name] for one in listed for name in ("created_at", "updated_at")]
    assert all(time.endswith("+00:00") for time in times), times
    with psycopg.connect(later) as conn:
        total = conn.execute("select count(*), count(user_id) from opportunity_rounds").fetchone()
        assert total == (60, 60)


def test_no_other_user_and_no_other_role_sees_the_rows(old: Adopted, later: str) -> None:
    new = upsert_user(old.conn, clerk_id="user_new", email=None)
    seen = rounds.select_rounds(old.conn, user_id=new, row_id=old.row_id)
    old.conn.execute("select set_config('app.user_id', '', true)")
    unspoken = old.conn.execute("select count(*) from opportunity_rounds").fetchone()

    assert (seen, unspoken) == (rounds.Outcome(), (0,))
    with psycopg.connect(later) as conn:
        for role in ("anon", "authenticated"):
            conn.execute(sql.SQL("set role {}").format(sql.Identifier(role)))
            with pytest.raises(pg.InsufficientPrivilege), conn.transaction():
                conn.execute("select from opportunity_rounds")


def test_every_type_and_result_and_long_notes_can_be_written(old: Adopted) -> None:
    for round_type, result in zip(TYPES, itertools.cycle(RESULTS), strict=False):
        body = old.add(round_type=round_type, result=result, notes="é" * 5000)
        assert said(body["opportunity"]) == derive(body["rounds"])
        assert body["rounds"] == old.rounds()
    for one in old.rounds():
        if one["result"] == "rejected":
            body = old.set(one, result="skipped", notes=None, scheduled_time="09:30")
    assert said(body["opportunity"]) == derive(body["rounds"])
    assert said(old.row())[0] == "interviewed"


def test_a_number_that_is_taken_is_the_usual_conflict(old: Adopted) -> None:
    before = old.row(), old.rounds()
    for attempt in (
        lambda: old.add(round_number=2),
        lambda: old.set(before[1][0], round_number=3),
    ):
        with pytest.raises(pg.UniqueViolation) as refused, old.conn.transaction():
            attempt()  # type: ignore[no-untyped-call]  # a lambda has no types
        assert CONFLICTS[str(refused.value.diag.constraint_name)][0] == "round_number_taken"
    assert (old.row(), old.rounds()) == before
    assert [one["round_number"] for one in old.add()["rounds"]] == [1, 2, 3, 4]


def test_existing_rounds_can_be_changed_and_deleted(old: Adopted) -> None:
    first, second, third = old.rounds()
    body = old.set(second, result="cleared")
    assert said(body["opportunity"]) == ("interviewed", 3, None)
    done = rounds.delete_round(
        old.conn, audit=old.audit, row_id=old.row_id, round_id=UUID(second["id"])
    )
    body = json.loads(done.body or b"null")
    assert body["rounds"] == [first, third]
    assert said(body["opportunity"]) == ("shortlisted", 3, None)
    changed = opportunities.update_opportunity(
        old.conn,
        audit=old.audit,
        row_id=old.row_id,
        values={"status": "applied"},
        columns=V1,
    )
    conflict = json.loads(changed.body)["statusConflict"]
    assert conflict["roundsStatus"] == "shortlisted"


def test_a_status_that_existing_rounds_contradict_is_marked(
    owner_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps = [(name, text.replace("limit 5000", "limit 7")) for name, text in migrations()]
    monkeypatch.setattr("futuretracker.database.migrate.migrations", lambda: steps)
    with database(owner_url) as url:
        with psycopg.connect(url, autocommit=True) as conn:
            conn.execute((EXISTING + LATER).encode())
            conn.execute("update opportunities set status = 'applied' where status = 'ghosted'")
        migrate(url)
        with psycopg.connect(make_conninfo(url, user=ROLE_NAME), autocommit=True) as conn:
            conflicts = [
                Adopted(conn, f"user_old{n}").row()["statusConflict"] for n in range(1, 21)
            ]

    message = "The interview rounds say shortlisted"
    assert conflicts == [{"roundsStatus": "shortlisted", "message": message}] * 20


def test_deleting_an_opportunity_deletes_its_rounds(old: Adopted) -> None:
    mine = "select count(*) from opportunity_rounds"
    assert len(old.rounds()) == 3
    assert old.conn.execute(mine).fetchone() == (3,)  # the user is still set in this transaction
    assert opportunities.delete_opportunity(old.conn, audit=old.audit, row_id=old.row_id)
    assert old.conn.execute(mine).fetchone() == (0,)


def test_existing_rounds_are_counted_and_upcoming(old: Adopted) -> None:
    day = date(2026, 12, 1)
    found = rounds.select_upcoming_rounds(old.conn, user_id=old.id, first=day, last=day, limit=200)
    assert [one["round_number"] for one in json.loads(found.items)] == [2, 3]
    counts = analytics.select_analytics(old.conn, user_id=old.id, parts=analytics.V1)
    pipeline = json.loads(counts.body)["pipelineAnalytics"]
    assert (pipeline["trackedWithRounds"], pipeline["internshipCount"]) == (1, 1)
    assert pipeline["stageReachByRoundNumber"] == [
        {"roundNumber": number, "reached": 1, "stillActive": pending}
        for number, pending in ((1, 0), (2, 1), (3, 1))
    ]


def test_rounds_with_a_duplicate_number_or_none_are_numbered_in_order(
    owner_url: str,
) -> None:
    with database(owner_url) as url:
        with psycopg.connect(url, autocommit=True) as conn:
            conn.execute((EXISTING + LATER + MUDDLED).encode())
        migrate(url)
        with psycopg.connect(make_conninfo(url, user=ROLE_NAME), autocommit=True) as conn:
            untouched, muddled = Adopted(conn, "user_old7"), Adopted(conn, "user_old8")
            notes = [(one["round_number"], one["notes"]) for one in muddled.rounds()]
            assert notes == [(1, "Round 1"), (2, "Again 1"), (3, "Round 3"), (4, "Round 2")]
            assert [one["round_number"] for one in untouched.rounds()] == [1, 2, 3]
            assert [one["round_number"] for one in muddled.add()["rounds"]] == [1, 2, 3, 4, 5]


@pytest.fixture
def original(owner_url: str) -> Iterator[str]:
    """A database of the original API, which has neither rounds nor v1's columns."""
    with database(owner_url) as url:
        with psycopg.connect(url, autocommit=True) as conn:
            conn.execute(EXISTING)
        migrate(url)
        yield url


def test_a_database_of_the_original_api_gets_what_v1_adds(original: str) -> None:
    with psycopg.connect(make_conninfo(original, user=ROLE_NAME), autocommit=True) as conn:
        old = Adopted(conn, "user_old7")
        more = {"status": "ghosted", "description": "é" * 5000, "category": "internship"}
        for values in (
            more,
            {"campus_mode": "on_campus", "link": "https://x.example/" + "y" * 2030},
        ):
            assert opportunities.update_opportunity(
                conn, audit=old.audit, row_id=old.row_id, values=values, columns=V1
            )
        row = old.row()
        assert (row["status"], row["description"]) == ("ghosted", "é" * 5000)
        assert row["campus_mode"] == "on_campus"
        assert said(old.add(round_type="final", result="cleared")["opportunity"])[0] == "selected"
        new, *_ = opportunities.insert_opportunity(
            conn, audit=old.audit, values={"title": "New", **more}, columns=V1
        )
        assert UUID(new)
