"""An unknown key is looked up at once, but a flood of them causes one fetch per cooldown."""

from __future__ import annotations

import secrets
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from tests.auth.forge import NOT_THERE
from tests.auth.keys.service_client import eventually

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.auth.forge import Clock, Forge
    from tests.auth.keys.endpoint import Endpoint
    from tests.auth.keys.service_client import ServiceClient


def test_a_token_without_a_key_id_is_refused_without_a_fetch(
    service: ServiceClient, endpoint: Endpoint, forge: Forge
) -> None:
    assert service.status(forge.token(header={"kid": NOT_THERE})) == 401
    assert endpoint.requests == []


def test_an_unknown_key_id_is_looked_up_at_once(
    service: ServiceClient, endpoint: Endpoint, clock: Clock, forge: Forge, stranger: Forge
) -> None:
    assert service.status(forge.token()) == 200
    endpoint.publish(forge.jwk(), stranger.jwk(kid="ins_2"))
    rotated = {"kid": "ins_2"}

    assert service.status(stranger.token(header=rotated)) == 401
    clock.forward(30)
    assert service.status(stranger.token(header=rotated)) == 200
    assert service.status(forge.token()) == 200
    assert len(endpoint.requests) == 2


def test_a_key_that_was_rotated_under_the_same_id_is_looked_up_at_once(
    service: ServiceClient, endpoint: Endpoint, clock: Clock, forge: Forge, stranger: Forge
) -> None:
    assert service.status(forge.token()) == 200
    endpoint.publish(stranger.jwk())

    assert service.status(stranger.token()) == 401
    clock.forward(30)
    assert service.status(stranger.token()) == 200
    assert service.status(forge.token()) == 401
    assert len(endpoint.requests) == 2


def test_a_fetch_for_an_unknown_key_id_does_not_delay_known_ones(
    service: ServiceClient, endpoint: Endpoint, clock: Clock, forge: Forge
) -> None:
    assert service.status(forge.token()) == 200
    go_on = threading.Event()
    endpoint.respond = endpoint.respond_after(go_on)
    clock.forward(31)

    with ThreadPoolExecutor() as pool:
        unknown = pool.submit(service.status, forge.token(header={"kid": "ins_2"}))
        assert eventually(lambda: len(endpoint.requests) == 2)
        assert service.status(forge.token()) == 200
        assert not unknown.done()
        go_on.set()
        assert unknown.result() == 401


def unknown_kids(forge: Forge, _: Forge) -> list[str]:
    return [forge.token(header={"kid": f"ins_{secrets.token_hex(8)}"}) for _ in range(50)]


def bad_signatures(_: Forge, stranger: Forge) -> list[str]:
    return [stranger.token() for _ in range(50)]


floods = pytest.mark.parametrize("flood", [unknown_kids, bad_signatures])


@floods
@pytest.mark.parametrize("status", [200, 500], ids=["up", "down"])
def test_a_flood_costs_one_fetch_a_cooldown(
    *,
    service: ServiceClient,
    endpoint: Endpoint,
    clock: Clock,
    forge: Forge,
    stranger: Forge,
    flood: Callable[[Forge, Forge], list[str]],
    status: int,
) -> None:
    assert service.status(forge.token()) == 200
    endpoint.status = status

    for seconds, fetches in ((29, 1), (2, 2), (29, 2), (2, 3)):
        clock.forward(seconds)
        assert [service.status(token) for token in flood(forge, stranger)] == [401] * 50
        assert len(endpoint.requests) == fetches
        assert service.status(forge.token()) == 200


@floods
def test_a_flood_from_many_threads_costs_one_fetch(
    *,
    service: ServiceClient,
    endpoint: Endpoint,
    clock: Clock,
    forge: Forge,
    stranger: Forge,
    flood: Callable[[Forge, Forge], list[str]],
) -> None:
    assert service.status(forge.token()) == 200
    clock.forward(31)

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(service.status, flood(forge, stranger))) == {401}
    assert len(endpoint.requests) == 2


@floods
def test_a_flood_before_the_first_keys_costs_one_fetch_a_cooldown_and_is_never_a_401(
    *,
    service: ServiceClient,
    endpoint: Endpoint,
    clock: Clock,
    forge: Forge,
    stranger: Forge,
    flood: Callable[[Forge, Forge], list[str]],
) -> None:
    endpoint.status = 500
    for fetches in (1, 2):
        assert {service.status(token) for token in flood(forge, stranger)} == {503}
        assert service.status(forge.token()) == 503
        assert len(endpoint.requests) == fetches
        clock.forward(31)

    endpoint.status = 200
    assert service.status(forge.token()) == 200
