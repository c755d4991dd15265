"""What a rate limit counts by: the client's address, or the user."""

from __future__ import annotations

import functools
import ipaddress

from futuretracker.web.request import current


def by_address() -> str:
    """Return the current request's key for the limits per IP address."""
    return address_key(current().remote_addr)


def by_user() -> str:
    """Return the current request's key for the limits per user: Clerk's user id."""
    return current().session.user_id


def is_anonymous() -> bool:
    """Return whether the current request has no verified session."""
    return current().caller is None


@functools.lru_cache(maxsize=4096)
def address_key(address: str | None) -> str:
    """Return the key of an IP address; for IPv6 its /56 network, the usual size of one customer."""
    try:
        ip = ipaddress.ip_address(address or "")
    except ValueError:
        return "unknown"
    if isinstance(ip, ipaddress.IPv4Address):
        return str(ip)
    if ip.ipv4_mapped:
        return str(ip.ipv4_mapped)
    return str(ipaddress.ip_network((int(ip), 56), strict=False))
