"""Changes of API keys: they never allow more, end the sessions of the key, and are audited."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from futuretracker.database.queries.api_keys import delete_key, find_key, touch_key
from futuretracker.database.queries.erasures import begin_erasure, continue_erasure
from futuretracker.database.queries.revocations import select_restrictions
from tests.database.queries.keys import (
    DIGEST,
    ED25519,
    OTHER_DIGEST,
    add,
    in_days,
    listed,
    rotate,
    update,
)
from tests.support.pooler import connect, with_long_timeouts
from tests.support.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from tests.database.queries.conftest import Owner

Connection = psycopg.Connection[Any]
READ, WRITE, ACCOUNT = "opportunities:read", "opportunities:write", "account:read"
NETWORKS = ["10.0.0.0/8", "192.0.2.7/32", "2001:db8::/32"]
UNTIL = in_days(30)
WHOLE = {"scopes": [READ, WRITE], "networks": NETWORKS, "expires_at": UNTIL}


def revoked(owner: Connection, key_id: str) -> list[tuple[str, int]]:
    """Return the session and the remaining seconds of each revocation of a key."""
    return owner.execute(
        "select subject, round(extract(epoch from expires_at - now()))::integer from revocations"
        " where kind = 'key' and subject like %s order by subject",
        [f"key_{key_id}.%"],
    ).fetchall()


def entries(owner: Connection, user: Owner) -> list[tuple[Any, ...]]:
    """Return the audit entries about a user's keys."""
    return owner.execute(
        "select action, resource_id, details, request_id, client from audit_log"
        " where user_id = %s and action like '%%_API_KEY' order by id",
        [user.id],
    ).fetchall()


def version(owner: Connection, key_id: str) -> int:
    row = owner.execute("select version from api_keys where id = %s", [key_id]).fetchone()
    assert row is not None
    number: int = row[0]
    return number


@pytest.mark.parametrize(
    "values",
    [
        {"name": "Renamed"},
        {"scopes": [WRITE]},
        {"scopes": [WRITE, READ]},
        {"networks": NETWORKS[:1]},
        {"networks": ["10.1.0.0/16", "10.2.3.4", "2001:db8:1::/48"]},
        {"networks": NETWORKS[::-1]},
        {"expires_at": UNTIL},
        {"expires_at": UNTIL - timedelta(days=1)},
        {"name": "All", "scopes": [READ], "networks": ["192.0.2.7"], "expires_at": in_days(1)},
    ],
    ids=str,
)
def test_a_key_can_be_renamed_and_narrowed(
    role: Connection, a: Owner, values: Mapping[str, object]
) -> None:
    key_id = add(role, a, **WHOLE)
    before = find_key(role, key_id=key_id)
    done = update(role, audit=a.audit, key_id=key_id, values=values)
    after = find_key(role, key_id=key_id)

    assert (done.found, done.wider) == (True, [])
    assert [json.loads(done.body or b"null")] == listed(role, a)
    assert before is not None
    assert after is not None
    expected = before._asdict() | {"version": 2} | dict(values)
    expected["networks"] = [n if "/" in n else f"{n}/32" for n in expected["networks"]]
    if until := values.get("expires_at"):
        expected["expires_at"] = pytest.approx(until.timestamp())  # type: ignore[attr-defined]
    assert after._asdict() == {k: v for k, v in expected.items() if k != "name"}
    assert listed(role, a)[0]["name"] == values.get("name", "Spreadsheet")


@pytest.mark.parametrize(
    ("values", "wider"),
    [
        ({"scopes": [READ, WRITE, ACCOUNT]}, ["scopes"]),
        ({"scopes": [ACCOUNT]}, ["scopes"]),
        ({"networks": []}, ["allowedNetworks"]),
        ({"networks": ["10.0.0.0/7"]}, ["allowedNetworks"]),
        ({"networks": ["10.0.0.0/8", "192.0.2.8"]}, ["allowedNetworks"]),
        ({"networks": ["0.0.0.0/0"]}, ["allowedNetworks"]),
        ({"networks": ["::/0"]}, ["allowedNetworks"]),
        ({"networks": ["::ffff:10.0.0.0/104"]}, ["allowedNetworks"]),
        ({"expires_at": None}, ["expiresAt"]),
        ({"expires_at": UNTIL + timedelta(microseconds=1)}, ["expiresAt"]),
        ({"name": "x", "scopes": [ACCOUNT], "networks": NETWORKS[:1]}, ["scopes"]),
        (
            {"scopes": [ACCOUNT], "networks": [], "expires_at": None},
            ["scopes", "allowedNetworks", "expiresAt"],
        ),
    ],
    ids=str,
)
def test_a_change_that_allows_more_is_refused_as_a_whole(
    role: Connection,
    owner: Connection,
    a: Owner,
    values: Mapping[str, object],
    wider: list[str],
) -> None:
    key_id = add(role, a, **WHOLE)
    before = listed(role, a)
    done = update(role, audit=a.audit, key_id=key_id, values=values)

    assert done == (True, wider, None)
    assert listed(role, a) == before
    assert version(owner, key_id) == 1
    assert revoked(owner, key_id) == []
    assert [entry[0] for entry in entries(owner, a)] == ["CREATE_API_KEY"]


def test_a_key_from_everywhere_and_without_an_end_can_get_both(role: Connection, a: Owner) -> None:
    key_id = add(role, a)
    values = {"networks": ["0.0.0.0/0"], "expires_at": UNTIL}

    assert update(role, audit=a.audit, key_id=key_id, values=values).body is not None
    values = {"networks": [], "expires_at": None}
    done = update(role, audit=a.audit, key_id=key_id, values=values)
    assert done.wider == ["allowedNetworks", "expiresAt"]


def test_a_change_is_compared_with_the_one_that_it_has_waited_for(
    service_url: str, role: Connection, owner: Connection, a: Owner
) -> None:
    key_id = add(role, a)
    waiting = "select from pg_stat_activity where pid = %s and wait_event_type = 'Lock'"
    with (
        connect(with_long_timeouts(service_url)) as other,
        ThreadPoolExecutor(1) as pool,
    ):
        pid = other.execute("select pg_backend_pid()").fetchone()
        with role.transaction():
            update(role, audit=a.audit, key_id=key_id, values={"scopes": [READ]})
            values = {"scopes": [WRITE]}
            second = pool.submit(update, other, audit=a.audit, key_id=key_id, values=values)
            wait_for(lambda: owner.execute(waiting, pid).fetchone() is not None or second.done())

        assert second.result(120) == (True, ["scopes"], None)
    assert [key["scopes"] for key in listed(role, a)] == [[READ]]


@pytest.mark.parametrize("kind", [{}, {"algorithm": "hmac-sha256"}], ids=["bearer", "hmac"])
def test_the_former_secret_stays_valid_for_the_chosen_time(
    role: Connection, owner: Connection, a: Owner, kind: dict[str, object]
) -> None:
    key_id = add(role, a, **kind)
    body = rotate(role, audit=a.audit, key_id=key_id, digest=OTHER_DIGEST, keep=604_800).body
    found = find_key(role, key_id=key_id)

    assert found is not None
    assert (found.secret_digest, found.former_digest) == (OTHER_DIGEST, DIGEST)
    assert found.former_until == pytest.approx(in_days(7).timestamp(), abs=60)
    assert [json.loads(body or b"null")] == listed(role, a)
    assert listed(role, a)[0]["formerSecretValidUntil"].startswith(in_days(7).strftime("%Y-%m-"))

    owner.execute("update api_keys set former_until = now() where id = %s", [key_id])
    found = find_key(role, key_id=key_id)
    assert found is not None
    assert (found.secret_digest, found.former_digest) == (OTHER_DIGEST, None)
    assert found.former_until is None
    assert listed(role, a)[0]["formerSecretValidUntil"] is None


def test_a_rotation_can_end_the_former_secret_at_once(
    role: Connection, owner: Connection, a: Owner
) -> None:
    key_id = add(role, a)
    third = b"f" * 32
    rotate(role, audit=a.audit, key_id=key_id, digest=OTHER_DIGEST, keep=60)
    rotate(role, audit=a.audit, key_id=key_id, digest=third, keep=0)

    stored = "select secret_digest, former_digest, former_until from api_keys where id = %s"
    assert owner.execute(stored, [key_id]).fetchone() == (third, None, None)


def test_a_key_without_a_secret_is_not_rotated(
    role: Connection, owner: Connection, a: Owner
) -> None:
    key_id = add(role, a, **ED25519)

    outcome = rotate(role, audit=a.audit, key_id=key_id, digest=DIGEST, keep=60)
    assert (outcome.found, outcome.body) == (True, None)
    assert version(owner, key_id) == 1
    assert revoked(owner, key_id) == []


def test_each_change_revokes_the_version_before_it_in_its_transaction(
    role: Connection, owner: Connection, a: Owner
) -> None:
    key_id = add(role, a)
    assert revoked(owner, key_id) == []
    with role.transaction(force_rollback=True):
        rotate(role, audit=a.audit, key_id=key_id, digest=OTHER_DIGEST, keep=60)
    assert (revoked(owner, key_id), version(owner, key_id)) == ([], 1)

    update(role, audit=a.audit, key_id=key_id, values={"name": "x"})
    [(session, seconds)] = revoked(owner, key_id)
    assert session == f"key_{key_id}.1"
    assert 60 < seconds <= 120
    rotate(role, audit=a.audit, key_id=key_id, digest=OTHER_DIGEST, keep=60)
    assert version(owner, key_id) == 3
    assert delete_key(role, audit=a.audit, key_id=key_id) == "x"

    sessions = {f"key_{key_id}.{number}" for number in (1, 2, 3)}
    assert {session for session, _ in revoked(owner, key_id)} == sessions
    assert sessions <= select_restrictions(role).refused
    assert find_key(role, key_id=key_id) is None


def test_each_change_has_an_audit_entry_that_names_the_key_and_the_client(
    role: Connection, owner: Connection, a: Owner
) -> None:
    a.audit = a.audit._replace(details={"impersonator": "user_support"}, client="extension")
    key_id = add(role, a)
    update(role, audit=a.audit, key_id=key_id, values={"name": "Renamed"})
    rotate(role, audit=a.audit, key_id=key_id, digest=OTHER_DIGEST, keep=60)
    delete_key(role, audit=a.audit, key_id=key_id)

    names = {"CREATE": "Spreadsheet", "UPDATE": "Renamed", "ROTATE": "Renamed", "DELETE": "Renamed"}
    assert entries(owner, a) == [
        (
            f"{verb}_API_KEY",
            None,
            {"impersonator": "user_support", "keyId": key_id, "name": name},
            "request",
            "extension",
        )
        for verb, name in names.items()
    ]


def test_the_last_use_is_shown_and_ends_no_session(
    role: Connection, owner: Connection, a: Owner
) -> None:
    key_id = add(role, a)
    started: datetime = in_days(0)
    touch_key(role, key_id=key_id, address="2001:db8::1", agent="curl/8.9")
    found = find_key(role, key_id=key_id)

    used = listed(role, a)[0]["lastUsed"]
    assert {**used, "at": len(used["at"])} == {
        "at": len("2026-11-29T07:22:56.638166+00:00"),
        "address": "2001:db8::1",
        "userAgent": "curl/8.9",
    }
    assert found is not None
    assert found.last_used_at == pytest.approx(started.timestamp(), abs=60)
    assert (version(owner, key_id), revoked(owner, key_id)) == (1, [])
    touch_key(role, key_id=key_id, address=None, agent="")
    assert listed(role, a)[0]["lastUsed"]["address"] is None


def test_noting_the_last_use_waits_for_no_other_statement(
    service_url: str, role: Connection, a: Owner
) -> None:
    key_id = add(role, a)
    with connect(service_url) as other, role.transaction():
        update(role, audit=a.audit, key_id=key_id, values={"name": "x"})
        touch_key(other, key_id=key_id, address=None, agent="curl")

    assert listed(role, a)[0]["lastUsed"] is None


def test_the_keys_of_an_erased_user_are_deleted(
    role: Connection, owner: Connection, a: Owner, b: Owner
) -> None:
    add(role, a)
    add(role, b)
    begin_erasure(role, event=None, clerk_id=a.clerk_id, seconds=60, request_id="request")
    while not continue_erasure(role, clerk_id=a.clerk_id):
        pass

    counts = "select (select count(*) from api_keys where user_id = %s) from users where id = %s"
    assert owner.execute(counts, [b.id, b.id]).fetchone() == (1,)
    left = owner.execute("select count(*) from api_keys where clerk_id = %s", [a.clerk_id])
    assert left.fetchone() == (0,)
    assert {str(entry[2]) for entry in entries(owner, a)} == {"{}"}
