"""The clients that are out there, against the real service: axios and fetch in Node."""

from __future__ import annotations

import os
from itertools import count
from typing import TYPE_CHECKING

import pytest

from tests.conftest import ORIGIN
from tests.support.node import install, node
from tests.support.servers import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable

    from futuretracker.commands.local.issuer import Issuer
    from tests.support.servers import Service

    Serve = Callable[..., Service]

pytestmark = pytest.mark.needs("node")
CLIENTS = ROOT / "tests/clients"
numbers = count(1)


def run(client: str, service: Service, issuer: Issuer) -> None:
    """Run one client's tests as a user whom no other test knows."""
    install(CLIENTS)
    user = f"user_node{next(numbers)}x{os.getpid()}"
    result = node(
        CLIENTS,
        "node",
        "--test",
        "--test-reporter=tap",
        f"{client}.test.js",
        API_URL=f"http://127.0.0.1:{service.port}",
        TOKEN=issuer.token(user, ttl=600, azp=ORIGIN),
        EXPIRED_TOKEN=issuer.token(user, ttl=-60, azp=ORIGIN),
    )
    assert result.returncode == 0, result.stdout + result.stderr
    assert "# fail 0" in result.stdout
    assert "# skipped 0" in result.stdout


def test_the_early_web_client_runs_unchanged(serve: Serve, issuer: Issuer) -> None:
    run("early", serve(patient=True), issuer)


def test_the_latest_web_client_runs_unchanged(serve: Serve, issuer: Issuer) -> None:
    run("latest", serve(patient=True), issuer)


def test_the_chrome_extension_runs_unchanged(serve: Serve, issuer: Issuer) -> None:
    run("extension", serve(patient=True), issuer)
