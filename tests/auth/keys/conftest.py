"""A service that downloads its keys from an endpoint, its Clerk instance, and another key."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest

from futuretracker.auth import keys
from tests.auth.forge import Clock, Forge
from tests.auth.keys.certificates import issue
from tests.auth.keys.endpoint import Endpoint
from tests.auth.keys.service_client import ServiceClient

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from flask import Flask

    from tests.auth.keys.certificates import Certificates


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return issue(tmp_path_factory.mktemp("certificates"))


@pytest.fixture
def open_endpoint(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Path], Endpoint]]:
    opened: list[tuple[Endpoint, threading.Thread]] = []

    def start(certificate: Path) -> Endpoint:
        endpoint = Endpoint(certificate)
        thread = threading.Thread(target=endpoint.serve_forever, args=[0.01])
        thread.start()
        opened.append((endpoint, thread))
        return endpoint

    yield start
    for endpoint, thread in opened:
        endpoint.over.set()
        endpoint.shutdown()
        endpoint.server_close()
        thread.join()


@pytest.fixture
def endpoint(
    open_endpoint: Callable[[Path], Endpoint],
    certificates: Certificates,
    monkeypatch: pytest.MonkeyPatch,
    forge: Forge,
) -> Endpoint:
    """An endpoint whose certificate this process trusts, and which publishes the forge's key."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificates.authority))
    endpoint = open_endpoint(certificates.localhost)
    forge.issuer = f"https://{endpoint.host}"
    endpoint.publish(forge.jwk())
    return endpoint


@pytest.fixture(scope="session")
def keys_of_forges() -> list[Any]:
    return [Forge().key for _ in range(2)]


@pytest.fixture
def forge(keys_of_forges: list[Any]) -> Forge:
    """The Clerk instance that the service trusts."""
    return Forge(key=keys_of_forges[0])


@pytest.fixture
def stranger(keys_of_forges: list[Any], endpoint: Endpoint) -> Forge:
    """Another key that claims to be the same instance's, under the same key id."""
    return Forge(key=keys_of_forges[1], issuer=f"https://{endpoint.host}")


@pytest.fixture
def settings(settings: dict[str, str]) -> dict[str, str]:
    """The settings without Clerk's: each test names its own source."""
    return {name: value for name, value in settings.items() if not name.startswith("CLERK_")}


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(keys, "time", clock)
    return clock


@pytest.fixture
def service(build: Callable[..., Flask], endpoint: Endpoint, clock: Clock) -> ServiceClient:
    """A service that takes its keys from the endpoint."""
    return ServiceClient(build(CLERK_PUBLISHABLE_KEY=endpoint.publishable_key))
