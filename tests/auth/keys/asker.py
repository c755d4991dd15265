"""Somebody who asks a service with tokens, and what is expected of the answers."""

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


class Asker:
    """Asks a service with tokens."""

    def __init__(self, app: Flask) -> None:
        self._client: FlaskClient = app.test_client()

    def ask(self, token: str) -> TestResponse:
        return self._client.get("/api/me", headers={"Authorization": f"Bearer {token}"})

    def status(self, token: str) -> int:
        return self.ask(token).status_code


def expect_unavailable(answer: TestResponse) -> None:
    assert (answer.status_code, answer.json) == (503, UNAVAILABLE)
    assert int(answer.headers["Retry-After"]) > 0
    assert "WWW-Authenticate" not in answer.headers


def eventually(holds: Callable[[], bool]) -> bool:
    """Wait for what another thread brings about."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if holds():
            return True
        time.sleep(0.01)
    return False
