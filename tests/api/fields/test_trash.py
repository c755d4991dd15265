"""A restored opportunity has everything that was noted of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.api.fields.test_fields import ALL, create, of

if TYPE_CHECKING:
    from tests.conftest import User

V1 = "/api/v1/opportunities"
LINK = "https://example.com/jobs/7"


def test_what_was_noted_comes_back_and_is_compared_again(alice: User) -> None:
    row = create(alice, **ALL, link=LINK, status="saved", deadline="2026-12-01")
    path = f"{V1}/{row['id']}"
    assert alice.delete(path).status_code == 200
    assert "possibleDuplicates" not in create(alice, link=LINK)
    restored = alice.post(f"{path}/restore")

    assert (restored.status_code, of(restored.json)) == (200, ALL)
    assert {**restored.json, "updated_at": row["updated_at"]} == row
    assert len(create(alice, link=LINK)["possibleDuplicates"]) == 2
    found = alice.get(V1, query_string={"q": "susswaren", "tags": "c++"}).json["items"]
    assert [one["id"] for one in found] == [row["id"]]
