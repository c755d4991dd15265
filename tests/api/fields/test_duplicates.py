"""A create names the opportunities that the new one may repeat, and refuses none."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.conftest import User

ORIGINAL, V1 = "/api/opportunities", "/api/v1/opportunities"
LINK = "https://example.com/jobs/42"


def create(user: User, path: str = V1, **fields: Any) -> dict[str, Any]:
    response = user.post(path, {"title": "Intern", **fields})
    assert response.status_code == 201, response.text
    row: dict[str, Any] = response.json
    return row


def hint(row: dict[str, Any], why: str) -> dict[str, Any]:
    return {**{name: row[name] for name in ("id", "title", "company", "link")}, "why": why}


def test_the_same_link_is_named_newest_first(alice: User, bob: User) -> None:
    create(bob, link=LINK)
    first = create(alice, link=LINK)
    assert "possibleDuplicates" not in first
    second = create(alice, title="Other", link=f" {LINK} ")
    assert second["possibleDuplicates"] == [hint(first, "link")]
    third = create(alice, link=LINK)
    assert third["possibleDuplicates"] == [hint(second, "link"), hint(first, "link")]
    assert "possibleDuplicates" not in create(alice, link=f"{LINK}?x")
    assert "possibleDuplicates" not in create(alice, title="Intern")
    assert "possibleDuplicates" not in alice.get(f"{V1}/{third['id']}").json


def test_the_same_title_and_company_are_named_without_case(alice: User) -> None:
    first = create(alice, title="Straße", company="ÉCOLE")
    second = create(alice, title="STRAßE", company="école")
    assert second["possibleDuplicates"] == [hint(first, "title_and_company")]
    for fields in ({"title": "Straße"}, {"title": "Straße", "company": "x"}, {"company": "école"}):
        assert "possibleDuplicates" not in create(alice, **fields)


def test_one_that_has_both_is_named_once_and_by_its_link(alice: User) -> None:
    both = create(alice, company="A", link=LINK)
    name = create(alice, company="a", link=f"{LINK}?x")
    link = create(alice, title="Other", company="B", link=LINK)
    found = create(alice, company="A", link=LINK)["possibleDuplicates"]

    assert found == [hint(link, "link"), hint(name, "title_and_company"), hint(both, "link")]


def test_at_most_five_are_named(alice: User) -> None:
    rows = [create(alice, link=LINK) for _ in range(7)]

    found = create(alice, link=LINK)["possibleDuplicates"]
    assert found == [hint(row, "link") for row in rows[:1:-1]]


def test_what_was_changed_or_deleted_counts_as_it_is_now(alice: User) -> None:
    moved, gone = create(alice, link=LINK), create(alice, link=LINK)
    alice.patch(f"{V1}/{moved['id']}", {"link": f"{LINK}?x"})
    alice.delete(f"{V1}/{gone['id']}?permanent=true")
    assert "possibleDuplicates" not in create(alice, link=LINK)
    renamed = create(alice, title="Data")
    alice.patch(f"{V1}/{renamed['id']}", {"company": "A"})
    found = create(alice, title="data", company="a")["possibleDuplicates"]
    assert [one["id"] for one in found] == [renamed["id"]]


def test_only_a_post_of_v1_names_them(alice: User) -> None:
    create(alice, link=LINK)
    assert "possibleDuplicates" not in create(alice, ORIGINAL, link=LINK)
    operations = [{"op": "create", "values": {"title": "t", "link": LINK}}]
    (result,) = alice.post(f"{V1}/batch", {"operations": operations}).json["results"]
    assert "possibleDuplicates" not in result["opportunity"]


def test_texts_with_the_same_key_are_no_duplicates(alice: User, owner: Any) -> None:
    row = create(alice, link=LINK)
    with owner.transaction():
        owner.execute("alter table opportunities disable trigger keys")
        owner.execute(
            "update opportunities set link = 'https://x.example' where id = %s", [row["id"]]
        )
        owner.execute("alter table opportunities enable trigger keys")

    assert "possibleDuplicates" not in create(alice, link=LINK)
