"""``GET /opportunities/:id/history``: when, by which client, and from what to what."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from psycopg import sql

from tests.api.interviews import PATH, add, change, create, path_of, rounds_of

if TYPE_CHECKING:
    import psycopg

    from tests.conftest import User

pytestmark = pytest.mark.wire
Entry = dict[str, Any]
MADE = ("action", "client", "keyId", "roundId")


def history(user: User, row: Entry, query: str = "") -> list[Entry]:
    response = user.get(f"{path_of(row)}/history{query}")
    assert response.status_code == 200, response.text
    items: list[Entry] = response.json["items"]
    return items


def changes(entry: Entry) -> dict[str, tuple[Any, Any]]:
    return {each["field"]: (each["from"], each["to"]) for each in entry["changes"]}


def test_each_change_says_which_fields_changed_from_what_to_what(alice: User) -> None:
    row = create(alice, notes="first")
    alice.patch(path_of(row), {"notes": None, "title": "Intern", "tags": ["a"]})
    alice.patch(path_of(row), {"status": "rejected"})
    entries = history(alice, row)

    assert [[entry[name] for name in MADE] for entry in entries] == [
        ["UPDATE_OPPORTUNITY", "web", None, None],
        ["UPDATE_OPPORTUNITY", "web", None, None],
        ["CREATE_OPPORTUNITY", "web", None, None],
    ]
    assert [changes(entry) for entry in entries] == [
        {"status": ("applied", "rejected")},
        {"notes": ("first", None), "tags": ([], ["a"])},
        {},
    ]
    assert entries[2]["at"] == row["created_at"]
    assert [list(entry) for entry in entries] == [["at", *MADE, "changes"]] * 3


def test_changes_of_rounds_are_changes_of_their_opportunity(alice: User) -> None:
    row = create(alice)
    made = add(alice, row, "hr", notes="n")["round"]
    change(alice, made, result="cleared", notes="m")
    alice.delete(f"{rounds_of(row)}/{made['id']}")
    entries = history(alice, row)

    assert [(entry["action"], entry["roundId"]) for entry in entries] == [
        ("DELETE_ROUND", made["id"]),
        ("UPDATE_ROUND", made["id"]),
        ("CREATE_ROUND", made["id"]),
        ("CREATE_OPPORTUNITY", None),
    ]
    assert changes(entries[0])["status"] == ("interviewed", "applied")
    updated = changes(entries[1])
    assert updated["status"] == ("applied", "interviewed")
    assert updated["result"] == ("pending", "cleared")
    assert updated["notes"] == ("n", "m")


def test_every_way_of_changing_has_its_entry(alice: User) -> None:
    row = create(alice, title="Every way")
    batch = {"operations": [{"op": "update", "id": row["id"], "values": {"notes": "batch"}}]}
    assert alice.post(f"{PATH}/batch", batch).status_code == 200
    assert alice.patch(f"{PATH}?q=Every", {"notes": "filtered"}).status_code == 200
    assert alice.request("PUT", path_of(row), {"notes": "put"}).status_code == 200
    original = path_of(row).replace("/v1", "")
    assert alice.patch(original, {"notes": "original"}).status_code == 200

    steps = [changes(entry).get("notes") for entry in history(alice, row)]
    assert steps == [
        ("put", "original"), ("filtered", "put"), ("batch", "filtered"), (None, "batch"), None,
    ]  # fmt: skip


def test_an_opportunity_of_a_batch_begins_with_its_creation(alice: User) -> None:
    values = {"title": "In a batch", "category": "internship"}
    operations = [{"op": "create", "values": values} for _ in range(100)]
    results = alice.post(f"{PATH}/batch", {"operations": operations}).json["results"]
    last = results[-1]["opportunity"]
    alice.patch(path_of(last), {"notes": "n"})

    assert [entry["action"] for entry in history(alice, last)] == [
        "UPDATE_OPPORTUNITY", "CREATE_OPPORTUNITY",
    ]  # fmt: skip


def test_a_deleted_opportunity_keeps_its_history(alice: User) -> None:
    other, row = create(alice), create(alice)
    alice.patch(path_of(row), {"notes": "n"})
    alice.delete(path_of(row))
    alice.patch(path_of(other), {"notes": "n"})

    assert [entry["action"] for entry in history(alice, row)] == [
        "DELETE_OPPORTUNITY", "UPDATE_OPPORTUNITY", "CREATE_OPPORTUNITY",
    ]  # fmt: skip


def test_pages_have_every_change_once(alice: User) -> None:
    row = create(alice)
    for n in range(6):
        alice.patch(path_of(row), {"notes": str(n)})
    everything = history(alice, row)
    assert len(everything) == 7
    for size in (1, 2, 3, 6, 7):
        seen: list[Entry] = []
        path = f"{path_of(row)}/history?limit={size}"
        cursor: str | None = ""
        while cursor is not None:
            response = alice.get(f"{path}&cursor={cursor}" if cursor else path)
            seen += response.json["items"]
            cursor = response.json["nextCursor"]
            assert ('rel="next"' in response.headers.get("Link", "")) == (cursor is not None)
            create(alice)  # the entries of others do not shift the pages
        assert seen == everything


@pytest.mark.parametrize("cursor", ["x", "a" * 100, "bm90aGluZw"])
def test_another_cursor_is_refused(alice: User, cursor: str) -> None:
    response = alice.get(f"{path_of(create(alice))}/history?cursor={cursor}")

    assert response.status_code == 400
    assert response.json["details"][0]["field"] == "cursor"


def test_the_cursor_of_another_opportunity_is_refused(alice: User) -> None:
    row, other = create(alice), create(alice)
    alice.patch(path_of(row), {"notes": "n"})
    cursor = alice.get(f"{path_of(row)}/history?limit=1").json["nextCursor"]

    assert alice.get(f"{path_of(row)}/history?cursor={cursor}").status_code == 200
    refused = alice.get(f"{path_of(other)}/history?cursor={cursor}")
    assert (refused.status_code, refused.json["details"][0]["field"]) == (400, "cursor")


def test_a_page_that_the_client_has_is_not_sent_again(alice: User) -> None:
    row = create(alice)
    path = f"{path_of(row)}/history"
    first = alice.get(path)
    again = alice.get(path, headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    alice.patch(path_of(row), {"notes": "n"})
    other = alice.get(path, headers={"If-None-Match": first.headers["ETag"]})

    assert other.status_code == 200
    assert other.json["items"] == history(alice, row)
    known = alice.get(path, headers={"If-None-Match": other.headers["ETag"]})
    assert known.status_code == 304


@pytest.mark.parametrize("condition", [{}, {"If-None-Match": "*"}, {"If-None-Match": '"x"'}])
def test_of_others_there_is_no_history(alice: User, bob: User, condition: dict[str, str]) -> None:
    row, gone = create(alice), create(alice)
    alice.delete(path_of(gone))
    for path in (path_of(row), path_of(gone), f"{PATH}/{uuid4()}"):
        response = bob.get(f"{path}/history", headers=condition)
        assert response.status_code == 404
        assert response.json["message"] == "Opportunity not found"


def test_an_opportunity_of_before_the_audit_has_an_empty_history(
    alice: User, owner: psycopg.Connection[Any]
) -> None:
    row, trashed = create(alice), create(alice)
    alice.delete(path_of(trashed))
    owner.execute(
        "delete from audit_log where resource_id = any(%s::uuid[])", [[row["id"], trashed["id"]]]
    )

    assert history(alice, row) == history(alice, trashed) == []


def test_an_api_key_is_named(alice: User) -> None:
    row = create(alice)
    scopes = ["opportunities:read", "opportunities:write"]
    key = alice.post("/api/v1/api-keys", {"name": "Script", "scopes": scopes}).json
    bearer = {"Authorization": f"Bearer {key['secret']}"}
    assert alice.patch(path_of(row), {"notes": "n"}, headers=bearer).status_code == 200
    response = alice.get(f"{path_of(row)}/history", headers=bearer)

    entry = response.json["items"][0]
    assert (entry["client"], entry["keyId"]) == ("key", key["id"])


def test_the_index_finds_it_however_many_entries_there_are(
    alice: User, owner: psycopg.Connection[Any]
) -> None:
    """Only the creation is not in the index; its time is known."""
    row = create(alice)
    alice.patch(path_of(row), {"notes": "n"})
    names = owner.execute(
        "select inhrelid::regclass::text from pg_inherits where inhparent = 'audit_log'::regclass"
    ).fetchall()
    with owner.transaction(force_rollback=True):
        owner.execute("set local enable_seqscan = off")
        plan = "\n".join(
            line
            for (line,) in owner.execute(
                "explain select from audit_log where coalesce(details ->> 'opportunityId',"
                " resource_id::text) collate \"C\" = %s and action <> 'CREATE_OPPORTUNITY'"
                " order by at desc, id desc limit 5",
                [row["id"]],
            )
        )
    for (name,) in names:
        assert sql.Identifier(f"{name}_history").as_string(owner).strip('"') in plan
