"""Address blocks: what belongs to one home or campus, and what to one provider."""

from __future__ import annotations

from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Final

CACHED: Final = 65536


@lru_cache(maxsize=CACHED)
def block(address: str) -> str:
    """Return the /24 of an IPv4 address or the /48 of an IPv6 address; "" if it is neither."""
    return _network(address, 24, 48)


@lru_cache(maxsize=CACHED)
def provider(address: str) -> str:
    """Return the /16 of an IPv4 address or the /32 of an IPv6 address; "" if it is neither.

    A mobile provider gives a telephone many /24s, and most of them are in few /16s.
    """
    return _network(address, 16, 32)


def _network(address: str, short: int, long: int) -> str:
    try:
        parsed: IPv4Address | IPv6Address = ip_address(address)
    except ValueError:
        return ""
    if isinstance(parsed, IPv6Address) and parsed.ipv4_mapped is not None:
        parsed = parsed.ipv4_mapped
    if isinstance(parsed, IPv4Address):
        return f"{IPv4Address(int(parsed) >> 32 - short << 32 - short)}/{short}"
    return f"{IPv6Address(int(parsed) >> 128 - long << 128 - long)}/{long}"  # without the zone
