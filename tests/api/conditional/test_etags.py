"""The ETag of an opportunity: it changes with each change, and with nothing else."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from futuretracker.database.queries.versions import representation

if TYPE_CHECKING:
    import psycopg

    from tests.conftest import User

APIS = ["/api/opportunities", "/api/v1/opportunities"]
INTERNSHIP = {"title": "Intern", "category": "internship"}
ROUND = {"round_type": "hr"}


def created(user: User, api: str = APIS[1], **fields: Any) -> tuple[str, str]:
    """Create an internship; return its path and its ETag."""
    response = user.post(api, {**INTERNSHIP, **fields})
    assert response.status_code == 201
    return response.headers["Location"], response.headers["ETag"]


@pytest.mark.parametrize("api", APIS)
def test_every_response_with_an_opportunity_has_its_etag(alice: User, api: str) -> None:
    path, first = created(alice, api)
    assert re.fullmatch(r'"[0-9]+-[0-9a-f]{8}"', first)
    assert alice.get(path).headers["ETag"] == first

    changed = alice.patch(path, {"title": "Other"})
    put = alice.request("PUT", path, {"notes": "n"})

    tags = [first, changed.headers["ETag"], put.headers["ETag"]]
    assert len(set(tags)) == 3
    assert alice.get(path).headers["ETag"] == tags[-1]


def test_an_update_that_changes_no_value_is_a_change(alice: User) -> None:
    path, tag = created(alice)

    assert alice.patch(path, {"title": INTERNSHIP["title"]}).headers["ETag"] != tag


def test_each_change_of_a_round_changes_the_etag(alice: User) -> None:
    path, tag = created(alice)
    tags = [tag]
    made = alice.post(f"{path}/rounds", ROUND).json["round"]["id"]
    tags.append(alice.get(path).headers["ETag"])
    assert alice.patch(f"{path}/rounds/{made}", {"notes": "n"}).status_code == 200
    tags.append(alice.get(path).headers["ETag"])
    assert alice.delete(f"{path}/rounds/{made}").status_code == 200
    tags.append(alice.get(path).headers["ETag"])

    assert len(set(tags)) == 4


def test_a_change_without_the_service_changes_the_etag(
    alice: User, owner: psycopg.Connection[Any]
) -> None:
    """The previous release and an operator's SQL do not know the column."""
    path, tag = created(alice)
    owner.execute("update opportunities set notes = 'x' where id = %s", [path[-36:]])

    assert alice.get(path).headers["ETag"] != tag


def test_no_etag_is_used_twice_for_the_same_id(alice: User) -> None:
    path, first = created(alice)
    assert alice.delete(f"{path}?permanent=true").status_code == 200
    again = alice.request("PUT", path, INTERNSHIP, headers={"If-None-Match": "*"})

    assert again.status_code == 201
    assert again.headers["ETag"] != first


def test_the_two_apis_have_different_etags(alice: User) -> None:
    path, tag = created(alice)
    original = alice.get(path.replace("/v1", "")).headers["ETag"]

    assert original != tag
    assert original.partition("-")[0] == tag.partition("-")[0]


def test_a_row_from_before_the_migration_has_version_0_until_it_changes(
    alice: User, owner: psycopg.Connection[Any]
) -> None:
    path, _ = created(alice)
    owner.execute("alter table opportunities disable trigger version")
    owner.execute("update opportunities set version = null where id = %s", [path[-36:]])
    owner.execute("alter table opportunities enable trigger version")
    old = alice.get(path).headers["ETag"]

    assert old.startswith('"0-')
    assert alice.get(path, headers={"If-None-Match": old}).status_code == 304
    changed = alice.patch(path, {"notes": "n"}, headers={"If-Match": old})
    assert changed.status_code == 200
    assert not changed.headers["ETag"].startswith('"0-')


def test_the_representation_changes_with_the_sql_of_a_release() -> None:
    assert representation("id, title") == representation("id, title")
    assert representation("id, title") != representation("id, title, company")
