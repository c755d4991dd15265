"""Each action reaches every process of a service within two seconds, and so does its undoing."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest

from futuretracker.anomalies.actions import respond
from futuretracker.anomalies.actions.undo import undo
from tests.auth.api_keys.conftest import KEYS, SCOPES
from tests.support.clerk import session_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.anomalies.actions.conftest import World
    from tests.conftest import User
    from tests.support.servers import Service

ME = "/api/v1/me"


def statuses(service: Service, token: str) -> set[int]:
    return {service.request("GET", ME, token=token).status for _ in range(20)}


@pytest.mark.parametrize("action", ["revoke-session", "suspend-key", "lower-limit"])
def test_an_action_and_its_undoing(
    serve: Callable[..., Service], world: World, alice: User, bob: User, action: str
) -> None:
    service = serve(WEB_CONCURRENCY="4", patient=True, RATE_LIMIT_USER_SLOWED="2 per hour")
    body: Any = {"name": "Script", "scopes": SCOPES}
    key = service.request("POST", KEYS, token=alice.token, body=body).json
    token = key["secret"] if action == "suspend-key" else alice.token
    subject = (
        f"key:{key['id']}" if action == "suspend-key" else f"session:{session_of(alice.token)}"
    )
    refused = {429} if action == "lower-limit" else {401}
    assert statuses(service, token) == statuses(service, bob.token) == {200}
    settings = world.read(f"*={action}")
    finding = world.found(subject, alice.id)

    respond(world.watch, finding, settings)
    time.sleep(2)
    assert statuses(service, token) >= refused
    assert statuses(service, token) == refused
    assert statuses(service, bob.token) == {200}
    (undone,) = undo(world.watch, finding.id, settings)
    assert undone.outcome == "undone"
    time.sleep(2)
    assert 200 in statuses(service, token)
    assert statuses(service, token) == {200}
