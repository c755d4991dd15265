"""Address blocks: what usually belongs to one home, campus or provider."""

from __future__ import annotations

from functools import lru_cache
from ipaddress import IPv6Address, ip_address, ip_network


@lru_cache(maxsize=65536)
def block(address: str) -> str:
    """Return the /24 of an IPv4 address or the /48 of an IPv6 address; "" if it is neither."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return ""
    if isinstance(parsed, IPv6Address) and parsed.ipv4_mapped is not None:
        parsed = parsed.ipv4_mapped
    if isinstance(parsed, IPv6Address):
        number = int(parsed) >> 80 << 80  # without the zone, as in fe80::1%eth0
        return f"{IPv6Address(number)}/48"
    return str(ip_network(f"{parsed}/24", strict=False))
