"""What a rate limit counts by: the client's address, the user, or the API key."""

from __future__ import annotations

import functools
import ipaddress
import logging
import time

from futuretracker.web.addresses import address_of
from futuretracker.web.request import current

log = logging.getLogger(__name__)

UNKNOWN = "unknown"  # the key of everything that is no IP address
WARN_EVERY = 60.0  # seconds between two log lines about such an address


def by_address() -> str:
    """Return the current request's key for the limits per IP address."""
    address = current().remote_addr
    key = address_key(address)
    if key == UNKNOWN:
        _warnings.about(address)
    return key


def by_user() -> str:
    """Return the current request's key for the limits per user: Clerk's user id."""
    return current().session.user_id


def by_api_key() -> str:
    """Return the current request's key for the limits per API key: the id of the API key."""
    api_key = current().key
    assert api_key is not None  # noqa: S101 - has_no_api_key exempts other requests
    return api_key.id


def has_no_api_key() -> bool:
    """Return whether the current request has no verified API key."""
    return current().key is None


def is_not_slowed() -> bool:
    """Return whether the current request's user does not have the lower rate limit."""
    return not current().is_slowed


def is_anonymous() -> bool:
    """Return whether the current request has no verified session."""
    return current().caller is None


@functools.lru_cache(maxsize=4096)
def address_key(address: str | None) -> str:
    """Return the key of an IP address; for IPv6 its /56 network, the usual size of one customer."""
    ip = address_of(address)
    if ip is None:
        return UNKNOWN
    if isinstance(ip, ipaddress.IPv4Address):
        return str(ip)
    return str(ipaddress.ip_network((int(ip), 56), strict=False))


class Warnings:
    """Tells in the log, once a minute, that clients share one rate limit."""

    def __init__(self) -> None:
        self._warn_at = 0.0  # monotonic seconds

    def about(self, address: str | None) -> None:
        """Log a warning, unless there was one a moment ago."""
        now = time.monotonic()
        if now < self._warn_at:
            return
        self._warn_at = now + WARN_EVERY
        log.warning(
            "the address of a client is no IP address, so such clients share one rate limit:"
            " check TRUSTED_PROXIES and X-Forwarded-For",
            extra={"address": (address or "")[:100]},
        )


_warnings = Warnings()
