"""How long keys are kept, and that a refresh delays no request."""

from __future__ import annotations

import logging
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from futuretracker.auth.keys import Jwks
from tests.auth.keys.service_client import ServiceClient, eventually

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest
    from flask import Flask

    from tests.auth.forge import Clock, Forge
    from tests.auth.keys.endpoint import Endpoint


def test_keys_are_kept_for_five_minutes(
    service: ServiceClient, endpoint: Endpoint, clock: Clock, forge: Forge
) -> None:
    for _ in range(10):
        assert service.status(forge.token()) == 200
        clock.forward(29.9)

    assert len(endpoint.requests) == 1
    clock.forward(2)
    assert service.status(forge.token()) == 200
    assert eventually(lambda: len(endpoint.requests) == 2)


def test_a_refresh_never_delays_a_known_key(
    *,
    service: ServiceClient,
    endpoint: Endpoint,
    clock: Clock,
    forge: Forge,
    stranger: Forge,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Jwks, "TIMEOUT", 60.0)  # a request that waits for the refresh waits long
    assert service.status(forge.token()) == 200
    go_on = threading.Event()
    endpoint.respond = endpoint.respond_after(go_on)
    endpoint.publish(stranger.jwk(kid="ins_2"), forge.jwk())
    clock.forward(301)

    started = time.monotonic()
    assert [service.status(forge.token()) for _ in range(10)] == [200] * 10
    assert time.monotonic() - started < 30
    assert eventually(lambda: len(endpoint.requests) == 2)
    go_on.set()
    # The fetch in the background also brought the second key.
    assert service.status(stranger.token(header={"kid": "ins_2"})) == 200
    assert len(endpoint.requests) == 2


def test_eight_first_requests_cost_one_fetch(
    build: Callable[..., Flask], endpoint: Endpoint, forge: Forge
) -> None:
    app = build(CLERK_PUBLISHABLE_KEY=endpoint.publishable_key)
    together = threading.Barrier(8)

    def ask(_: int) -> int:
        together.wait()
        return ServiceClient(app).status(forge.token())

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(ask, range(8))) == [200] * 8
    assert len(endpoint.requests) == 1


def test_stale_keys_are_used_for_an_hour_while_the_endpoint_fails(
    service: ServiceClient, endpoint: Endpoint, clock: Clock, forge: Forge
) -> None:
    assert service.status(forge.token()) == 200
    endpoint.status = 500
    clock.forward(301)
    for asked in range(2, 13):  # 3,599 seconds in the end
        assert service.status(forge.token()) == 200
        assert eventually(lambda asked=asked: len(endpoint.requests) == asked)  # type: ignore[misc]
        clock.forward(299.8)
    assert service.status(forge.token()) == 200

    clock.forward(2)
    assert service.status(forge.token()) == 503
    endpoint.status = 200
    clock.forward(31)
    assert service.status(forge.token()) == 200


def test_a_key_id_that_is_not_among_stale_keys_is_not_a_401(
    service: ServiceClient, endpoint: Endpoint, clock: Clock, forge: Forge
) -> None:
    """It may be a new key's: a 401 would log its users out because Clerk is slow."""
    assert service.status(forge.token()) == 200
    endpoint.status = 500
    clock.forward(301)

    assert service.status(forge.token(header={"kid": "ins_2"})) == 503
    assert service.status(forge.token()) == 200


def test_a_withdrawn_key_is_refused(
    *,
    service: ServiceClient,
    endpoint: Endpoint,
    clock: Clock,
    forge: Forge,
    stranger: Forge,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO, logger="futuretracker")
    endpoint.publish(forge.jwk(), stranger.jwk(kid="ins_2"))
    withdrawn = {"kid": "ins_2"}
    assert service.status(stranger.token(header=withdrawn)) == 200
    endpoint.publish(forge.jwk())
    clock.forward(301)

    assert service.status(forge.token()) == 200
    assert eventually(lambda: service.status(stranger.token(header=withdrawn)) == 401)
    assert caplog.records[-1].event["reason"] == "jwk-kid-mismatch"  # type: ignore[attr-defined]
    assert len(endpoint.requests) == 2
