"""A worker for a test that fetches unknown keys at once, without a cooldown."""

from __future__ import annotations

from futuretracker.auth.keys import Jwks
from futuretracker.server import Worker

__all__ = ["Worker"]

Jwks.COOLDOWN = 0.0
