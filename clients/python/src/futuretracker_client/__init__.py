"""Typed client of the FutureTracker API: ``Client`` and ``AsyncClient``.

``types`` has the types of bodies and responses.
"""

from futuretracker_client import types
from futuretracker_client._client import AsyncClient, Client
from futuretracker_client._errors import FutureTrackerError

__all__ = ["AsyncClient", "Client", "FutureTrackerError", "types"]
