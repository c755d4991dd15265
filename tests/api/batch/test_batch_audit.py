"""Each operation of a batch has an audit entry and an AUDIT line of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from tests.api.batch.test_batch import add, create, delete, send, update
from tests.support.events import recorded_events

if TYPE_CHECKING:
    from collections.abc import Iterator

    import psycopg

    from tests.conftest import User

    Connection = psycopg.Connection[Any]
    Line = dict[str, Any]


@pytest.fixture
def audits() -> Iterator[list[Line]]:
    with recorded_events("AUDIT") as events:
        yield events


def entries(owner: Connection, user: User, request_id: str) -> list[tuple[Any, ...]]:
    return owner.execute(
        "select action, resource_id::text, details, client from audit_log"
        " where actor = %s and request_id = %s order by id",
        [user.id, request_id],
    ).fetchall()


def test_each_operation_has_an_entry_and_a_line(
    owner: Connection, alice: User, audits: list[Line]
) -> None:
    old, gone = add(alice, title="Old"), add(alice, title="Gone")
    audits.clear()

    response = send(
        alice, create(category="hackathon"), update(old, title="Changed", notes=None), delete(gone)
    )

    new = response.json["results"][0]["id"]
    expected: list[tuple[str, str, Line]] = [
        ("CREATE_OPPORTUNITY", new, {"title": "New", "category": "hackathon"}),
        ("UPDATE_OPPORTUNITY", old["id"], {"updatedFields": ["title", "notes"]}),
        ("DELETE_OPPORTUNITY", gone["id"], {"title": "Gone"}),
    ]
    found = entries(owner, alice, response.headers["X-Request-Id"])
    assert found == [(*each, "web") for each in expected]
    assert [(each["action"], each["resourceId"], each["details"]) for each in audits] == expected
    assert {each["outcome"] for each in audits} == {"success"}
    assert {each["userId"] for each in audits} == {alice.id}


def test_what_was_not_changed_has_none(owner: Connection, alice: User, audits: list[Line]) -> None:
    missing = delete({"id": str(uuid4())})
    response = send(alice, create(title=""), missing, create(), atomic=False)

    new = response.json["results"][2]["id"]
    found = entries(owner, alice, response.headers["X-Request-Id"])
    assert [each[:2] for each in found] == [("CREATE_OPPORTUNITY", new)]
    assert [(each["action"], each["resourceId"]) for each in audits] == [
        ("CREATE_OPPORTUNITY", new)
    ]


def test_a_batch_that_failed_has_one_line(
    owner: Connection, alice: User, audits: list[Line]
) -> None:
    response = send(alice, create(), delete({"id": str(uuid4())}))

    assert entries(owner, alice, response.headers["X-Request-Id"]) == []
    assert [(each["action"], each["outcome"], each["details"]) for each in audits] == [
        ("BATCH_OPPORTUNITIES", "failure", {"statusCode": 404})
    ]
