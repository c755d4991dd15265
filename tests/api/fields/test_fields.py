"""What v1 notes of an opportunity: company, location, pay, contact, tags and time zone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.conftest import User

ORIGINAL, V1 = "/api/opportunities", "/api/v1/opportunities"
ALL: dict[str, Any] = {
    "company": "Süßwaren GmbH",
    "location": "Zürich",
    "pay": "CHF 25/h",
    "contact": "Ada, ada@example.com",
    "tags": ["remote", "C++"],
    "time_zone": "Europe/Zurich",
}
NONE = {**dict.fromkeys(ALL), "tags": []}
ZONE = "Time zone must be an IANA time zone such as Europe/Berlin"


def create(user: User, path: str = V1, **fields: Any) -> dict[str, Any]:
    response = user.post(path, {"title": "Intern", **fields})
    assert response.status_code == 201, response.text
    row: dict[str, Any] = response.json
    return row


def of(row: dict[str, Any]) -> dict[str, Any]:
    """Return the fields of ALL."""
    return {name: row[name] for name in ALL}


def test_each_way_of_writing_sets_them_and_each_way_of_reading_shows_them(alice: User) -> None:
    row = create(alice)
    assert of(row) == NONE
    path = f"{V1}/{row['id']}"
    assert of(alice.patch(path, ALL).json) == ALL
    assert of(alice.patch(path, dict.fromkeys(ALL)).json) == NONE
    assert of(alice.request("PUT", path, ALL).json) == ALL
    filled = alice.patch(f"{V1}?all=true", {**ALL, "tags": ["x"]})
    assert filled.json["count"] == 1
    assert of(alice.get(path).json) == {**ALL, "tags": ["x"]}
    operations = [
        {"op": "create", "values": {"title": "A", **ALL}},
        {"op": "create", "values": {"title": "B"}},
        {"op": "update", "id": row["id"], "values": {"tags": None, "pay": None}},
    ]
    found = alice.post(f"{V1}/batch", {"operations": operations}).json["results"]
    assert [of(one["opportunity"]) for one in found] == [
        ALL, NONE, {**ALL, "tags": [], "pay": None},
    ]  # fmt: skip
    assert {row["title"]: of(row) for row in alice.get(V1).json["items"]}["A"] == ALL
    new = f"{V1}/3f8f5bcb-5a56-4a0e-9d1c-{row['id'][-12:]}"
    made = alice.request("PUT", new, {"title": "C", **ALL}, headers={"If-None-Match": "*"})
    assert (made.status_code, of(made.json)) == (201, ALL)


def test_a_change_of_one_keeps_the_others(alice: User) -> None:
    row = create(alice, **ALL)
    for name, value in {"company": "B", "tags": ["z"], "time_zone": "UTC"}.items():
        row = {**row, name: value}
        found = alice.patch(f"{V1}/{row['id']}", {name: value}).json
        assert of(found) == of(row)


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        (None, []),
        ("", []),
        ([], []),
        (["", " \u200b"], []),
        (["b", "a", "b"], ["b", "a"]),
        (["Remote", "remote", "REMOTE ", "STRASSE", "straße"], ["Remote", "STRASSE"]),
        ([f"t{n}" for n in range(20)], [f"t{n}" for n in range(20)]),
        (["é" * 50, ' "quoted\\" {x} '], ["é" * 50, '"quoted\\" {x}']),
    ],
)
def test_tags_are_kept_in_order_and_each_once(alice: User, sent: Any, kept: list[str]) -> None:
    row = create(alice, tags=sent)
    assert row["tags"] == kept
    other = create(alice, tags=["other"])
    assert alice.patch(f"{V1}/{other['id']}", {"tags": sent}).json["tags"] == kept


@pytest.mark.parametrize(
    ("field", "value", "message", "code"),
    [
        ("company", "x" * 201, "Company cannot exceed 200 characters", "too_long"),
        ("location", "x" * 201, "Location cannot exceed 200 characters", "too_long"),
        ("pay", "x" * 201, "Pay cannot exceed 200 characters", "too_long"),
        ("contact", "x" * 501, "Contact cannot exceed 500 characters", "too_long"),
        ("pay", 2000, "Pay must be a string", "wrong_type"),
        ("company", "a\0", "Company contains characters that cannot be stored", "not_storable"),
        ("tags", "remote", 'Tags must be an array such as ["remote"]', "wrong_type"),
        ("tags", {"a": 1}, 'Tags must be an array such as ["remote"]', "wrong_type"),
        ("tags", ["a", 1], "Each tag must be a string", "wrong_type"),
        ("tags", [None], "Each tag must be a string", "wrong_type"),
        ("tags", ["a\0"], "Tags contain characters that cannot be stored", "not_storable"),
        ("tags", ["x" * 51], "A tag cannot exceed 50 characters", "too_long"),
        ("tags", ["a,b"], "A tag cannot contain a comma or a semicolon", "invalid"),
        ("tags", ["a;b"], "A tag cannot contain a comma or a semicolon", "invalid"),
        ("tags", ["x"] * 21, "Tags cannot have more than 20 entries", "too_many"),
        ("time_zone", "Berlin", ZONE, "bad_time_zone"),
        ("time_zone", "../../etc/passwd", ZONE, "bad_time_zone"),
        ("time_zone", "Europe/Berlin\0", ZONE, "bad_time_zone"),
        ("time_zone", "+02:00", ZONE, "bad_time_zone"),
        ("time_zone", 2, ZONE, "bad_time_zone"),
    ],
)
def test_a_wrong_value_is_an_error_of_its_field(
    alice: User, field: str, value: object, message: str, code: str
) -> None:
    row = create(alice, **ALL)
    for method, path in (("POST", V1), ("PATCH", f"{V1}/{row['id']}")):
        response = alice.request(method, path, {"title": "t", field: value})
        assert response.status_code == 400, response.text
        (found,) = response.json["details"]
        assert (found["field"], found["message"], found["code"]) == (field, message, code)
    assert of(alice.get(f"{V1}/{row['id']}").json) == ALL


def test_a_time_zone_is_stored_as_the_database_of_time_zones_spells_it(alice: User) -> None:
    assert create(alice, time_zone="europe/berlin")["time_zone"] == "Europe/Berlin"
    assert create(alice, time_zone="")["time_zone"] is None


def test_the_original_api_neither_shows_nor_changes_them(alice: User) -> None:
    row = create(alice, **ALL)
    path = f"{ORIGINAL}/{row['id']}"
    changed = alice.patch(path, {"title": "New", **NONE})

    assert (changed.status_code, ALL.keys() & changed.json.keys()) == (200, set())
    assert set(changed.headers["X-Ignored-Fields"].split(", ")) == ALL.keys()
    assert of(alice.get(f"{V1}/{row['id']}").json) == ALL
    assert of(alice.get(f"{V1}/{create(alice, ORIGINAL, **ALL)['id']}").json) == NONE


@pytest.mark.parametrize(
    "q", ["susswaren", "zurich", "chf 25/h", "ada@example.com", "REMOTE", "c++", '"remote"']
)
def test_a_search_reads_them(alice: User, q: str) -> None:
    create(alice, **ALL)
    create(alice, title="Other", tags=["re", "mote"])

    found = alice.get(V1, query_string={"q": q}).json["items"]
    assert [row["title"] for row in found] == ["Intern"]


def test_a_phrase_is_found_within_one_tag_only(alice: User) -> None:
    create(alice, tags=['say "hi", {you}'.replace(",", ""), "next one"])

    for q, n in {'"hi" {you}': 1, "next one": 1, '"{you} next"': 0, '","': 0}.items():
        assert len(alice.get(V1, query_string={"q": q}).json["items"]) == n
