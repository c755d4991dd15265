"""If-Match: a change that meets another version than the client has read writes nothing."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from tests.api.conditional.test_etags import APIS, ROUND, created

if TYPE_CHECKING:
    from collections.abc import Callable

    import psycopg
    from flask import Flask
    from werkzeug.test import TestResponse

    from tests.conftest import User

METHODS = ["PUT", "PATCH", "DELETE"]
FAILED = "The opportunity has changed since you read it. Read it again, then decide."


def change(user: User, method: str, path: str, **headers: str) -> TestResponse:
    body = None if method == "DELETE" else {"notes": "changed"}
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return user.request(method, path, body, headers=named)


def entries(owner: psycopg.Connection[Any], path: str) -> list[str]:
    found = owner.execute(
        "select action from audit_log where resource_id = %s order by id", [path[-36:]]
    )
    return [action for (action,) in found]


@pytest.mark.parametrize("api", APIS)
@pytest.mark.parametrize("method", METHODS)
def test_a_change_passes_with_the_current_etag(alice: User, api: str, method: str) -> None:
    path, tag = created(alice, api)

    assert change(alice, method, path, If_Match=f'"other", {tag}').status_code == 200


@pytest.mark.parametrize("api", APIS)
@pytest.mark.parametrize("method", METHODS)
def test_a_change_with_an_old_etag_is_a_412_and_writes_nothing(
    alice: User, owner: psycopg.Connection[Any], api: str, method: str
) -> None:
    path, old = created(alice, api)
    before = alice.patch(path, {"notes": "of another client"})
    response = change(alice, method, path, If_Match=old)

    assert response.status_code == 412
    assert response.json["error"] == "Precondition Failed"
    assert response.json["message"] == FAILED
    assert response.json.get("code") == ("precondition_failed" if "v1" in api else None)
    after = alice.get(path)
    assert (after.json, after.headers["ETag"]) == (before.json, before.headers["ETag"])
    assert entries(owner, path) == ["CREATE_OPPORTUNITY", "UPDATE_OPPORTUNITY"]


@pytest.mark.parametrize("method", METHODS)
def test_a_weak_etag_never_matches(alice: User, method: str) -> None:
    path, tag = created(alice)

    assert change(alice, method, path, If_Match=f"W/{tag}").status_code == 412


@pytest.mark.parametrize("method", METHODS)
def test_a_star_matches_every_version_of_what_exists(alice: User, bob: User, method: str) -> None:
    path, _ = created(alice)

    assert change(bob, method, path, If_Match="*").status_code == 404
    assert change(alice, method, path, If_Match="*").status_code == 200


@pytest.mark.parametrize("method", METHODS)
def test_an_opportunity_that_does_not_exist_is_a_404(alice: User, method: str) -> None:
    path, tag = created(alice)
    assert alice.delete(path).status_code == 200

    assert change(alice, method, path, If_Match=tag).status_code == 404


@pytest.mark.parametrize("method", METHODS)
def test_if_none_match_refuses_the_versions_that_it_names(alice: User, method: str) -> None:
    path, tag = created(alice)
    refused = "*" if method != "PUT" else tag  # a PUT with a star creates

    assert change(alice, method, path, If_None_Match=refused).status_code == 412
    assert change(alice, method, path, If_None_Match='"other"').status_code == 200


def test_both_conditions_must_hold(alice: User) -> None:
    path, tag = created(alice)

    assert change(alice, "PATCH", path, If_Match=tag, If_None_Match=tag).status_code == 412


def test_of_parallel_changes_with_one_etag_one_is_made(
    alice: User, owner: psycopg.Connection[Any]
) -> None:
    path, tag = created(alice)
    with ThreadPoolExecutor(8) as pool:
        sent = [pool.submit(change, alice, "PATCH", path, If_Match=tag) for _ in range(24)]
    statuses = sorted(response.result().status_code for response in sent)

    assert statuses == [200] + [412] * 23
    assert entries(owner, path).count("UPDATE_OPPORTUNITY") == 1


def test_a_value_that_the_other_api_stored_is_sent_back_with_the_etag(alice: User) -> None:
    """The early board sends whole rows back; such a change compares values and the version."""
    path, _ = created(alice, description="x" * 3000)
    original = path.replace("/v1", "")
    row = alice.get(original)
    kept = alice.request("PATCH", original, row.json, headers={"If-Match": row.headers["ETag"]})
    again = alice.request("PATCH", original, row.json, headers={"If-Match": row.headers["ETag"]})

    assert (kept.status_code, again.status_code) == (200, 412)


ROUND_CHANGES: dict[str, Callable[[User, str, dict[str, str]], TestResponse]] = {
    "POST": lambda user, path, headers: user.post(path.rpartition("/")[0], ROUND, headers=headers),
    "PATCH": lambda user, path, headers: user.patch(path, {"notes": "n"}, headers=headers),
    "DELETE": lambda user, path, headers: user.delete(path, headers=headers),
}


@pytest.mark.parametrize("api", APIS)
@pytest.mark.parametrize("method", ROUND_CHANGES)
def test_a_change_of_a_round_takes_the_etag_of_its_opportunity(
    alice: User, api: str, method: str
) -> None:
    path, old = created(alice, api)
    made = alice.post(f"{path}/rounds", ROUND).json["round"]["id"]
    current = alice.get(path).headers["ETag"]
    send = ROUND_CHANGES[method]
    refused = send(alice, f"{path}/rounds/{made}", {"If-Match": old})

    assert refused.status_code == 412
    assert len(alice.get(f"{path}/rounds").json) == 1
    assert alice.get(path).headers["ETag"] == current
    passed = send(alice, f"{path}/rounds/{made}", {"If-Match": current})
    assert passed.status_code == (201 if method == "POST" else 200)


@pytest.mark.parametrize("method", METHODS)
def test_an_operator_may_require_if_match_in_v1(
    build: Callable[..., Flask], make_user: Callable[..., User], method: str
) -> None:
    user = make_user(client=build(REQUIRE_IF_MATCH="true").test_client())
    path, tag = created(user)
    response = change(user, method, path)

    assert response.status_code == 428
    assert response.json["code"] == "precondition_required"
    assert "If-Match" in response.json["message"]
    assert change(user, method, path, If_Match=tag).status_code == 200
    path, _ = created(user)
    assert change(user, method, path.replace("/v1", "")).status_code == 200


def test_a_creation_needs_no_if_match(
    build: Callable[..., Flask], make_user: Callable[..., User]
) -> None:
    user = make_user(client=build(REQUIRE_IF_MATCH="true").test_client())
    created(user)
    path = f"{APIS[1]}/3f8f5bcb-5a56-4a0e-9d1c-2b53c8a3a001"

    assert (
        user.request("PUT", path, {"title": "x"}, headers={"If-None-Match": "*"}).status_code == 201
    )
