"""``apikey``: creates, lists and revokes keys for a user, and leaves its trace in the audit log."""

from __future__ import annotations

import hashlib
import json
import re
import time
from typing import TYPE_CHECKING, Any

import pytest

from futuretracker.auth.api_keys.format import parse_key
from futuretracker.database.queries.api_keys import find_key, touch_key
from futuretracker.database.queries.revocations import select_restrictions
from tests.commands import refused, run
from tests.database.queries.conftest import Owner

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable
    from pathlib import Path

    import psycopg

    from tests.conftest import User
    from tests.support.servers import Service

    Connection = psycopg.Connection[Any]
    Command = Callable[..., subprocess.CompletedProcess[str]]

NEW = ("--name", "Export", "--scope", "opportunities:read")


@pytest.fixture
def a(role: Connection) -> Owner:
    return Owner(role)


@pytest.fixture
def apikey(settings: dict[str, str], tmp_path: Path) -> Command:
    """Run ``apikey`` with arguments; it must not write anything into its folder."""
    return lambda *arguments: run(tmp_path, "apikey", *arguments, **settings)


def create(apikey: Command, user: str, *arguments: str) -> dict[str, Any]:
    """Create a key; return what the command prints as JSON."""
    result = apikey("create", "--user", user, *NEW, *arguments, "--json")
    assert (result.returncode, result.stderr) == (0, "")
    key: dict[str, Any] = json.loads(result.stdout)
    return key


def audited(owner: Connection, a: Owner) -> list[tuple[Any, ...]]:
    return owner.execute(
        "select actor, client, action, details from audit_log"
        " where user_id = %s and action like '%%API_KEY' order by id",
        [a.id],
    ).fetchall()


def test_it_prints_the_secret_which_nothing_stores(
    apikey: Command, owner: Connection, a: Owner
) -> None:
    result = apikey("create", "--user", a.clerk_id, *NEW)

    said, secret = result.stdout.splitlines()
    key_id, digest = parse_key(secret, "production")
    assert said == f"Created the API key {key_id} of {a.clerk_id}. The secret is shown only now:"
    stored = owner.execute(
        "select api_keys::text, secret_digest from api_keys where id = %s", [key_id]
    ).fetchone()
    assert stored[1] == digest == hashlib.sha256(secret[-49:-6].encode()).digest()
    assert secret[-49:-6] not in stored[0]
    chosen = {"scopes": ["opportunities:read"], "networks": [], "algorithm": None}
    details = {"keyId": key_id, "name": "Export", **chosen}
    assert audited(owner, a) == [("operator", "operator", "CREATE_API_KEY", details)]


def test_every_option_has_its_effect(apikey: Command, role: Connection, a: Owner) -> None:
    day = time.strftime("%Y-%m-%d", time.gmtime(time.time() + 86_400 * 30))
    options = ("--scope", "account:read", "--expires", day, "--signed-only")
    networks = ("--network", "203.0.113.0/24", "--network", "2001:db8::1")
    key = create(apikey, a.clerk_id, *options, *networks)

    assert key["scopes"] == ["opportunities:read", "account:read"]
    assert key["expiresAt"] == f"{day}T00:00:00.000000+00:00"
    assert key["allowedNetworks"] == ["203.0.113.0/24", "2001:db8::1/128"]
    assert (key["signedOnly"], key["algorithm"]) == (True, "hmac-sha256")
    assert (
        parse_key(key["secret"], "production").digest
        == find_key(role, key_id=key["id"]).secret_digest
    )
    assert key["prefix"] == key["secret"][:20] == f"ft_live_{key['id']}"


def test_a_running_service_accepts_a_key_and_refuses_it_two_seconds_after_its_revocation(
    serve: Callable[..., Service], apikey: Command, alice: User
) -> None:
    service = serve(WEB_CONCURRENCY="4")
    assert service.request("GET", "/api/v1/me", token=alice.token).status == 200
    key = create(apikey, alice.id)
    path, secret = "/api/v1/opportunities", key["secret"]
    for _ in range(20):
        assert service.request("GET", path, token=secret).status == 200
    assert apikey("revoke", "--key", key["id"]).returncode == 0
    time.sleep(2)

    for _ in range(20):
        assert service.request("GET", path, token=secret).status == 401


def test_the_list_is_a_table(
    apikey: Command, role: Connection, owner: Connection, a: Owner
) -> None:
    first = create(apikey, a.clerk_id)
    end = "2026-01-02 03:04:05Z"
    owner.execute("update api_keys set expires_at = %s where id = %s", [end, first["id"]])
    second = create(apikey, a.clerk_id, "--scope", "account:read")
    touch_key(role, key_id=second["id"], address="203.0.113.7", agent="curl/8.5.0")
    listed = json.loads(apikey("list", "--user", a.clerk_id, "--json").stdout)
    newer, older = listed["keys"]

    at = {each["id"]: each["createdAt"][:16].replace("T", " ") for each in (newer, older)}
    used = newer["lastUsed"]["at"][:16].replace("T", " ")
    lines = apikey("list", "--user", a.clerk_id).stdout.splitlines()
    assert [re.split(r" {2,}", line) for line in lines] == [
        ["ID", "NAME", "SCOPES", "CREATED", "EXPIRES", "LAST USED"],
        [
            *(second["id"], "Export", "opportunities:read, account:read", at[second["id"]]),
            *("never", f"{used} from 203.0.113.7 (curl/8.5.0)"),
        ],
        [
            *(first["id"], "Export", "opportunities:read", at[first["id"]]),
            *("2026-01-02 03:04 (expired)", "never"),
        ],
    ]
    assert listed["user"] == a.clerk_id


def test_the_list_says_which_key_is_suspended(apikey: Command, owner: Connection, a: Owner) -> None:
    key = create(apikey, a.clerk_id)
    owner.execute("update api_keys set suspended_at = now() where id = %s", [key["id"]])

    [_, line] = apikey("list", "--user", a.clerk_id).stdout.splitlines()
    assert re.split(r" {2,}", line)[-2:] == ["never (suspended)", "never"]


def test_a_terminal_gets_no_control_characters_of_a_user(
    apikey: Command, role: Connection, owner: Connection, a: Owner
) -> None:
    key = create(apikey, a.clerk_id)
    touch_key(role, key_id=key["id"], address=None, agent="\x1b[2J")
    owner.execute("update api_keys set name = %s where id = %s", ["a\x1b]0;b\x07\u202e", key["id"]])

    shown = [
        apikey("list", "--user", a.clerk_id).stdout,
        apikey("revoke", "--key", key["id"]).stdout,
    ]
    for text in shown:
        assert "a\ufffd]0;b\ufffd\ufffd" in text
        assert "(\ufffd[2J)" in text
        assert text.replace("\n", "").isprintable()


def test_a_user_without_keys(apikey: Command, a: Owner) -> None:
    assert apikey("list", "--user", a.clerk_id).stdout == f"{a.clerk_id} has no API keys\n"


def test_a_key_is_revoked_by_its_id_its_prefix_or_its_text(
    apikey: Command, role: Connection, owner: Connection, a: Owner
) -> None:
    for part in ("id", "prefix", "secret"):
        key = create(apikey, a.clerk_id)
        result = apikey("revoke", "--key", key[part])

        said = (
            f"{key['id']} (Export) of {a.clerk_id} is deleted. Every process refuses it within 2"
            " seconds. It had the scopes opportunities:read. Last used: never.\n"
        )
        assert (result.returncode, result.stdout, result.stderr) == (0, said, "")
        assert find_key(role, key_id=key["id"]) is None
        assert f"key_{key['id']}.1" in select_restrictions(role).refused
        details = {"keyId": key["id"], "name": "Export"}
        assert audited(owner, a)[-1] == ("operator", "operator", "DELETE_API_KEY", details)


def test_the_json_of_a_revocation_says_what_the_key_could_do(apikey: Command, a: Owner) -> None:
    key = create(apikey, a.clerk_id)
    done = json.loads(apikey("revoke", "--key", key["id"], "--json").stdout)

    del key["secret"]
    assert done == {"user": a.clerk_id, "key": key, "withinSeconds": 2}


def test_a_key_that_has_expired_is_revoked_with_its_owner(
    apikey: Command, owner: Connection, a: Owner
) -> None:
    key_id = create(apikey, a.clerk_id)["id"]
    owner.execute("update api_keys set expires_at = now() where id = %s", [key_id])

    refused(
        apikey("revoke", "--key", key_id),
        f"There is no valid API key {key_id}. If it has expired, say with --user whose it is.",
    )
    assert apikey("revoke", "--key", key_id, "--user", a.clerk_id).returncode == 0


def test_a_key_of_another_user_is_left_alone(apikey: Command, role: Connection, a: Owner) -> None:
    other, key_id = Owner(role).clerk_id, create(apikey, a.clerk_id)["id"]

    result = apikey("revoke", "--key", key_id, "--user", other)
    refused(result, f"{other} has no API key {key_id}.")
    assert find_key(role, key_id=key_id) is not None


def test_the_eleventh_key_is_refused(apikey: Command, owner: Connection, a: Owner) -> None:
    owner.execute(
        "insert into api_keys (id, user_id, clerk_id, name, scopes, secret_digest)"
        " select 'abcdefghijk' || n, %s, %s, 'x', array['account:read'], sha256('x')"
        " from generate_series(0, 9) as n",
        [a.id, a.clerk_id],
    )

    result = apikey("create", "--user", a.clerk_id, *NEW)
    refused(result, f"{a.clerk_id} has ten API keys already. Revoke one that is not used.")


@pytest.mark.parametrize("arguments", [("create", *NEW), ("list",), ("revoke", "--key", "0" * 12)])
def test_a_user_who_never_signed_in_is_unknown(apikey: Command, arguments: tuple[str, ...]) -> None:
    refused(
        apikey(*arguments, "--user", "user_never"),
        "There is no user user_never here. A user is known after the first sign-in.",
    )
