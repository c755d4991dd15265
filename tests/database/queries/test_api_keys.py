"""API keys: what is stored and returned, and how many a user can have."""

from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from psycopg import errors as pg

from futuretracker.database import CONFLICTS
from futuretracker.database.queries.api_keys import delete_key, find_key
from tests.database.queries.keys import (
    DIGEST,
    ED25519,
    OTHER_DIGEST,
    add,
    expire,
    in_days,
    insert,
    listed,
    new_key,
    rotate,
    update,
)
from tests.support.pooler import connect, with_long_timeouts

if TYPE_CHECKING:
    from tests.database.queries.conftest import Owner

Connection = psycopg.Connection[Any]
LIMIT = "api_keys_at_most_ten"


def test_a_new_key_is_returned_without_its_secret(role: Connection, a: Owner) -> None:
    key = new_key(a, networks=["10.0.0.0/8", "192.0.2.7"], expires_at=in_days(1))
    body = json.loads(insert(role, audit=a.audit, key=key))

    times = {name: body[name] for name in ("createdAt", "expiresAt")}
    assert all(len(time) == len("2026-11-29T07:22:56.638166+00:00") for time in times.values())
    assert list(body.items()) == [
        ("id", key.id),
        ("name", "Spreadsheet"),
        ("prefix", f"ft_test_{key.id}"),
        ("scopes", ["opportunities:read", "opportunities:write"]),
        ("signedOnly", False),
        ("algorithm", None),
        ("allowedNetworks", ["10.0.0.0/8", "192.0.2.7/32"]),
        ("createdAt", times["createdAt"]),
        ("expiresAt", times["expiresAt"]),
        ("lastUsed", None),
        ("formerSecretValidUntil", None),
        ("suspendedAt", None),
    ]
    assert body == listed(role, a)[0]


@pytest.mark.parametrize("kind", [ED25519, {"algorithm": "hmac-sha256"}], ids=["ed25519", "hmac"])
def test_a_key_that_signs_says_so(role: Connection, a: Owner, kind: dict[str, object]) -> None:
    key = new_key(a, **kind)
    body = json.loads(insert(role, audit=a.audit, key=key))
    found = find_key(role, key_id=key.id)

    assert (body["signedOnly"], body["algorithm"]) == (True, kind["algorithm"])
    assert found is not None
    assert (found.algorithm, found.public_key) == (key.algorithm, key.public_key)
    assert found.secret_digest == key.secret_digest


@pytest.mark.parametrize(
    "values",
    [
        {"id": "short"},
        {"id": "Key00000000-"},
        {"name": ""},
        {"name": "x" * 101},
        {"scopes": []},
        {"scopes": ["opportunities:read", "admin"]},
        {"networks": [f"10.0.0.{n}" for n in range(11)]},
        {"algorithm": "rsa"},
        {"public_key": b"p" * 32},
        {"secret_digest": None},
        {"secret_digest": b"d" * 31},
        {**ED25519, "public_key": None},
        {**ED25519, "public_key": b"p" * 31},
        {**ED25519, "secret_digest": DIGEST},
        {**ED25519, "algorithm": "hmac-sha256"},
    ],
    ids=str,
)
def test_the_table_refuses_what_is_no_key(
    role: Connection, a: Owner, values: dict[str, object]
) -> None:
    with pytest.raises(pg.CheckViolation) as refusal:
        add(role, a, **values)

    assert refusal.value.diag.constraint_name != LIMIT


def test_the_list_has_the_newest_first_and_also_what_has_expired(
    role: Connection, owner: Connection, a: Owner
) -> None:
    ids = [add(role, a) for _ in range(3)]
    expire(owner, ids[1])

    assert [key["id"] for key in listed(role, a)] == ids[::-1]


def test_an_expired_key_is_not_found(role: Connection, owner: Connection, a: Owner) -> None:
    key_id = add(role, a, expires_at=in_days(1))
    found = find_key(role, key_id=key_id)
    expire(owner, key_id)

    assert found is not None
    assert found.expires_at == pytest.approx(in_days(1).timestamp(), abs=60)
    assert find_key(role, key_id=key_id) is None


def test_an_unknown_key_is_not_found(role: Connection, a: Owner) -> None:
    assert find_key(role, key_id="0" * 12) is None
    assert update(role, audit=a.audit, key_id="0" * 12, values={"name": "x"}) == (False, [], None)
    assert not rotate(role, audit=a.audit, key_id="0" * 12, digest=OTHER_DIGEST, keep=0).found
    assert delete_key(role, audit=a.audit, key_id="0" * 12) is None


def test_ten_keys_are_the_most_and_expired_ones_do_not_count(
    role: Connection, owner: Connection, a: Owner, b: Owner
) -> None:
    ids = [add(role, a, expires_at=in_days(1)) for _ in range(10)]
    with pytest.raises(pg.CheckViolation) as refusal:
        add(role, a)
    add(role, b)
    expire(owner, ids[3])
    add(role, a)

    assert refusal.value.diag.constraint_name == LIMIT
    assert LIMIT in CONFLICTS
    assert len(listed(role, a)) == 11


def test_the_ten_keys_that_expired_last_are_kept(
    role: Connection, owner: Connection, a: Owner
) -> None:
    ids = [add(role, a) for _ in range(10)]
    for key_id in ids:
        expire(owner, key_id)
    later = add(role, a)
    expire(owner, later)
    last = add(role, a)

    assert [key["id"] for key in listed(role, a)] == [last, later, *ids[:0:-1]]


def test_of_twenty_inserts_at_once_ten_succeed(
    service_url: str, role: Connection, a: Owner
) -> None:
    together = threading.Barrier(20)

    def insert_one(_number: int) -> bool:
        with connect(with_long_timeouts(service_url)) as conn:
            together.wait()
            try:
                add(conn, a)
            except pg.CheckViolation:
                return False
            return True

    with ThreadPoolExecutor(20) as pool:
        succeeded = sum(pool.map(insert_one, range(20)))

    assert succeeded == len(listed(role, a)) == 10
