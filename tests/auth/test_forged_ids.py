"""A program that can write to the store cannot make one user's token read another's rows."""

from __future__ import annotations

import struct
import time
from typing import TYPE_CHECKING
from unittest import mock
from uuid import UUID

import pytest
from psycopg.conninfo import make_conninfo

from futuretracker.auth.store_key import store_key
from futuretracker.auth.users import MAX_AGE
from futuretracker.store import configured_store
from tests.conftest import ORIGIN, config_from
from tests.support import servers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from futuretracker.commands.local.issuer import Issuer
    from futuretracker.store import Store
    from tests.support.servers import Service


@pytest.fixture(params=["lmdb", "valkey"])
def store_settings(request: pytest.FixtureRequest, settings: dict[str, str]) -> Iterator[str]:
    """Put the store, and a password, into the settings; yield the store's URL."""
    # Postgres trusts local connections, so it does not look at the password.
    settings["DATABASE_URL"] = make_conninfo(settings["DATABASE_URL"], password="a password")
    if request.param == "lmdb":
        yield settings["STORE_URL"]
        return
    with servers.valkey() as (url, _pid):
        settings["REDIS_URL"] = url
        yield url


class Attack:
    """A victim with a row, and an attacker with a token and access to the store."""

    def __init__(self, service: Service, issuer: Issuer, store: Store) -> None:
        self._service, self._issuer, self._store = service, issuer, store
        self.victim = f"user_victim{time.time_ns()}"
        created = service.request(
            "POST",
            "/api/opportunities",
            token=self.token(self.victim),
            body={"title": "The victim's"},
        )
        assert created.status == 201
        self.victim_id = UUID(self.me(self.victim))

    def token(self, user: str) -> str:
        return self._issuer.token(user, ttl=3600, azp=ORIGIN)

    def me(self, user: str) -> str:
        response = self._service.request("GET", "/api/me", token=self.token(user))
        assert response.status == 200
        found: str = response.json["internalUserId"]
        return found

    def read(self, user: str) -> bytes:
        """Return what the service has stored for a user."""
        (value,) = self._store.visit([], [f"user:{user}"]).values
        assert value is not None
        return value

    def succeeds_with(self, value: bytes) -> bool:
        """Store a value for a new user; return whether the user then reads the victim's rows."""
        attacker = f"user_attacker{time.time_ns()}"
        for key in (f"user:{attacker}", f"id:{attacker}"):  # version 1.0 used the second one
            self._store.put(key, value, MAX_AGE)
        listed = self._service.request("GET", "/api/opportunities", token=self.token(attacker))
        assert listed.status == 200
        return bool(listed.json) or self.me(attacker) == str(self.victim_id)


@pytest.fixture
def attack(serve: Callable[..., Service], issuer: Issuer, store_settings: str) -> Attack:
    service = serve(WEB_CONCURRENCY="1")
    return Attack(service, issuer, configured_store(store_settings))


def test_no_value_that_an_attacker_can_write_gives_access_to_a_victim(attack: Attack) -> None:
    genuine = attack.read(attack.victim)
    bare = struct.pack(">16sd", attack.victim_id.bytes, time.time() + MAX_AGE)
    assert genuine.startswith(attack.victim_id.bytes)

    forged = {
        "without a digest, as in version 1.0": bare,
        "with a digest of zeros": bare + bytes(16),
        "the victim's own value": genuine,
        "the victim's value for longer": bare + genuine[24:],
        "nothing": b"",
        "too short": b"x",
        "too long": genuine + b"x",
    }
    assert [name for name, value in forged.items() if attack.succeeds_with(value)] == []


def test_a_genuine_id_is_believed_by_another_process(
    serve: Callable[..., Service], attack: Attack, store_settings: str
) -> None:
    """It has the same key, because it has the same password for Postgres."""
    other = serve(WEB_CONCURRENCY="1")
    before = attack.read(attack.victim)
    token = attack.token(attack.victim)
    assert other.request("GET", "/api/me", token=token).json["internalUserId"] == str(
        attack.victim_id
    )

    assert attack.read(attack.victim) == before  # else it would have asked Postgres


def test_the_key_follows_from_the_password_of_the_database(settings: dict[str, str]) -> None:
    def key(url: str) -> bytes:
        return store_key(config_from({**settings, "DATABASE_URL": url}).database)

    one = key("postgresql://a:secret@localhost/one")
    assert one == key("postgresql://a:secret@127.0.0.1/two?sslmode=disable")
    assert one != key("postgresql://a:another@localhost/one")
    assert b"secret" not in one
    assert len(one) == 32
    without = key("postgresql://a@localhost/one")
    assert without == key("postgresql://b@localhost/two")  # random, and the same in this process
    with mock.patch("futuretracker.auth.store_key._OF_THIS_SERVICE", bytes(32)):
        assert key("postgresql://a@localhost/one") != without
