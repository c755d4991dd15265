"""PUT with ``If-None-Match: *`` creates an opportunity with an id that the client has made."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from tests.api.conditional.test_etags import APIS

if TYPE_CHECKING:
    import psycopg
    from werkzeug.test import TestResponse

    from tests.conftest import User


def put(user: User, path: str, **fields: Any) -> TestResponse:
    return user.request("PUT", path, fields, headers={"If-None-Match": "*"})


def new_path(api: str = APIS[1]) -> str:
    return f"{api}/{uuid4()}"


@pytest.mark.parametrize("api", APIS)
def test_it_creates_as_post_does(alice: User, owner: psycopg.Connection[Any], api: str) -> None:
    path = new_path(api)
    response = put(alice, path, title=" Intern ", category="internship")

    assert response.status_code == 201
    assert response.headers["Location"] == path
    row = response.json
    assert (row["id"], row["title"], row["status"]) == (path[-36:], "Intern", "applied")
    found = alice.get(path)
    assert (found.json, found.headers["ETag"]) == (row, response.headers["ETag"])
    stored = owner.execute(
        "select action, details from audit_log where resource_id = %s", [row["id"]]
    ).fetchall()
    details = {"title": "Intern", "category": "internship"}
    assert stored == [("CREATE_OPPORTUNITY", details)]


@pytest.mark.in_process
def test_the_log_has_a_creation(alice: User, lines: list[dict[str, Any]]) -> None:
    path = new_path()
    put(alice, path, title="Intern")
    [line] = [line for line in lines if line["type"] == "AUDIT"]

    assert (line["action"], line["resourceId"], line["outcome"]) == (
        "CREATE_OPPORTUNITY",
        path[-36:],
        "success",
    )


@pytest.mark.parametrize("api", APIS)
@pytest.mark.parametrize("wanted", ["*", '"1-1"'])
def test_it_names_no_version(alice: User, api: str, wanted: str) -> None:
    path = new_path(api)
    headers = {"If-None-Match": "*", "If-Match": wanted}
    response = alice.request("PUT", path, {"title": "A"}, headers=headers)

    assert response.status_code == 400
    [error] = response.json["details"]
    assert error["field"] == "If-Match"
    assert alice.get(path).status_code == 404


def test_what_exists_is_a_412_and_stays(alice: User, bob: User) -> None:
    path = new_path()
    first = put(alice, path, title="First")
    mine, others = put(alice, path, title="Second"), put(bob, path, title="Second")

    assert (mine.status_code, others.status_code) == (412, 412)
    assert {**mine.json, "requestId": 0} == {**others.json, "requestId": 0}
    assert mine.json["message"] == "There is an opportunity with this id already."
    found = alice.get(path)
    assert (found.json, found.headers["ETag"]) == (first.json, first.headers["ETag"])
    assert bob.get(path).status_code == 404


def test_fields_are_checked_as_in_a_creation(alice: User) -> None:
    path = new_path()

    for response in (put(alice, path), put(alice, path, title="x", status="nothing")):
        assert response.status_code == 400
    assert put(alice, path).json["details"][0]["message"] == "Title is required"
    assert alice.get(path).status_code == 404


def test_without_the_header_nothing_is_created(alice: User) -> None:
    path = new_path()

    assert alice.request("PUT", path, {"title": "x"}).status_code == 404
    assert alice.get(path).status_code == 404


def test_a_malformed_id_is_a_400(alice: User) -> None:
    assert put(alice, f"{APIS[1]}/mine", title="x").status_code == 400


def test_of_parallel_requests_one_creates(alice: User) -> None:
    path = new_path()
    with ThreadPoolExecutor(8) as pool:
        sent = [pool.submit(put, alice, path, title=str(n)) for n in range(24)]
    statuses = sorted(response.result().status_code for response in sent)

    assert statuses == [201] + [412] * 23
