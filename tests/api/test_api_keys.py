"""Create, list, narrow, rotate and revoke API keys, as a signed-in user."""

from __future__ import annotations

import datetime as dt
import re
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from futuretracker.auth.api_keys.format import PATTERN, checksum

if TYPE_CHECKING:
    from collections.abc import Callable

    import psycopg
    from flask import Flask
    from werkzeug.test import TestResponse

    from tests.conftest import User

KEYS = "/api/v1/api-keys"
ROWS = "/api/v1/opportunities"
READ, WRITE, ACCOUNT = "opportunities:read", "opportunities:write", "account:read"
FIELDS = [
    "id", "name", "prefix", "scopes", "signedOnly", "algorithm", "allowedNetworks", "createdAt",
    "expiresAt", "lastUsed", "formerSecretValidUntil", "suspendedAt",
]  # fmt: skip
NOWHERE = "0" * 12
MALFORMED = ["x", "0" * 11, "0" * 13, "00000000000-", "00000000000é", "a b", f"{NOWHERE}%0A"]


def new(user: User, **fields: Any) -> dict[str, Any]:
    response = user.post(KEYS, {"name": "Script", "scopes": [READ, WRITE], **fields})
    assert response.status_code == 201, response.text
    key: dict[str, Any] = response.json
    return key


def use(user: User, secret: str, path: str = ROWS) -> int:
    """Return the status of a request with the secret as a bearer token."""
    return user.client.get(path, headers={"Authorization": f"Bearer {secret}"}).status_code


def codes(response: TestResponse) -> dict[str, str]:
    assert response.status_code == 400, response.text
    return {entry["field"]: entry["code"] for entry in response.json["details"]}


def later(**time: float) -> str:
    return (dt.datetime.now(dt.UTC) + dt.timedelta(**time)).isoformat()


def test_the_secret_is_shown_once_and_only_its_digest_is_stored(
    alice: User, owner: psycopg.Connection[Any]
) -> None:
    response = alice.post(KEYS, {"name": "Script", "scopes": [READ]})
    key = response.json
    secret = key["secret"]

    assert list(key) == [*FIELDS, "secret"]
    assert response.headers["Location"] == f"{KEYS}/{key['id']}"
    assert re.fullmatch(PATTERN, secret)
    assert secret.startswith(f"{key['prefix']}_")
    assert (key["prefix"], secret[-6:]) == (f"ft_live_{key['id']}", checksum(secret[:-6]))
    listed = alice.get(KEYS)
    assert listed.json == [{name: key[name] for name in FIELDS}]
    stored = owner.execute("select * from api_keys where id = %s", [key["id"]]).fetchone()
    assert secret.split("_")[3][:43] not in f"{stored}{listed.text}"


def test_a_new_key_has_what_was_asked_for(alice: User) -> None:
    expires = later(days=90)
    key = new(
        alice,
        name="  Tabelle \U0001f4ca",
        scopes=[ACCOUNT, READ],
        expiresAt=expires,
        allowedNetworks=["203.0.113.7", "2001:DB8::/32"],
    )

    assert (key["name"], key["scopes"]) == ("Tabelle \U0001f4ca", [READ, ACCOUNT])
    assert key["allowedNetworks"] == ["203.0.113.7/32", "2001:db8::/32"]
    assert dt.datetime.fromisoformat(key["expiresAt"]) == dt.datetime.fromisoformat(expires)
    assert (key["signedOnly"], key["algorithm"], key["lastUsed"]) == (False, None, None)


def test_a_key_for_signed_requests_has_a_secret_only_without_a_public_key(
    alice: User, owner: psycopg.Connection[Any]
) -> None:
    public = Ed25519PrivateKey.generate().public_key()
    pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    signed, paired = new(alice, signedOnly=True), new(alice, publicKey=pem)

    assert (signed["signedOnly"], signed["algorithm"]) == (True, "hmac-sha256")
    assert re.fullmatch(PATTERN, signed["secret"])
    assert (paired["signedOnly"], paired["algorithm"], paired["secret"]) == (True, "ed25519", None)
    found = owner.execute(
        "select id, public_key, secret_digest is null from api_keys where clerk_id = %s order by 3",
        [alice.id],
    ).fetchall()
    assert found == [(signed["id"], None, False), (paired["id"], public.public_bytes_raw(), True)]
    assert use(alice, signed["secret"]) == 401


def test_keys_are_listed_newest_first_and_belong_to_one_user(alice: User, bob: User) -> None:
    names = ["first", "second", "third"]
    for name in names:
        new(alice, name=name)
    others = new(bob, name="Bob's")

    assert [key["name"] for key in alice.get(KEYS).json] == names[::-1]
    for refused in (
        alice.patch(f"{KEYS}/{others['id']}", {"name": "Mine"}),
        alice.post(f"{KEYS}/{others['id']}/rotate"),
        alice.delete(f"{KEYS}/{others['id']}"),
    ):
        assert (refused.status_code, refused.json["code"]) == (404, "api_key_not_found")
    assert bob.get(KEYS).json == [{name: others[name] for name in FIELDS}]
    assert use(bob, others["secret"]) == 200


@pytest.mark.parametrize("key_id", [NOWHERE, *MALFORMED])
def test_an_unknown_or_malformed_id_is_a_404(alice: User, key_id: str) -> None:
    path = f"{KEYS}/{key_id}"
    for response in (
        alice.patch(path, {"name": "New"}),
        alice.post(f"{path}/rotate", {"keepFormerFor": 60}),
        alice.delete(path),
    ):
        assert (response.status_code, response.json["message"]) == (404, "API key not found")


def test_a_user_has_at_most_ten_keys_that_have_not_expired(
    alice: User, bob: User, owner: psycopg.Connection[Any]
) -> None:
    body = {"name": "Script", "scopes": [READ]}
    with ThreadPoolExecutor(8) as pool:
        statuses = [r.status_code for r in pool.map(lambda _: alice.post(KEYS, body), range(14))]

    assert sorted(statuses) == [201] * 10 + [409] * 4
    refused = alice.post(KEYS, body)
    assert (refused.status_code, refused.json["code"]) == (409, "too_many_api_keys")
    assert bob.post(KEYS, body).status_code == 201
    expired = alice.get(KEYS).json[-1]["id"]
    owner.execute("update api_keys set expires_at = now() where id = %s", [expired])
    assert alice.post(KEYS, body).status_code == 201
    assert len(alice.get(KEYS).json) == 11


def test_a_key_can_be_renamed_and_narrowed(alice: User) -> None:
    key = new(alice, allowedNetworks=["10.0.0.0/8", "127.0.0.0/8", "2001:db8::/32"])
    path = f"{KEYS}/{key['id']}"
    changes: dict[str, Any] = {
        "name": "Renamed",
        "scopes": [READ],
        "allowedNetworks": ["127.0.0.1/32", "10.2.0.0/16", "10.3.0.0/16", "2001:db8:1::/48"],
        "expiresAt": later(days=30),
    }
    for name, value in changes.items():
        changed = alice.patch(path, {name: value})
        assert changed.status_code == 200, changed.text
        expected = {**key, name: value}
        found = {**changed.json, "secret": key["secret"]}
        if name == "expiresAt":
            assert dt.datetime.fromisoformat(found.pop(name)) == dt.datetime.fromisoformat(value)
            del expected[name]
        assert found == expected
        key = {**changed.json, "secret": key["secret"]}
    assert alice.patch(path, {"expiresAt": later(days=10)}).status_code == 200
    assert use(alice, key["secret"]) == 200


@pytest.mark.parametrize(
    ("changes", "wider"),
    [
        ({"scopes": [READ, ACCOUNT]}, ["scopes"]),
        ({"allowedNetworks": []}, ["allowedNetworks"]),
        ({"allowedNetworks": None}, ["allowedNetworks"]),
        ({"allowedNetworks": ["10.0.0.0/7"]}, ["allowedNetworks"]),
        ({"allowedNetworks": ["10.1.0.0/16", "192.0.2.1"]}, ["allowedNetworks"]),
        ({"allowedNetworks": ["::/0"]}, ["allowedNetworks"]),
        ({"expiresAt": None}, ["expiresAt"]),
        ({"expiresAt": ""}, ["expiresAt"]),
        ({"name": "New", "expiresAt": 31}, ["expiresAt"]),
        (
            {"scopes": [WRITE, ACCOUNT], "allowedNetworks": ["0.0.0.0/0"], "expiresAt": 60},
            ["scopes", "allowedNetworks", "expiresAt"],
        ),
    ],
)
def test_a_key_cannot_be_widened(alice: User, changes: dict[str, Any], wider: list[str]) -> None:
    key = new(alice, allowedNetworks=["10.0.0.0/8"], expiresAt=later(days=30))
    if isinstance(changes.get("expiresAt"), int):
        changes = {**changes, "expiresAt": later(days=changes["expiresAt"])}
    refused = alice.patch(f"{KEYS}/{key['id']}", changes)

    assert codes(refused) == dict.fromkeys(wider, "wider")
    assert alice.get(KEYS).json == [{name: key[name] for name in FIELDS}]


def test_a_whole_key_may_be_sent_back(alice: User) -> None:
    for key in (new(alice), new(alice, allowedNetworks=["10.0.0.0/8"], expiresAt=later(days=3))):
        changed = alice.patch(f"{KEYS}/{key['id']}", {**key, "name": "Renamed"})

        assert changed.json == {**{name: key[name] for name in FIELDS}, "name": "Renamed"}
        ignored = changed.headers["X-Ignored-Fields"].split(", ")
        assert {*ignored} == {*key} - {"name", "scopes", "expiresAt", "allowedNetworks"}


def test_a_key_that_allowed_every_network_can_be_limited_to_some(alice: User) -> None:
    key = new(alice)
    changed = alice.patch(f"{KEYS}/{key['id']}", {"allowedNetworks": ["192.0.2.0/24"]})

    assert changed.json["allowedNetworks"] == ["192.0.2.0/24"]
    assert use(alice, key["secret"]) == 401


def test_a_change_takes_effect_at_once_in_a_process_that_knows_the_key(alice: User) -> None:
    key = new(alice, scopes=[READ, ACCOUNT])
    path = f"{KEYS}/{key['id']}"
    assert use(alice, key["secret"], "/api/v1/me") == 200

    alice.patch(path, {"scopes": [READ]})
    assert use(alice, key["secret"], "/api/v1/me") == 403
    assert use(alice, key["secret"]) == 200
    rotated = alice.post(f"{path}/rotate").json
    assert (use(alice, key["secret"]), use(alice, rotated["secret"])) == (401, 200)
    assert alice.delete(path).json == {"success": True, "message": "API key deleted"}
    assert use(alice, rotated["secret"]) == 401
    assert alice.get(KEYS).json == []
    assert alice.delete(path).status_code == 404


def test_a_former_secret_is_kept_for_a_while(alice: User) -> None:
    key = new(alice)
    path = f"{KEYS}/{key['id']}/rotate"
    before = dt.datetime.now(dt.UTC)
    second = alice.post(path, {"keepFormerFor": 3600})

    assert second.status_code == 200
    until = dt.datetime.fromisoformat(second.json["formerSecretValidUntil"])
    assert dt.timedelta(minutes=59) < until - before < dt.timedelta(minutes=61)
    assert list(second.json) == [*FIELDS, "secret"]
    assert second.json["secret"].startswith(f"{key['prefix']}_")
    assert [use(alice, secret) for secret in (key["secret"], second.json["secret"])] == [200, 200]
    third = alice.post(path, {"keepFormerFor": 60}).json  # which ends the first
    secrets = (key["secret"], second.json["secret"], third["secret"])
    assert [use(alice, secret) for secret in secrets] == [401, 200, 200]
    fourth = alice.post(path).json
    assert fourth["formerSecretValidUntil"] is None
    assert use(alice, third["secret"]) == 401


def test_a_key_with_a_public_key_cannot_be_rotated(alice: User, bob: User) -> None:
    jwk = {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}
    path = f"{KEYS}/{new(alice, publicKey=jwk)['id']}/rotate"
    refused = alice.post(path)

    assert (refused.status_code, refused.json["code"]) == (409, "no_secret")
    assert bob.post(path).status_code == 404


def test_a_signed_only_key_can_be_rotated(alice: User) -> None:
    key = new(alice, signedOnly=True)
    rotated = alice.post(f"{KEYS}/{key['id']}/rotate").json

    assert rotated["secret"] != key["secret"]
    assert rotated["algorithm"] == "hmac-sha256"


@pytest.mark.in_process
def test_every_change_is_audited_without_a_secret(
    alice: User, owner: psycopg.Connection[Any], lines: list[dict[str, Any]]
) -> None:
    key = new(alice)
    path = f"{KEYS}/{key['id']}"
    alice.patch(path, {"name": "Renamed"})
    alice.post(f"{path}/rotate", {"keepFormerFor": 5})
    alice.delete(path)
    alice.delete(path)

    audits = [line for line in lines if line["type"] == "AUDIT"]
    actions = ["CREATE_API_KEY", "UPDATE_API_KEY", "ROTATE_API_KEY", "DELETE_API_KEY"]
    assert [line["action"] for line in audits] == [*actions, "DELETE_API_KEY"]
    assert [line["outcome"] for line in audits] == ["success"] * 4 + ["failure"]
    assert {line["resourceId"] for line in audits} == {key["id"]}
    stored = owner.execute(
        "select action, details ->> 'keyId', details ->> 'name' from audit_log where actor = %s"
        " order by id",
        [alice.id],
    ).fetchall()
    names = ["Script", "Renamed", "Renamed", "Renamed"]
    assert stored == [
        (action, key["id"], name) for action, name in zip(actions, names, strict=True)
    ]
    assert key["secret"].split("_")[3] not in str(lines)


def test_keys_are_managed_in_v1_only(alice: User) -> None:
    assert alice.get("/api/api-keys").status_code == 404
    assert alice.post("/api/api-keys", {"name": "n", "scopes": [READ]}).status_code == 404


def test_the_environment_is_in_the_prefix(
    build: Callable[..., Flask], make_user: Callable[..., User]
) -> None:
    user = make_user(client=build(FUTURETRACKER_ENV="development").test_client())
    key = new(user)

    assert key["prefix"] == f"ft_dev_{key['id']}"
    assert key["secret"].startswith("ft_dev_")
