"""What a key is, what it belongs to, and which responses are repeated."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.conftest import numbers

if TYPE_CHECKING:
    from collections.abc import Callable

    import psycopg
    from werkzeug.test import TestResponse

    from tests.conftest import User

V1 = "/api/v1/opportunities"
BODY = {"title": "Intern"}
INVALID = (
    "Idempotency-Key must be 1 to 255 visible ASCII characters without spaces, with or without"
    " quotation marks around them"
)


def send(
    user: User, key: str, body: Any = BODY, path: str = V1, method: str = "POST", **headers: str
) -> TestResponse:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return user.request(method, path, body, headers={"Idempotency-Key": key, **named})


def is_repeated(response: TestResponse) -> bool:
    return response.headers.get("Idempotent-Replayed") == "true"


def count(user: User) -> int:
    total: int = user.get(V1, query_string={"include": "total"}).json["total"]
    return total


@pytest.mark.parametrize(
    "key",
    [
        "k",
        "8e03978e-40d5-43dd-bc93-6894a57f9324",
        "!#$%&'()*+,-./:;<=>?@[\\]^_`{|}~",
        "a" * 255,
        "a'b\"c",
        '"quoted"',
        '"with-\\"quotation\\"-marks"',
        f'"{"a" * 255}"',
    ],
)
def test_a_key_is_visible_ascii(alice: User, key: str) -> None:
    first, again = send(alice, key), send(alice, key)

    assert (first.status_code, is_repeated(first)) == (201, False)
    assert (again.status_code, is_repeated(again)) == (201, True)
    assert again.data == first.data


@pytest.mark.parametrize(
    "key",
    [
        "",
        '""',
        '"',
        '"open',
        "two words",
        '"two words"',
        "tab\tbed",
        "caf\xe9",
        "a" * 256,
        f'"{"a" * 256}"',
        '"a"b"',
        '"\\x"',
        '"a";q=1',
    ],
)
@pytest.mark.parametrize("api", ["/api", "/api/v1"])
def test_any_other_key_is_a_400_that_names_the_header(alice: User, api: str, key: str) -> None:
    refused = send(alice, key, path=f"{api}/opportunities")

    assert refused.status_code == 400
    [detail] = refused.json["details"]
    assert (detail["field"], detail["message"]) == ("Idempotency-Key", INVALID)
    assert detail.get("code") == ("invalid" if "v1" in api else None)
    assert count(alice) == 0


def test_quotation_marks_do_not_belong_to_the_key(alice: User) -> None:
    send(alice, "the-key")

    assert is_repeated(send(alice, '"the-key"'))
    assert is_repeated(send(alice, " the-key "))
    assert not is_repeated(send(alice, "the-key2"))


def test_a_key_belongs_to_the_user_the_method_and_the_path(alice: User, bob: User) -> None:
    key = f"key-{next(numbers)}"
    rows = [send(user, key).json for user in (alice, bob)]
    assert rows[0]["id"] != rows[1]["id"]
    other = alice.create(title="Other")
    changes = [
        send(alice, key, path=f"{V1}/{rows[0]['id']}", method=method)
        for method in ("PUT", "PATCH", "DELETE")
    ]
    changes.append(send(alice, key, path=f"{V1}/{other['id']}", method="PATCH"))
    changes.append(send(alice, key, path="/api/opportunities"))

    assert [change.status_code for change in changes] == [200, 200, 200, 200, 201]
    assert not any(is_repeated(change) for change in changes)
    assert is_repeated(send(alice, key, path=f"{V1}/"))  # the same path
    assert count(bob) == 1


@pytest.mark.parametrize(
    "change",
    [
        {"body": {"title": "Another"}},
        {"body": b'{"title":"Intern"}'},
        {"If_Match": '"1-00000000"'},
        {"If_None_Match": "*"},
    ],
)
def test_the_payload_is_all_that_decides_about_the_change(
    alice: User, change: dict[str, Any]
) -> None:
    send(alice, "the-key")
    refused = send(alice, "the-key", **change)

    assert (refused.status_code, refused.json["code"]) == (422, "idempotency_key_reused")
    assert not is_repeated(refused)
    assert count(alice) == 1


def test_a_400_because_of_what_was_stored_is_repeated(alice: User) -> None:
    row = alice.create(title="Hack", category="hackathon")
    path = f"{V1}/{row['id']}"
    round_ = {"round_type": "oa"}
    refused = send(alice, "round", round_, f"{path}/rounds")
    alice.patch(path, {"category": "internship"})
    again = send(alice, "round", round_, f"{path}/rounds")

    assert (refused.status_code, again.status_code) == (400, 400)
    assert is_repeated(again)


def test_the_query_string_is_a_part_of_the_payload(alice: User) -> None:
    for title in ("A", "B"):
        alice.create(title=title)
    first = send(alice, "clean", path=f"{V1}?q=A", method="DELETE")
    refused = send(alice, "clean", path=f"{V1}?q=B", method="DELETE")

    assert first.json["count"] == 1
    assert (refused.status_code, refused.json["code"]) == (422, "idempotency_key_reused")
    assert count(alice) == 1


def test_the_response_is_the_first_one_whatever_has_happened_since(alice: User) -> None:
    first = send(alice, "create")
    path = first.headers["Location"]
    change = send(alice, "change", {"notes": "n"}, path, "PATCH")
    alice.patch(path, {"title": "Changed"})
    alice.delete(path)

    again = send(alice, "create")
    assert (again.data, again.headers["ETag"]) == (first.data, first.headers["ETag"])
    again = send(alice, "change", {"notes": "n"}, path, "PATCH")
    assert (again.data, again.headers["ETag"]) == (change.data, change.headers["ETag"])
    assert count(alice) == 0


def test_a_404_and_a_412_of_the_change_are_repeated(alice: User) -> None:
    row = alice.create(**BODY)
    missing = f"{V1}/00000000-0000-4000-8000-{next(numbers):012}"
    lost = send(alice, "lost", {"notes": "n"}, missing, "PATCH")
    old = '"1-00000000"'
    stale = send(alice, "stale", {"notes": "n"}, f"{V1}/{row['id']}", "PATCH", If_Match=old)
    assert (lost.status_code, stale.status_code) == (404, 412)
    created = alice.request("PUT", missing, BODY, headers={"If-None-Match": "*"})
    assert created.status_code == 201

    for again in (
        send(alice, "lost", {"notes": "n"}, missing, "PATCH"),
        send(alice, "stale", {"notes": "n"}, f"{V1}/{row['id']}", "PATCH", If_Match=old),
    ):
        assert again.status_code in {404, 412}
        assert is_repeated(again)


def test_the_409_of_an_api_key_without_a_secret_is_repeated_when_it_is_gone(alice: User) -> None:
    jwk = {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}
    new = {"name": "Script", "scopes": ["account:read"], "publicKey": jwk}
    path = f"/api/v1/api-keys/{alice.post('/api/v1/api-keys', new).json['id']}"
    refused = send(alice, "rotate", {}, f"{path}/rotate")
    assert (refused.status_code, refused.json["code"]) == (409, "no_secret")
    assert alice.delete(path).status_code == 200
    again = send(alice, "rotate", {}, f"{path}/rotate")

    assert (again.status_code, again.json["code"]) == (409, "no_secret")
    assert is_repeated(again)


def test_what_was_refused_before_or_by_the_database_is_not_kept(alice: User) -> None:
    path = f"{V1}/{alice.create(title='Intern', category='internship')['id']}/rounds"
    taken = {"round_type": "oa", "round_number": 1}
    alice.post(path, taken)
    assert send(alice, "invalid", {}).status_code == 400
    refused = send(alice, "taken", taken, path)
    assert (refused.status_code, refused.json["code"]) == (409, "round_number_taken")
    [round_] = alice.get(path).json
    alice.delete(f"{path}/{round_['id']}")

    assert send(alice, "invalid").status_code == 201
    again = send(alice, "taken", taken, path)
    assert (again.status_code, is_repeated(again)) == (201, False)


def test_a_constraint_that_a_retry_would_violate_does_not_matter(alice: User) -> None:
    path = f"{V1}/{alice.create(title='Intern', category='internship')['id']}/rounds"
    body = {"round_type": "oa", "round_number": 1}
    first, again = send(alice, "round", body, path), send(alice, "round", body, path)

    assert (first.status_code, again.status_code) == (201, 201)
    assert again.data == first.data


def test_a_read_ignores_the_header(alice: User) -> None:
    for _ in range(2):
        response = send(alice, "", None, V1, "GET")
        assert (response.status_code, is_repeated(response)) == (200, False)


def test_a_dry_run_is_not_kept(alice: User) -> None:
    alice.create(**BODY)
    dry = f"{V1}?q=Intern&dry_run=true"
    for _ in range(2):
        response = send(alice, "dry", None, dry, "DELETE")
        assert (response.json["dryRun"], is_repeated(response)) == (True, False)
    assert send(alice, "dry", None, f"{V1}?q=Intern", "DELETE").json["count"] == 1
    again = send(alice, "dry", None, f"{V1}?q=Intern", "DELETE")
    assert (again.json["count"], is_repeated(again)) == (1, True)


@pytest.mark.in_process
def test_a_retry_counts_in_the_rate_limits(
    build: Callable[..., Any], make_user: Callable[..., User]
) -> None:
    user = make_user(client=build(RATE_LIMIT_USER_WRITE="2 per 15 minutes").test_client())

    assert [send(user, "key").status_code for _ in range(3)] == [201, 201, 429]


@pytest.mark.in_process
def test_a_response_of_another_release_is_a_409(
    alice: User, owner: psycopg.Connection[Any]
) -> None:
    send(alice, "key")
    owner.execute(
        "update idempotency_keys set form = 'old' where user_id = %s",
        [alice.get("/api/v1/me").json["internalUserId"]],
    )
    refused = send(alice, "key")

    assert (refused.status_code, refused.json["code"]) == (409, "response_outdated")
    assert count(alice) == 1
