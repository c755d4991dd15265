"""A service that trusts one Clerk instance, and a client that sends it tokens."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import pytest

from tests.auth.forge import ORIGIN, Forge
from tests.auth.tokens.sender import TokenSender

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from flask import Flask
    from flask.testing import FlaskClient

EXTENSION = "chrome-extension://ocadhiiiainnijhhimhmpagfdmfcnfmj"


@pytest.fixture(scope="module")
def forge() -> Forge:
    """The Clerk instance that the service trusts."""
    return Forge()


@pytest.fixture(scope="module")
def stranger() -> Forge:
    """Another key with the same key id."""
    return Forge()


@pytest.fixture(scope="module")
def app(
    service_url: str,
    forge: Forge,
    tmp_path_factory: pytest.TempPathFactory,
    open_app: Callable[[dict[str, str]], AbstractContextManager[Flask]],
) -> Iterator[Flask]:
    """A service that trusts the forge, with Clerk's other settings at their defaults."""
    settings = {
        "DATABASE_URL": service_url,
        "STORE_URL": f"lmdb://{tmp_path_factory.mktemp('store')}",
        "TRUSTED_PROXIES": "0",
        "CORS_ORIGIN": f"{ORIGIN},{EXTENSION}",
        **forge.settings(),
    }
    with open_app(settings) as app:
        yield app


@pytest.fixture
def settings(settings: dict[str, str], forge: Forge) -> dict[str, str]:
    """The settings of a service that trusts the forge, for ``build``."""
    others = {name: value for name, value in settings.items() if not name.startswith("CLERK_")}
    return {**others, **forge.settings()}


@pytest.fixture
def sender(client: FlaskClient, caplog: pytest.LogCaptureFixture) -> TokenSender:
    caplog.set_level(logging.INFO, logger="futuretracker")
    return TokenSender(client, caplog)
