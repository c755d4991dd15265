"""A client that sends tokens to a service, and checks of the responses."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask
    from flask.testing import FlaskClient
    from werkzeug.test import TestResponse

UNAVAILABLE = {
    "error": "Service Unavailable",
    "message": "Sign-in keys are currently unavailable. Please try again in a moment.",
}


class ServiceClient:
    """Sends requests with tokens to a service."""

    def __init__(self, app: Flask) -> None:
        self._client: FlaskClient = app.test_client()

    def ask(self, token: str) -> TestResponse:
        return self._client.get("/api/me", headers={"Authorization": f"Bearer {token}"})

    def status(self, token: str) -> int:
        return self.ask(token).status_code


def expect_unavailable(response: TestResponse) -> None:
    assert (response.status_code, response.json) == (503, UNAVAILABLE)
    assert int(response.headers["Retry-After"]) > 0
    assert "WWW-Authenticate" not in response.headers


def eventually(holds: Callable[[], bool]) -> bool:
    """Wait until a condition that another thread fulfils holds; return False after a minute."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if holds():
            return True
        time.sleep(0.01)
    return False
