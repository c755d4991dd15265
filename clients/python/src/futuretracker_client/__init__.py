"""Typed client of the FutureTracker API: ``Client`` and ``AsyncClient``.

``HmacAuth`` and ``Ed25519Auth`` sign requests with an API key, for these clients and for httpx.
``etag_of`` returns the ETag of an opportunity. ``types`` has the types of bodies and responses.
"""

from futuretracker_client import types
from futuretracker_client._client import AsyncClient, Client
from futuretracker_client._downloads import AsyncDownload, Download
from futuretracker_client._errors import FutureTrackerError
from futuretracker_client._protocol import etag_of
from futuretracker_client._signing import Ed25519Auth, HmacAuth

__all__ = [
    "AsyncClient",
    "AsyncDownload",
    "Client",
    "Download",
    "Ed25519Auth",
    "FutureTrackerError",
    "HmacAuth",
    "etag_of",
    "types",
]
