"""Download Cloudflare's lists of networks, and check that they are plausible."""

from __future__ import annotations

import ipaddress
from urllib.error import URLError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, build_opener

# Bits of the prefix. Cloudflare's widest networks are a /13 (until 2021 a /12) and a /29.
WIDEST = {4: 12, 6: 28}
LOCAL = {"127.0.0.1", "localhost"}
WITHIN = 20  # seconds for one list
LARGEST = 65_536  # bytes of one list
# Networks that are not on the public internet (RFC 6890). No proxy has an address in them.
PRIVATE = [
    ipaddress.ip_network(text)
    for text in (
        *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16"),
        *("172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24", "192.168.0.0/16", "198.18.0.0/15"),
        *("198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/3", "2001:db8::/32"),
    )
]
PUBLIC = ipaddress.ip_network("2000::/3")  # all public addresses of IPv6
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class Refused(Exception):
    """Nothing may be changed; the message is a sentence that says why."""


class _NoRedirect(HTTPRedirectHandler):
    """Treat a redirect as an error, because it may lead to another host."""

    def redirect_request(self, *_arguments: object) -> None:
        return None


def current(version: int, url: str, known: list[str]) -> list[Network]:
    """Return the networks of one version of IP that Cloudflare has now.

    ``known`` are the networks until now, of both versions.
    """
    lines = [line.strip() for line in _download(url).splitlines() if line.strip()]
    if not lines:
        raise Refused(f"{url} is empty.")
    found = list(dict.fromkeys(_network(line, version, url) for line in lines))
    networks = [ipaddress.ip_network(text) for text in known]
    before = [network for network in networks if network.version == version]
    if 2 * len(found) < len(before):
        raise Refused(f"{url} has {len(found)} networks, but {len(before)} were known until now.")
    if _addresses(found) > 2 * _addresses(before):
        raise Refused(f"{url} has more than twice as many addresses as were known until now.")
    return found


def _addresses(networks: list[Network]) -> int:
    return sum(network.num_addresses for network in networks)


def _download(url: str) -> str:
    """Return a list, with a limit of time and size."""
    parts = urlsplit(url)
    if parts.scheme != "https" and parts.hostname not in LOCAL:
        raise Refused(f"{url} is not an https URL.")
    try:
        with build_opener(_NoRedirect).open(url, timeout=WITHIN) as response:
            body = response.read(LARGEST + 1)
    except (OSError, URLError) as problem:
        raise Refused(f"{url} cannot be read: {problem}.") from problem
    if len(body) > LARGEST:
        raise Refused(f"{url} is longer than {LARGEST} bytes.")
    return str(body.decode(errors="replace"))


def _network(line: str, version: int, url: str) -> Network:
    try:
        found = ipaddress.ip_network(line)
    except ValueError:
        raise Refused(f"{url} holds {line[:60]!r}, which is not a network.") from None
    if found.version != version:
        raise Refused(f"{url} holds {found}, which is not an IPv{version} network.")
    if found.prefixlen < WIDEST[version]:
        raise Refused(f"{url} holds {found}, which is wider than /{WIDEST[version]}.")
    outside = isinstance(found, ipaddress.IPv6Network) and not found.overlaps(PUBLIC)
    if outside or any(found.overlaps(one) for one in PRIVATE if one.version == version):
        raise Refused(f"{url} holds {found}, which is not on the public internet.")
    return found
