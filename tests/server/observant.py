"""A worker for a test: two seconds of distant visits are enough for the warning."""

from __future__ import annotations

from futuretracker.server import Worker
from futuretracker.store.pace import Pace

__all__ = ["Worker"]

Pace.MAX_DISTANT = 2
