"""What a rate limit counts by: the client's address, or the user."""

from __future__ import annotations

import functools
import ipaddress
import logging
import re
import time

from futuretracker.web.request import current

log = logging.getLogger(__name__)

UNKNOWN = "unknown"  # the key of everything that is no IP address
WARN_EVERY = 60.0  # seconds between two log lines about such an address
# Some load balancers write the client's port into X-Forwarded-For.
_WITH_PORT = re.compile(r"\[(?P<v6>[^\]]*)\](:[0-9]+)?|(?P<v4>[^:]*):[0-9]+").fullmatch


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


def is_anonymous() -> bool:
    """Return whether the current request has no verified session."""
    return current().caller is None


@functools.lru_cache(maxsize=4096)
def address_key(address: str | None) -> str:
    """Return the key of an IP address; for IPv6 its /56 network, the usual size of one customer.

    The address may be followed by a port, as in ``192.0.2.7:80`` and ``[2001:db8::1]:80``.
    """
    found = _WITH_PORT(address or "")
    try:
        ip = ipaddress.ip_address(found["v6"] or found["v4"] if found else address or "")
    except ValueError:
        return UNKNOWN
    if isinstance(ip, ipaddress.IPv4Address):
        return str(ip)
    if ip.ipv4_mapped:
        return str(ip.ipv4_mapped)
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
