"""The audit entry of each update has what it has changed, from what to what; no log line has."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest

from futuretracker.database.queries.audit import AuditEntry
from futuretracker.database.queries.columns import V1 as COLUMNS
from futuretracker.database.queries.opportunities import update_opportunity
from tests.support.pooler import connect, with_long_timeouts
from tests.support.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Callable

    import psycopg

    from tests.conftest import User

    Connection = psycopg.Connection[Any]

V1 = "/api/v1/opportunities"
OLD, NEW = "a text that was there", "a text that is there now"
FIELDS = {"notes": NEW, "status": "interviewed", "title": "Intern"}
EXPECTED = {
    "notes": {"from": OLD, "to": NEW},
    "status": {"from": "applied", "to": "interviewed"},
}


def last_changes(owner: Connection, user: User) -> list[Any]:
    """Return what the entries of the user's last request have in ``changes``."""
    return [
        changes
        for (changes,) in owner.execute(
            "select changes from audit_log where actor = %(actor)s and request_id = ("
            " select request_id from audit_log where actor = %(actor)s order by id desc limit 1"
            ") order by id",
            {"actor": user.id},
        )
    ]


def _one(user: User, row: dict[str, Any]) -> None:
    user.patch(f"{V1}/{row['id']}", FIELDS)


def _original(user: User, row: dict[str, Any]) -> None:
    user.patch(f"/api/opportunities/{row['id']}", FIELDS)


def _if_match(user: User, row: dict[str, Any]) -> None:
    tag = user.get(f"{V1}/{row['id']}").headers["ETag"]
    user.patch(f"{V1}/{row['id']}", FIELDS, headers={"If-Match": tag})


def _batch(user: User, row: dict[str, Any]) -> None:
    user.post(f"{V1}/batch", {"operations": [{"op": "update", "id": row["id"], "values": FIELDS}]})


def _filtered(user: User, _row: dict[str, Any]) -> None:
    user.patch(f"{V1}?category=internship", FIELDS)


def _with_a_key(user: User, row: dict[str, Any]) -> None:
    user.patch(f"{V1}/{row['id']}", FIELDS, headers={"Idempotency-Key": "the-key"})


@pytest.mark.in_process
@pytest.mark.parametrize("change", [_one, _original, _if_match, _batch, _filtered, _with_a_key])
def test_an_update_keeps_the_fields_that_differ(
    alice: User, owner: Connection, lines: list[dict[str, Any]], change: Callable[..., None]
) -> None:
    row = alice.create(title="Intern", notes=OLD, category="internship")
    lines.clear()
    change(alice, row)

    assert last_changes(owner, alice) == [EXPECTED]
    assert "AUDIT" in {line["type"] for line in lines}
    assert OLD not in json.dumps(lines)
    assert NEW not in json.dumps(lines)


def test_an_update_that_changes_nothing_keeps_nothing(alice: User, owner: Connection) -> None:
    row = alice.create(title="Intern")
    alice.patch(f"{V1}/{row['id']}", {"title": "Intern"})

    assert last_changes(owner, alice) == [{}]


def test_what_follows_from_a_field_is_kept_too(alice: User, owner: Connection) -> None:
    row = alice.post(V1, {"title": "Intern", "category": "internship"}).json
    alice.patch(f"{V1}/{row['id']}", {"category": "hackathon"})

    assert last_changes(owner, alice) == [
        {
            "category": {"from": "internship", "to": "hackathon"},
            "applied_on": {"from": row["applied_on"], "to": None},
        }
    ]


def test_a_change_of_a_round_keeps_its_fields_and_the_status(
    alice: User, owner: Connection
) -> None:
    path = f"{V1}/{alice.create(title='Intern', category='internship')['id']}/rounds"
    first = alice.post(path, {"round_type": "hr", "result": "cleared"}).json["round"]
    assert last_changes(owner, alice) == [{"status": {"from": "applied", "to": "interviewed"}}]
    alice.patch(f"{path}/{first['id']}", {"result": "rejected", "notes": "n"})
    assert last_changes(owner, alice) == [
        {
            "result": {"from": "cleared", "to": "rejected"},
            "notes": {"from": None, "to": "n"},
            "status": {"from": "interviewed", "to": "rejected"},
        }
    ]
    alice.patch(f"{path}/{first['id']}", {"scheduled_time": "10:30"})
    assert last_changes(owner, alice) == [{"scheduled_time": {"from": None, "to": "10:30:00"}}]
    alice.delete(f"{path}/{first['id']}")
    assert last_changes(owner, alice) == [{"status": {"from": "rejected", "to": "applied"}}]


@pytest.mark.parametrize("change", ["create", "delete"])
def test_a_creation_and_a_deletion_keep_no_differences(
    alice: User, owner: Connection, change: str
) -> None:
    row = alice.create(title="Intern")
    if change == "delete":
        alice.delete(f"{V1}/{row['id']}")

    assert last_changes(owner, alice) == [None]


@pytest.mark.in_process
def test_a_concurrent_update_starts_from_what_the_one_before_has_stored(
    alice: User, owner: Connection, service_url: str
) -> None:
    row = alice.create(title="First")
    row_id, user_id = UUID(row["id"]), UUID(row["user_id"])

    def update(conn: Connection, title: str) -> None:
        audit = AuditEntry(user_id, alice.id, title, {}, "web")
        values = {"title": title}
        update_opportunity(conn, audit=audit, row_id=row_id, values=values, columns=COLUMNS)

    with (
        connect(with_long_timeouts(service_url)) as first,
        connect(with_long_timeouts(service_url)) as second,
        ThreadPoolExecutor(1) as pool,
    ):
        with first.transaction():
            update(first, "Second")
            waiting = pool.submit(update, second, "Third")
            blocked = "select count(*) from pg_locks where not granted"
            wait_for(lambda: owner.execute(blocked).fetchone() != (0,))
        waiting.result()

    assert last_changes(owner, alice) == [{"title": {"from": "Second", "to": "Third"}}]


def test_an_import_names_the_fields_that_users_set(alice: User, owner: Connection) -> None:
    row = alice.create()
    text = f"id,title,link,company\n{row['id']},Other,https://example.com/7,Example\n"
    path = "/api/v1/opportunities/import?duplicates=update"
    response = alice.post(path, text.encode(), content_type="text/csv")

    assert response.json["updated"] == 1
    (changes,) = last_changes(owner, alice)
    assert changes.keys() == {"title", "link", "company"}
