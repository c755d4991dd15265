"""A worker for a test: it fetches unknown keys at once, however recent the last fetch is."""

from __future__ import annotations

from futuretracker.auth.keys import Jwks
from futuretracker.server import Worker

__all__ = ["Worker"]

Jwks.COOLDOWN = 0.0
