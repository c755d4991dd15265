"""The application of wsgi.py with long timeouts, for tests that a busy machine must not break.

A test of the deployed timeouts serves ``wsgi:app`` instead.
"""

import os

from futuretracker import store
from futuretracker.api import streaming
from futuretracker.database.connection import BoundedConnection
from futuretracker.database.pool import Pool
from futuretracker.store.failover import SharedStore
from futuretracker.web import turns

LONG = 60.0  # seconds

# Tests of overload set this, because they need refusals as in production.
turns.PATIENCE = turns.LATE = float(os.environ.get("TESTS_TURN_PATIENCE", LONG))
streaming.PART = int(os.environ.get("TESTS_LIST_PART", streaming.PART))
store.TIMEOUT = SharedStore.SLOW = SharedStore.STUCK = LONG
BoundedConnection.RESPONSE_WITHIN = LONG
Pool.CONNECT_WITHIN = float(os.environ.get("TESTS_CONNECT_WITHIN", LONG))

from wsgi import app  # noqa: E402 - it opens the connections

__all__ = ["app"]
