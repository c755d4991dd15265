"""A worker for a test: it fetches unknown keys at once, and waits long for the endpoint."""

from __future__ import annotations

from futuretracker.auth.keys import Jwks
from futuretracker.server import Worker

__all__ = ["Worker"]

Jwks.COOLDOWN, Jwks.TIMEOUT = 0.0, 60.0
