"""If-None-Match: a client that names what it has gets a 304 without a body."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tests.api.conditional.test_etags import APIS, INTERNSHIP, ROUND, created

if TYPE_CHECKING:
    from collections.abc import Callable

    import psycopg
    from werkzeug.test import TestResponse

    from tests.conftest import User

TOMORROW = (datetime.now(UTC) + timedelta(days=1)).date().isoformat()
LISTS = [
    *APIS,
    "/api/v1/opportunities?limit=1",
    "/api/v1/opportunities?sort=title&status=applied&include=total",
    "/api/v1/opportunities?q=intern",
    "/api/analytics",
    "/api/v1/analytics",
    "/api/opportunities/rounds/upcoming",
    "/api/v1/opportunities/rounds/upcoming",
]
UPCOMING = [path for path in LISTS if "upcoming" in path]


def again(user: User, path: str, tag: str, method: str = "GET") -> TestResponse:
    return user.request(method, path, headers={"If-None-Match": tag})


def is_not_modified(response: TestResponse) -> bool:
    return (response.status_code, response.data) == (304, b"")


@pytest.fixture
def round_path(alice: User) -> str:
    """The path of a round tomorrow, of an internship of Alice."""
    path, _ = created(alice)
    new = {**ROUND, "scheduled_date": TOMORROW}
    made = alice.post(f"{path}/rounds", new)
    assert made.status_code == 201
    return f"{path}/rounds/{made.json['round']['id']}"


@pytest.mark.parametrize("api", APIS)
def test_an_opportunity_that_has_not_changed_is_a_304(alice: User, api: str) -> None:
    path, tag = created(alice, api)
    response = again(alice, path, tag)

    assert is_not_modified(response)
    assert response.headers["ETag"] == tag
    assert response.headers["Cache-Control"] == "no-store"
    assert "Content-Type" not in response.headers
    assert is_not_modified(again(alice, path, tag, "HEAD"))
    alice.patch(path, {"notes": "n"})
    assert again(alice, path, tag).json["notes"] == "n"


@pytest.mark.parametrize("header", ["*", "W/{}", '"x", {}', '"a,b" , W/{} ,', ',, {} ,"y"', " {} "])
def test_if_none_match_takes_a_star_lists_and_weak_etags(alice: User, header: str) -> None:
    path, tag = created(alice)

    assert is_not_modified(again(alice, path, header.format(tag)))


@pytest.mark.parametrize(
    "other", ['"1"', '"0-00000000"', '""', '"99999999999999999999-{}"', '"-{}"']
)
def test_another_etag_is_not_the_stored_one(alice: User, other: str) -> None:
    path, tag = created(alice)
    response = again(alice, path, other.format(tag.strip('"').partition("-")[2]))

    assert (response.status_code, response.headers["ETag"]) == (200, tag)


def test_the_etag_of_the_other_api_is_another_one(alice: User) -> None:
    path, tag = created(alice)

    assert again(alice, path.replace("/v1", ""), tag).status_code == 200


def test_an_unknown_opportunity_is_a_404_whatever_the_client_has(alice: User, bob: User) -> None:
    path, tag = created(alice)

    assert again(bob, path, tag).status_code == 404
    assert again(bob, path, "*").status_code == 404


@pytest.mark.parametrize("name", ["If-None-Match", "If-Match"])
@pytest.mark.parametrize(
    "header", ["", "12", "12-ab", 'w/"a"', '"a" "b"', '"a', "*, *", '"a", *', ","]
)
def test_a_malformed_header_is_a_400_that_says_what_is_expected(
    alice: User, name: str, header: str
) -> None:
    path, _ = created(alice)
    method = "GET" if name == "If-None-Match" else "DELETE"
    response = alice.request(method, path, headers={name: header})

    assert response.status_code == 400
    [detail] = response.json["details"]
    assert detail == {
        "field": name,
        "message": f'{name} must be * or ETags in quotation marks, such as "12-1a2b3c4d"',
        "code": "invalid",
    }


def test_many_spaces_in_a_header_cost_nothing(alice: User) -> None:
    """With a pattern that may read a space in two ways, this would not end."""
    path, _ = created(alice)

    assert again(alice, path, " " * 7000 + "x").status_code == 400


@pytest.mark.parametrize("path", LISTS)
def test_a_list_that_has_not_changed_is_a_304(alice: User, round_path: str, path: str) -> None:
    first = alice.get(path)
    tag = first.headers["ETag"]
    response = again(alice, path, f'"other", {tag}')

    assert first.status_code == 200
    assert is_not_modified(response)
    assert response.headers["ETag"] == tag
    assert "Content-Type" not in response.headers
    assert is_not_modified(again(alice, path, tag, "HEAD"))
    assert is_not_modified(again(alice, path, "*"))
    assert again(alice, path, '"other"').data == first.data


CHANGES: dict[str, Callable[[User, str], TestResponse]] = {
    "create": lambda user, _: user.post(APIS[1], INTERNSHIP),
    "update": lambda user, path: user.patch(path.partition("/rounds")[0], {"notes": "new"}),
    "delete": lambda user, path: user.delete(path.partition("/rounds")[0]),
    "add a round": lambda user, path: user.post(path.rpartition("/")[0], ROUND),
    "update a round": lambda user, path: user.patch(path, {"scheduled_time": "10:30"}),
    "delete a round": lambda user, path: user.delete(path),
}


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("path", LISTS)
def test_no_change_is_hidden_by_a_304(alice: User, round_path: str, path: str, change: str) -> None:
    tag = alice.get(path).headers["ETag"]
    assert CHANGES[change](alice, round_path).status_code in {200, 201}
    response = again(alice, path, tag)

    if path in UPCOMING and change in {"create", "add a round"}:  # none with a day
        assert response.status_code in {200, 304}
    else:
        assert response.status_code == 200
        assert response.headers["ETag"] != tag
    assert (response.status_code == 304) == (response.headers["ETag"] == tag)


def test_a_page_changes_when_a_next_one_appears(
    alice: User, owner: psycopg.Connection[Any]
) -> None:
    path = "/api/v1/opportunities?limit=1&sort=created_at"
    created(alice)
    first = alice.get(path)
    created(alice)
    response = again(alice, path, first.headers["ETag"])

    assert response.json["items"] == first.json["items"]
    assert (first.json["nextCursor"], bool(response.json["nextCursor"])) == (None, True)


def test_a_total_is_part_of_a_page(alice: User) -> None:
    path = "/api/v1/opportunities?limit=1&sort=created_at&include=total"
    created(alice)
    created(alice)
    first = alice.get(path)
    created(alice)

    assert again(alice, path, first.headers["ETag"]).json["total"] == 3


def test_the_first_day_of_the_upcoming_rounds_is_part_of_the_page(alice: User) -> None:
    path = "/api/v1/opportunities/rounds/upcoming?from=2026-01-{}&to=2026-12-31"
    tags = {alice.get(path.format(day)).headers["ETag"] for day in ("01", "02")}

    assert len(tags) == 2


def test_the_lists_of_two_users_have_different_etags(alice: User, bob: User) -> None:
    for user in (alice, bob):
        created(user)
    for path in LISTS:
        tag = alice.get(path).headers["ETag"]
        if path not in UPCOMING:
            assert again(bob, path, tag).status_code == 200, path


def fill(owner: psycopg.Connection[Any], user: User, number: int) -> None:
    owner.execute(
        "insert into opportunities (user_id, title) select id, n::text from users,"
        " generate_series(1, %s) as n where clerk_id = %s",
        [number, user.id],
    )


def test_a_list_that_is_streamed_has_an_etag_of_the_whole_list(
    alice: User, owner: psycopg.Connection[Any]
) -> None:
    path, _ = created(alice)
    fill(owner, alice, 250)
    first = alice.get(APIS[0])
    tag = first.headers["ETag"]

    assert len(first.json) == 251
    assert is_not_modified(again(alice, APIS[0], tag))
    alice.patch(path, {"notes": "the last one, which is not in the first part"})
    assert again(alice, APIS[0], tag).status_code == 200


def test_a_list_of_more_than_10000_opportunities_has_no_etag(
    alice: User, owner: psycopg.Connection[Any]
) -> None:
    created(alice)
    fill(owner, alice, 10_000)
    response = again(alice, APIS[0], '"x"')

    assert response.status_code == 200
    assert len(response.json) == 10_001
    assert "ETag" not in response.headers
