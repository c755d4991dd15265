"""The audit of changes of rounds: a log line, and a row in the same transaction."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.api.interviews import add, change, create, rounds_of
from tests.support.events import recorded_events

if TYPE_CHECKING:
    from collections.abc import Iterator

    import psycopg

    from tests.conftest import User


@pytest.fixture
def audits() -> Iterator[list[dict[str, Any]]]:
    """The fields of each AUDIT line that is logged."""
    with recorded_events("AUDIT") as events:
        yield events


def change_each(user: User) -> tuple[str, str]:
    """Create, update and delete a round; return the ids of the opportunity and the round."""
    row = create(user)
    made = add(user, row, "hr", scheduled_date="2026-12-01")["round"]
    assert change(user, made, notes="n", result="cleared", unknown=1).status_code == 200
    assert user.delete(f"{rounds_of(row)}/{made['id']}").status_code == 200
    return row["id"], made["id"]


def expected(row_id: str) -> list[tuple[str, dict[str, Any]]]:
    where = {"opportunityId": row_id}
    return [
        ("CREATE_ROUND", {**where, "roundType": "hr"}),
        ("UPDATE_ROUND", {**where, "updatedFields": ["result", "notes"]}),
        ("DELETE_ROUND", where),
    ]


@pytest.mark.in_process
def test_every_change_logs_an_audit_line(alice: User, audits: list[dict[str, Any]]) -> None:
    row_id, round_id = change_each(alice)
    lines = [line for line in audits if line["action"].endswith("_ROUND")]

    assert [(line["action"], line["details"]) for line in lines] == expected(row_id)
    assert {line["resourceId"] for line in lines} == {round_id}
    assert {line["userId"] for line in lines} == {alice.id}
    assert {line["outcome"] for line in lines} == {"success"}
    assert len({line["requestId"] for line in lines}) == 3


@pytest.mark.in_process
def test_a_failed_change_logs_a_failure(
    alice: User, audits: list[dict[str, Any]], owner: psycopg.Connection[Any]
) -> None:
    row = create(alice)
    made = add(alice, row)["round"]
    audits.clear()
    alice.post(rounds_of(row), {"round_type": "oa", "round_number": 1})
    change(alice, made, result="lost")
    alice.delete(f"{rounds_of(row)}/{row['id']}")

    assert [
        (line["action"], line["outcome"], line["details"]["statusCode"]) for line in audits
    ] == [
        ("CREATE_ROUND", "failure", 409),
        ("UPDATE_ROUND", "failure", 400),
        ("DELETE_ROUND", "failure", 404),
    ]
    assert [action for action, *_ in audit_rows(owner, alice)] == [
        "CREATE_OPPORTUNITY",
        "CREATE_ROUND",
    ]


def audit_rows(owner: psycopg.Connection[Any], user: User) -> list[tuple[Any, ...]]:
    return owner.execute(
        "select action, details, resource_id::text, request_id from audit_log"
        " where actor = %s order by id",
        [user.id],
    ).fetchall()


@pytest.mark.in_process
def test_every_change_writes_an_audit_entry_that_agrees_with_its_line(
    alice: User, audits: list[dict[str, Any]], owner: psycopg.Connection[Any]
) -> None:
    row_id, _ = change_each(alice)
    kept = audit_rows(owner, alice)

    assert [(action, details) for action, details, *_ in kept[1:]] == expected(row_id)
    assert kept == [
        (line["action"], line["details"], line["resourceId"], line["requestId"]) for line in audits
    ]


def transactions(owner: psycopg.Connection[Any], row_id: str, round_id: str) -> list[str]:
    """Return the transactions that wrote the opportunity, the round and the last audit entry."""
    return [
        xmin
        for (xmin,) in owner.execute(
            """
            select xmin::text from opportunities where id = %(row)s
            union all select xmin::text from opportunity_rounds where id = %(round)s
            union all (
                select xmin::text from audit_log
                where resource_id = %(round)s order by id desc limit 1
            )
            """,
            {"row": row_id, "round": round_id},
        )
    ]


def test_round_opportunity_and_audit_are_one_transaction(
    alice: User, owner: psycopg.Connection[Any]
) -> None:
    row = create(alice)
    made = add(alice, row, "hr")["round"]
    seen = [transactions(owner, row["id"], made["id"])]
    change(alice, made, result="cleared")
    seen.append(transactions(owner, row["id"], made["id"]))
    alice.delete(f"{rounds_of(row)}/{made['id']}")
    seen.append(transactions(owner, row["id"], made["id"]))

    assert [len(one) for one in seen] == [3, 3, 2]
    assert [len(set(one)) for one in seen] == [1, 1, 1]
    assert len({one[0] for one in seen}) == 3
