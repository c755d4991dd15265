"""The trash: list it, restore from it, delete for good, empty it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from unittest import mock
from uuid import uuid4

import pytest

from futuretracker.database.queries import trash
from tests.support.events import recorded_events

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import psycopg
    from flask import Flask
    from werkzeug.test import TestResponse

    from tests.conftest import User

    Connection = psycopg.Connection[Any]
    Line = dict[str, Any]

PATH = "/api/v1/opportunities"
TRASH = f"{PATH}/trash"


@pytest.fixture
def audits() -> Iterator[list[Line]]:
    with recorded_events("AUDIT") as events:
        yield events


def add(user: User, **fields: Any) -> Line:
    response = user.post(PATH, {"title": "Internship", "category": "internship", **fields})
    assert response.status_code == 201, response.text
    row: Line = response.json
    return row


def listed(user: User, query: str = "") -> list[str]:
    response = user.get(f"{TRASH}{query}")
    assert response.status_code == 200, response.text
    return [row["title"] for row in response.json["items"]]


def restore(user: User, row_id: str) -> TestResponse:
    return user.post(f"{PATH}/{row_id}/restore")


def delete(user: User, row_id: str, query: str = "") -> TestResponse:
    response = user.delete(f"{PATH}/{row_id}{query}")
    assert response.status_code == 200, response.text
    return response


def age(owner: Connection, row_id: str, days: int) -> None:
    owner.execute(
        "update trash set deleted_at = deleted_at - make_interval(days => %s) where id = %s",
        [days, row_id],
    )


FIELDS = {
    "description": "A description",
    "link": "https://example.com/jobs?a=1",
    "notes": "Two\nlines, \u00e9 and \U0001f600",
    "campus_mode": "on_campus",
    "applied_on": "2026-11-01",
}


def test_a_restored_opportunity_is_as_it_was(alice: User) -> None:
    row = add(alice, **FIELDS)
    path = f"{PATH}/{row['id']}"
    for number, result in ((1, "cleared"), (2, "pending")):
        new = {"round_type": "hr", "result": result, "scheduled_time": "09:30"}
        assert alice.post(f"{path}/rounds", {**new, "round_number": number}).status_code == 201
    alice.patch(path, {"status": "applied"})  # contradicts the rounds
    before, rounds = alice.get(path), alice.get(f"{path}/rounds").json

    delete(alice, row["id"])
    assert alice.get(path).status_code == 404
    assert alice.get(f"{path}/rounds").status_code == 404
    [kept] = alice.get(TRASH).json["items"]
    restored = restore(alice, row["id"])

    assert restored.status_code == 200
    after = alice.get(path)
    assert (restored.json, restored.headers["ETag"]) == (after.json, after.headers["ETag"])
    assert {**after.json, "updated_at": before.json["updated_at"]} == before.json
    assert before.json["statusConflict"]
    assert after.json["updated_at"] > before.json["updated_at"]
    assert after.headers["ETag"] != before.headers["ETag"]
    assert alice.get(f"{path}/rounds").json == rounds
    deleted_at, expires_at = kept.pop("deleted_at"), kept.pop("expires_at")
    assert kept == before.json
    assert before.json["updated_at"] < deleted_at < after.json["updated_at"] < expires_at
    assert listed(alice) == []
    assert [one["title"] for one in alice.get(f"{PATH}?q=description").json["items"]] == [
        "Internship"
    ]


@pytest.mark.parametrize("base", ["/api", "/api/v1"])
def test_each_deletion_moves_it_to_the_trash(alice: User, base: str) -> None:
    row = add(alice)

    response = alice.delete(f"{base}/opportunities/{row['id']}")

    assert response.json == {"success": True, "message": "Opportunity deleted"}
    assert alice.get(f"{base}/opportunities/{row['id']}").status_code == 404
    assert listed(alice) == ["Internship"]


def test_a_batch_and_a_deletion_of_all_that_match_use_it_too(alice: User) -> None:
    rows = [add(alice, title=title) for title in ("A", "B", "C")]
    alice.post(f"{PATH}/batch", {"operations": [{"op": "delete", "id": rows[0]["id"]}]})
    alice.delete(f"{PATH}?q=B")
    gone = alice.delete(f"{PATH}?q=C&permanent=true")

    assert gone.json["count"] == 1
    assert listed(alice) == ["B", "A"]


def test_the_original_api_deletes_whatever_its_query_says(alice: User) -> None:
    row = add(alice)

    assert alice.delete(f"/api/opportunities/{row['id']}?permanent=true&x=1").status_code == 200
    assert listed(alice) == ["Internship"]
    assert alice.delete(f"{PATH}/{row['id']}?x=1").status_code == 400


def test_it_is_listed_in_pages_and_each_page_has_an_etag(alice: User) -> None:
    for title in "ABCDE":
        delete(alice, add(alice, title=title)["id"])
    first = alice.get(f"{TRASH}?limit=2")
    titles, page = [], first
    while True:
        titles += [row["title"] for row in page.json["items"]]
        if page.json["nextCursor"] is None:
            break
        page = alice.get(f"{TRASH}?limit=2&cursor={page.json['nextCursor']}")

    assert titles == list("EDCBA")
    assert f"limit=2&cursor={first.json['nextCursor']}" in first.headers["Link"]
    known = {"If-None-Match": first.headers["ETag"]}
    assert alice.get(f"{TRASH}?limit=2", headers=known).status_code == 304
    again = alice.get(f"{TRASH}?limit=2", headers={"If-None-Match": '"other"'})
    assert (again.status_code, again.json) == (200, first.json)
    assert again.headers["ETag"] == first.headers["ETag"]
    delete(alice, add(alice, title="F")["id"])
    assert alice.get(f"{TRASH}?limit=2", headers=known).status_code == 200


def test_nobody_reaches_the_trash_of_another_user(alice: User, bob: User) -> None:
    row = add(alice)
    delete(alice, row["id"])

    assert listed(bob) == []
    assert restore(bob, row["id"]).status_code == 404
    assert bob.delete(f"{PATH}/{row['id']}?permanent=true").status_code == 404
    assert bob.delete(TRASH).json == {"deleted": 0, "remaining": 0}
    assert listed(alice) == ["Internship"]


def test_what_is_not_in_the_trash_cannot_be_restored(alice: User) -> None:
    row = add(alice)

    assert restore(alice, row["id"]).status_code == 404
    assert restore(alice, str(uuid4())).status_code == 404
    delete(alice, row["id"])
    assert restore(alice, row["id"]).status_code == 200
    assert restore(alice, row["id"]).json["code"] == "opportunity_not_found"


def test_after_its_days_it_counts_as_gone(
    owner: Connection, build: Callable[..., Flask], make_user: Callable[..., User]
) -> None:
    user = make_user(client=build(TRASH_DAYS="7").test_client())
    row = add(user)
    delete(user, row["id"])
    age(owner, row["id"], 6)
    [kept] = user.get(TRASH).json["items"]
    assert kept["expires_at"][:10] > kept["deleted_at"][:10]
    age(owner, row["id"], 1)

    assert listed(user) == []
    assert restore(user, row["id"]).status_code == 404


def test_an_id_in_the_trash_is_taken(alice: User, bob: User) -> None:
    row = add(alice)
    delete(alice, row["id"])
    put = {"headers": {"If-None-Match": "*"}}

    again = alice.request("PUT", f"{PATH}/{row['id']}", {"title": "Again"}, **put)
    assert (again.status_code, again.json["code"]) == (412, "precondition_failed")
    assert alice.patch(f"{PATH}/{row['id']}", {"title": "x"}).status_code == 404
    # Another user does not learn of it. Then it cannot be restored, and nothing is lost.
    other = bob.request("PUT", f"{PATH}/{row['id']}", {"title": "Mine"}, **put)
    assert other.status_code == 201
    taken = restore(alice, row["id"])
    assert (taken.status_code, taken.json["code"]) == (409, "opportunity_id_taken")
    assert listed(alice) == ["Internship"]
    delete(bob, row["id"], "?permanent=true")
    assert restore(alice, row["id"]).status_code == 200


@pytest.mark.in_process
@pytest.mark.parametrize("where", ["among the others", "in the trash"])
def test_it_can_be_deleted_for_good(
    alice: User, owner: Connection, audits: list[Line], where: str
) -> None:
    row = add(alice)
    if where == "in the trash":
        delete(alice, row["id"])
    audits.clear()

    response = delete(alice, row["id"], "?permanent=true")

    assert listed(alice) == []
    assert restore(alice, row["id"]).status_code == 404
    details = {"permanent": True, "title": "Internship"}
    [line] = audits[:1]
    assert (line["action"], line["resourceId"]) == ("DELETE_OPPORTUNITY", row["id"])
    assert line["details"] == details
    assert entries(owner, alice, response) == [("DELETE_OPPORTUNITY", row["id"], details)]
    assert alice.delete(f"{PATH}/{row['id']}?permanent=true").status_code == 404


@pytest.mark.parametrize("where", ["among the others", "in the trash"])
def test_a_deletion_for_good_may_depend_on_the_etag(alice: User, where: str) -> None:
    path = f"{PATH}/{add(alice)['id']}"
    old = alice.get(path).headers["ETag"]
    new = alice.patch(path, {"notes": "x"}).headers["ETag"]
    if where == "in the trash":
        alice.delete(path)
    gone = f"{path}?permanent=true"

    assert alice.delete(gone, headers={"If-Match": old}).status_code == 412
    assert alice.delete(gone, headers={"If-None-Match": "*"}).status_code == 412
    assert alice.delete(gone, headers={"If-Match": new}).status_code == 200
    assert alice.delete(gone).status_code == 404


def entries(owner: Connection, user: User, response: TestResponse) -> list[tuple[Any, ...]]:
    return owner.execute(
        "select action, resource_id::text, details from audit_log"
        " where actor = %s and request_id = %s order by id",
        [user.id, response.headers["X-Request-Id"]],
    ).fetchall()


@pytest.mark.in_process
def test_a_restoration_is_audited(alice: User, owner: Connection, audits: list[Line]) -> None:
    row = add(alice)
    delete(alice, row["id"])
    audits.clear()

    response = restore(alice, row["id"])

    [line] = audits
    assert (line["action"], line["outcome"]) == ("RESTORE_OPPORTUNITY", "success")
    assert (line["resourceId"], line["details"]) == (row["id"], {"title": "Internship"})
    assert entries(owner, alice, response) == [
        ("RESTORE_OPPORTUNITY", row["id"], {"title": "Internship"})
    ]


@pytest.mark.in_process
def test_it_is_emptied_in_parts_the_oldest_first(
    alice: User, bob: User, owner: Connection, audits: list[Line]
) -> None:
    rows = [add(alice, title=title) for title in "ABC"]
    for user, row in [*((alice, row) for row in rows), (bob, add(bob, title="His"))]:
        delete(user, row["id"])
    audits.clear()

    with mock.patch.object(trash, "MOST", 2):
        first = alice.delete(TRASH)
        assert first.json == {"deleted": 2, "remaining": 1}
        assert listed(alice) == ["C"]
        assert alice.delete(TRASH).json == {"deleted": 1, "remaining": 0}
    assert (listed(alice), listed(bob)) == ([], ["His"])
    assert [(line["action"], line["details"]["count"]) for line in audits] == [
        ("EMPTY_TRASH", 2),
        ("EMPTY_TRASH", 1),
    ]
    assert sorted(entries(owner, alice, first), key=lambda entry: entry[2]["title"]) == [
        ("DELETE_OPPORTUNITY", row["id"], {"title": row["title"], "permanent": True})
        for row in rows[:2]
    ]
