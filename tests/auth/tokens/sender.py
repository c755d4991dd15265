"""A client that checks refused tokens: each gets the same 401, and only the log has the reason."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pytest
    from flask.testing import FlaskClient
    from werkzeug.test import TestResponse

MISSING = "Missing or invalid Authorization header"
INVALID = "Invalid token"
EXPIRED = "Token has expired"


@dataclass
class TokenSender:
    """A client of the service, with access to the log."""

    client: FlaskClient
    caplog: pytest.LogCaptureFixture

    def send(self, authorization: str | None, **options: Any) -> TestResponse:
        """Send a request with exactly this header, which no client library changes."""
        self.caplog.clear()
        environ = {} if authorization is None else {"HTTP_AUTHORIZATION": authorization}
        path = options.pop("path", "/api/me")
        return self.client.open(path, environ_overrides=environ, **options)

    def refusal(self, authorization: str | None, message: str = INVALID, **options: Any) -> str:
        """Check that the header gets a 401 with this message; return the reason in the log."""
        response = self.send(authorization, **options)
        assert (response.status_code, response.json) == (
            401,
            {"error": "Unauthorized", "message": message},
        )
        assert response.headers["WWW-Authenticate"] == "Bearer"
        (refusal,) = [r.event for r in self.caplog.records if r.msg == "AUTH"]  # type: ignore[attr-defined]
        assert refusal["ip"] == "127.0.0.1"
        assert refusal["requestId"] == response.headers["X-Request-Id"]
        self.expect_no_secret_in_the_log(authorization or "")
        reason: str = refusal["reason"]
        return reason

    def expect_no_secret_in_the_log(self, authorization: str) -> None:
        written = repr([vars(record) for record in self.caplog.records])
        for part in authorization.replace(".", " ").split():
            assert len(part) < 20 or part not in written
