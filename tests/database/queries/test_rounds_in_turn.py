"""Concurrent changes of one internship: the second waits and then sees the first."""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from futuretracker.database.queries import opportunities, rounds
from futuretracker.database.queries.columns import V1
from tests.api.interviews import derive, said
from tests.conftest import ROLE_NAME
from tests.support.pooler import connect, with_long_timeouts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.database.queries.conftest import Owner

Connection = psycopg.Connection[Any]
REJECTED = {"round_type": "hr", "result": "rejected"}
CLEARED = {"round_type": "hr", "result": "cleared"}


@pytest.fixture
def two(service_url: str) -> Iterator[tuple[Connection, Connection]]:
    """Two connections of the service's role with long timeouts."""
    with ExitStack() as stack:
        found = [stack.enter_context(connect(with_long_timeouts(service_url))) for _ in range(2)]
        yield found[0], found[1]


@pytest.fixture
def in_turn(
    two: tuple[Connection, Connection], owner: Connection
) -> Callable[[Callable[[Connection], Any], Callable[[Connection], Any]], tuple[Any, Any]]:
    """Run two changes so that the second waits for the first; return both results."""

    def in_turn(
        first: Callable[[Connection], Any], second: Callable[[Connection], Any]
    ) -> tuple[Any, Any]:
        one, other = two
        with ThreadPoolExecutor(1) as pool:
            with one.transaction():
                done = first(one)
                waiting = pool.submit(second, other)
                wait_for_lock(owner)
            return done, waiting.result()

    return in_turn


def wait_for_lock(owner: Connection) -> None:
    """Wait until any backend of the service waits for a lock.

    Behind a pooler a connection does not know which backend it uses.
    """
    deadline = time.monotonic() + 60
    asked = "select from pg_stat_activity where wait_event_type = 'Lock' and usename = %s"
    while owner.execute(asked, [ROLE_NAME]).fetchone() is None:
        assert time.monotonic() < deadline, "the second did not wait"
        time.sleep(0.01)


def add(a: Owner, values: dict[str, Any]) -> Callable[[Connection], Any]:
    def run(conn: Connection) -> Any:
        done = rounds.insert_round(conn, audit=a.audit, row_id=a.row_id, values=values)
        return json.loads(done.body or b"null")

    return run


def set_status(a: Owner, status: str) -> Callable[[Connection], Any]:
    def run(conn: Connection) -> Any:
        row = opportunities.update_opportunity(
            conn, audit=a.audit, row_id=a.row_id, values={"status": status}, columns=V1
        )
        return json.loads(row.body)

    return run


def send_back(a: Owner, status: str) -> Callable[[Connection], Any]:
    """Return a change of the title that passes only if ``status`` is still stored."""

    def run(conn: Connection) -> Any:
        return opportunities.update_if(
            conn,
            audit=a.audit,
            row_id=a.row_id,
            values={"title": "Card"},
            columns=V1,
            stored={"status": status},
        )

    return run


def now(role: Connection, a: Owner) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    row = opportunities.select_opportunity(role, user_id=a.id, row_id=a.row_id, columns=V1)
    found = rounds.select_rounds(role, user_id=a.id, row_id=a.row_id)
    return json.loads(row.body), json.loads(found.body or b"null")


def test_the_second_of_two_rounds_gets_the_next_number(
    in_turn: Callable[..., Any], role: Connection, a: Owner
) -> None:
    first, second = in_turn(add(a, REJECTED), add(a, CLEARED))

    assert [one["round_number"] for one in first["rounds"]] == [1, 2]
    assert [one["round_number"] for one in second["rounds"]] == [1, 2, 3]
    assert said(second["opportunity"]) == ("rejected", None, 2)
    row, listed = now(role, a)
    assert said(row) == derive(listed) == ("rejected", None, 2)


def test_a_change_of_a_round_sees_the_round_that_was_just_deleted(
    in_turn: Callable[..., Any], role: Connection, a: Owner
) -> None:
    def delete(conn: Connection) -> Any:
        return rounds.delete_round(conn, audit=a.audit, row_id=a.row_id, round_id=a.round_id)

    def change(conn: Connection) -> Any:
        return rounds.update_round(
            conn, audit=a.audit, row_id=a.row_id, round_id=a.round_id, values=REJECTED
        )

    _, second = in_turn(delete, change)

    assert (second.found, second.body) == (True, None)
    row, listed = now(role, a)
    assert (said(row), listed) == (("applied", None, None), [])


def test_a_status_set_by_the_user_after_a_round_shows_that_it_contradicts_it(
    in_turn: Callable[..., Any], role: Connection, a: Owner
) -> None:
    _, second = in_turn(add(a, REJECTED), set_status(a, "selected"))

    assert second == now(role, a)[0]
    assert said(second) == ("selected", None, 2)
    assert second["statusConflict"]["roundsStatus"] == "rejected"


def test_a_status_set_by_the_user_after_a_round_is_kept_if_it_agrees(
    in_turn: Callable[..., Any], role: Connection, a: Owner
) -> None:
    in_turn(add(a, CLEARED), set_status(a, "selected"))

    assert said(now(role, a)[0]) == ("selected", 1, None)


@pytest.mark.parametrize(("sent", "title"), [("ghosted", "Card"), ("applied", "Mine")])
def test_a_value_is_compared_with_what_a_change_just_before_has_stored(
    in_turn: Callable[..., Any], role: Connection, a: Owner, sent: str, title: str
) -> None:
    _, (updated, _, differing) = in_turn(set_status(a, "ghosted"), send_back(a, sent))

    assert (updated is None, differing) == (title == "Mine", ["status"] if updated is None else [])
    row = now(role, a)[0]
    assert (row["status"], row["title"]) == ("ghosted", title)


def test_a_round_after_a_status_set_by_the_user_derives_the_status_again(
    in_turn: Callable[..., Any], role: Connection, a: Owner
) -> None:
    _, second = in_turn(set_status(a, "selected"), add(a, CLEARED))

    assert said(second["opportunity"]) == ("interviewed", 1, None)
    assert said(now(role, a)[0]) == ("interviewed", 1, None)


def test_a_round_is_not_added_to_an_opportunity_that_was_just_deleted(
    in_turn: Callable[..., Any], role: Connection, a: Owner
) -> None:
    def delete(conn: Connection) -> Any:
        removed = opportunities.delete_opportunity(conn, audit=a.audit, row_id=a.row_id)
        return removed.title

    assert in_turn(delete, add(a, CLEARED)) == ("Mine", None)


def test_a_round_is_not_added_to_what_just_became_a_hackathon(
    in_turn: Callable[..., Any], role: Connection, a: Owner
) -> None:
    def leave(conn: Connection) -> Any:
        return opportunities.update_opportunity(
            conn, audit=a.audit, row_id=a.row_id, values={"category": "hackathon"}, columns=V1
        )

    _, second = in_turn(leave, add(a, CLEARED))

    assert second is None
    assert len(now(role, a)[1]) == 1
