"""A token gives access to the rows of its user and to no others."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import psycopg
import pytest

from futuretracker.auth import users
from futuretracker.database.queries.users import upsert_user
from tests.auth.forge import Clock
from tests.conftest import ORIGIN, User, numbers
from tests.support.pooler import connect

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask
    from werkzeug.test import TestResponse

    from futuretracker.commands.local.issuer import Issuer
    from tests.support.servers import Service

pytestmark = pytest.mark.wire

Connection = psycopg.Connection[Any]


def rows_of(owner: Connection, clerk_id: str) -> list[UUID]:
    found = owner.execute("select id from users where clerk_id = %s", [clerk_id])
    return [row[0] for row in found]


def test_the_first_request_of_a_user_creates_the_row(alice: User, owner: Connection) -> None:
    assert rows_of(owner, alice.id) == []
    response = alice.get("/api/me")

    assert response.status_code == 200
    assert [str(found) for found in rows_of(owner, alice.id)] == [response.json["internalUserId"]]


@pytest.mark.parametrize("path", ["/api/opportunities", "/api/analytics", "/api/me"])
def test_any_route_may_be_the_first_that_a_user_calls(
    alice: User, owner: Connection, path: str
) -> None:
    assert alice.get(path).status_code == 200
    assert len(rows_of(owner, alice.id)) == 1


def test_a_first_request_may_be_a_write(alice: User, owner: Connection) -> None:
    row = alice.create()

    assert [str(found) for found in rows_of(owner, alice.id)] == [row["user_id"]]


def test_me_returns_both_ids_and_the_e_mail_address(alice: User) -> None:
    response = alice.get("/api/me")

    assert list(response.json) == ["userId", "internalUserId", "email"]
    assert response.json["userId"] == alice.id
    assert str(UUID(response.json["internalUserId"])) == response.json["internalUserId"]
    assert response.json["email"] is None
    assert alice.get("/api/me").json == response.json


def test_me_returns_the_address_in_the_row(alice: User, owner: Connection) -> None:
    alice.get("/api/me")
    owner.execute("update users set email = 'ada@example.com' where clerk_id = %s", [alice.id])

    assert alice.get("/api/me").json["email"] == "ada@example.com"


def test_a_refused_token_creates_no_row(
    client: Any, owner: Connection, issuer: Issuer, alice: User
) -> None:
    token = issuer.token(alice.id, ttl=3600, azp="https://evil.example")
    response = client.get("/api/me", headers={"Authorization": f"Bearer {token}"})

    assert response.status_code == 401
    assert rows_of(owner, alice.id) == []


def test_an_existing_row_is_used(alice: User, owner: Connection) -> None:
    owner.execute("insert into users (clerk_id, email) values (%s, 'old@example.com')", [alice.id])
    (before,) = rows_of(owner, alice.id)

    response = alice.get("/api/me").json
    assert response["internalUserId"] == str(before)
    assert response["email"] == "old@example.com"


# Concurrent first requests.


def at_once(number: int, do: Callable[[int], Any]) -> list[Any]:
    """Call ``do`` in so many threads that start at the same moment."""
    together = threading.Barrier(number)

    def begin(index: int) -> Any:
        together.wait()
        return do(index)

    with ThreadPoolExecutor(number) as pool:
        return list(pool.map(begin, range(number)))


def test_eight_first_queries_of_a_user_create_one_row(service_url: str, owner: Connection) -> None:
    connections = [connect(service_url) for _ in range(8)]
    try:
        for _ in range(20):
            clerk_id = f"user_race{next(numbers)}"

            def see(index: int, clerk_id: str = clerk_id) -> UUID:
                return upsert_user(connections[index], clerk_id=clerk_id, email=None)

            found = at_once(8, see)
            assert set(found) == set(rows_of(owner, clerk_id))
            assert len(set(found)) == 1
    finally:
        for connection in connections:
            connection.close()


def test_a_first_query_waits_for_another_that_is_not_committed(
    service_url: str, owner: Connection
) -> None:
    clerk_id = f"user_wait{next(numbers)}"
    with (
        connect(service_url, autocommit=False) as first,
        connect(service_url) as second,
        ThreadPoolExecutor(1) as pool,
    ):
        made = upsert_user(first, clerk_id=clerk_id, email=None)
        waiting = pool.submit(upsert_user, second, clerk_id=clerk_id, email=None)
        first.commit()

        assert waiting.result(60) == made
    assert rows_of(owner, clerk_id) == [made]


def test_eight_first_requests_of_a_user_create_one_row(
    app: Flask, make_user: Callable[..., User], owner: Connection
) -> None:
    for _ in range(5):
        user = make_user()
        responses: list[TestResponse] = at_once(
            8,
            lambda _, user=user: User(user.id, user.token, app.test_client()).get("/api/me"),  # type: ignore[misc]
        )

        assert [response.status_code for response in responses] == [200] * 8
        assert {response.json["internalUserId"] for response in responses} == {
            str(found) for found in rows_of(owner, user.id)
        }
        assert len(rows_of(owner, user.id)) == 1


def test_first_requests_in_several_processes_create_one_row(
    serve: Callable[..., Service], issuer: Issuer, owner: Connection
) -> None:
    service = serve(WEB_CONCURRENCY="3", CLERK_MAX_TOKEN_LIFETIME="3600")
    for _ in range(5):
        clerk_id = f"user_processes{next(numbers)}"
        token = issuer.token(clerk_id, ttl=600, azp=ORIGIN)
        body = {"title": "First"}
        responses = at_once(
            8,
            lambda _, token=token, body=body: service.request(  # type: ignore[misc]
                "POST", "/api/opportunities", token=token, body=body
            ),
        )

        assert [response.status for response in responses] == [201] * 8
        assert len(rows_of(owner, clerk_id)) == 1
        listed = service.request("GET", "/api/opportunities", token=token)
        assert len(listed.json) == 8


# Other users.


def bytes_of(response: TestResponse, *secrets: str) -> tuple[int, bytes, set[str]]:
    """Return the parts of a response that a client can compare, without the ids that it sent."""
    body = response.data
    for secret in secrets:
        assert secret.encode() not in body
    return response.status_code, body, set(response.headers.keys())


VERBS = [
    ("GET", None),
    ("PUT", {"title": "Mine now"}),
    ("PATCH", {"status": "selected"}),
    ("DELETE", None),
]


@pytest.mark.parametrize(("verb", "body"), VERBS, ids=[verb for verb, _ in VERBS])
def test_another_users_row_looks_like_one_that_does_not_exist(
    alice: User, bob: User, verb: str, body: object
) -> None:
    row = bob.create(title="Bob's", notes="nobody's business")
    theirs = alice.request(verb, f"/api/opportunities/{row['id']}", body)
    nobodys = alice.request(verb, f"/api/opportunities/{uuid4()}", body)

    assert theirs.status_code == 404
    assert theirs.json["error"] == "Opportunity not found"
    assert bytes_of(theirs, "Bob", row["id"]) == bytes_of(nobodys)
    assert bob.get(f"/api/opportunities/{row['id']}").json == row


@pytest.mark.parametrize(("verb", "body"), VERBS[1:3], ids=["PUT", "PATCH"])
def test_a_body_cannot_change_the_owner_of_a_row(
    alice: User, bob: User, verb: str, body: dict[str, str]
) -> None:
    bobs, row = bob.create(), alice.create()
    named = {**body, "user_id": bobs["user_id"], "id": bobs["id"]}

    response = alice.request(verb, f"/api/opportunities/{row['id']}", named)
    assert response.status_code == 200
    assert (response.json["id"], response.json["user_id"]) == (row["id"], row["user_id"])
    assert bob.get("/api/opportunities").json == [bobs]


def test_a_new_row_belongs_to_its_creator_whatever_the_body_says(alice: User, bob: User) -> None:
    bobs = bob.create()
    row = alice.create(user_id=bobs["user_id"])

    assert row["user_id"] == alice.get("/api/me").json["internalUserId"]
    assert bob.get("/api/opportunities").json == [bobs]


def test_lists_and_counts_cover_the_users_own_rows_only(alice: User, bob: User) -> None:
    mine = alice.create(title="Alice's")
    theirs = [bob.create(title="Bob's") for _ in range(2)]

    assert alice.get("/api/opportunities").json == [mine]
    assert bob.get("/api/opportunities").json == theirs[::-1]
    assert alice.get("/api/analytics").json["total"] == 1
    assert bob.get("/api/analytics").json["total"] == 2


def test_users_that_share_threads_and_connections_never_see_each_others_rows(
    app: Flask, make_user: Callable[..., User]
) -> None:
    """Connections and threads are reused, so a request must leave nothing on them."""
    people = [make_user(client=app.test_client()) for _ in range(8)]

    def live(index: int) -> bool:
        me = people[index]
        rows = [me.create(title=f"{me.id} {number}") for number in range(10)]
        listed = [me.get("/api/opportunities").json for _ in range(10)]
        return all(response == rows[::-1] for response in listed)

    assert at_once(8, live) == [True] * 8


def test_ids_with_a_common_prefix_belong_to_different_users(
    client: Any, issuer: Issuer, make_user: Callable[..., User]
) -> None:
    first = make_user()
    for other in (f"{first.id}0", first.id.upper().replace("USER_", "user_")):
        token = issuer.token(other, ttl=3600, azp=ORIGIN)
        first.create()
        assert User(other, token, client).get("/api/opportunities").json == []


# A user whose row was deleted.


def test_a_write_after_the_users_row_was_deleted_succeeds_when_repeated(
    alice: User, owner: Connection
) -> None:
    before = alice.create()
    owner.execute("delete from users where clerk_id = %s", [alice.id])

    response = alice.post("/api/opportunities", {"title": "Again"})
    assert response.status_code == 503
    assert response.json == {
        "error": "Service Unavailable",
        "message": "This account is currently unavailable. Please try again in a moment.",
    }
    assert int(response.headers["Retry-After"]) > 0
    assert rows_of(owner, alice.id) == []

    again = alice.create(title="Again")
    assert alice.get("/api/opportunities").json == [again]
    assert [str(found) for found in rows_of(owner, alice.id)] == [again["user_id"]]
    assert again["user_id"] != before["user_id"]


def test_reads_after_the_users_row_was_deleted_find_nothing(alice: User, owner: Connection) -> None:
    row = alice.create()
    owner.execute("delete from users where clerk_id = %s", [alice.id])

    assert alice.get("/api/opportunities").json == []
    assert alice.get(f"/api/opportunities/{row['id']}").status_code == 404
    assert alice.get("/api/analytics").json["total"] == 0
    assert alice.get("/api/me").json["email"] is None


@pytest.mark.in_process
def test_a_user_is_looked_up_again_after_five_minutes(
    alice: User, owner: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice.get("/api/me")
    owner.execute("delete from users where clerk_id = %s", [alice.id])
    clock = Clock()
    monkeypatch.setattr("futuretracker.store.cache.time", clock)
    monkeypatch.setattr(users, "time", clock)

    clock.forward(240)
    alice.get("/api/me")
    assert rows_of(owner, alice.id) == []
    clock.forward(61)
    alice.get("/api/me")
    assert len(rows_of(owner, alice.id)) == 1
