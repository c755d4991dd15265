"""Read the IP address of a client."""

from __future__ import annotations

import functools
import ipaddress
import re
from typing import TypeAlias

Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address
Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network

# Some load balancers write the client's port into X-Forwarded-For.
_WITH_PORT = re.compile(r"\[(?P<v6>[^\]]*)\](:[0-9]+)?|(?P<v4>[^:]*):[0-9]+").fullmatch


@functools.lru_cache(maxsize=4096)
def address_of(text: str | None) -> Address | None:
    """Return the IP address in a text, None if there is none; IPv4 that is mapped to IPv6 is IPv4.

    The address may be followed by a port, as in ``192.0.2.7:80`` and ``[2001:db8::1]:80``.
    """
    found = _WITH_PORT(text or "")
    try:
        address = ipaddress.ip_address(found["v6"] or found["v4"] if found else text or "")
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address
