"""The reverse proxy: clients cannot forge their address, or bypass the proxy."""

from __future__ import annotations

import ipaddress
import re
import secrets
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

from futuretracker.checks.finding import Undecided, error, ok, warning
from futuretracker.checks.items.https import HEALTH
from futuretracker.checks.items.store import hits_of
from futuretracker.checks.probes.exchange import ask_public
from futuretracker.limits import address_key, store_key

if TYPE_CHECKING:
    from futuretracker.checks.finding import Finding
    from futuretracker.checks.probes.exchange import Response
    from futuretracker.checks.subject import Subject

TRIES = 3
MAX_PROXIES = 10  # the largest TRUSTED_PROXIES
FIX = (
    "Set TRUSTED_PROXIES to the number of reverse proxies, and let the first of them overwrite"
    " X-Forwarded-For ($remote_addr)."
)


def hops(subject: Subject) -> Finding:
    """Send forged addresses, and see in the rate limit headers whether the service uses them.

    Each forged address is in a different /56 of 2001:db8::/32, which is reserved for examples
    (RFC 3849). If the service uses it, every response counts a first request. If not, the count
    goes up.
    """
    if all(_used(response) == 1 for response in _send_forged(subject)):
        return error("A client can choose its address with X-Forwarded-For.", FIX)
    if subject.config.trusted_proxies == 0:
        return error(
            "TRUSTED_PROXIES is 0, but there is a proxy: all clients are counted as that proxy.",
            FIX,
        )
    counted = _counted(subject)
    if counted.proxy:
        return error("All clients are counted as one address, the proxy's.", FIX)
    if counted.client:
        return ok("Each client is counted by its own address, whatever it sends.")
    return ok("A forged X-Forwarded-For changes nothing.")


def gunicorn(subject: Subject) -> Finding:
    """Check in the settings that clients cannot bypass the proxy. Firewalls are not visible."""
    config = subject.config
    fix = "Set HOST=127.0.0.1 or use a socket file; in a container let only the proxy reach it."
    if subject.settings.public_url and urlsplit(subject.public_url).port == config.port:
        return error(f"PUBLIC_URL names gunicorn's own port {config.port}.", fix)
    try:
        address = ipaddress.ip_address(config.host)
    except ValueError:
        is_private = config.host == "localhost"
    else:
        is_private = address.is_loopback
        if address.is_global:
            return error(f"gunicorn listens on the public address {config.host}.", fix)
    if is_private:
        return ok(f"gunicorn listens only on {config.host}.")
    return warning(f"gunicorn listens on {config.host}, which other hosts may reach.", fix)


class Counted(NamedTuple):
    """Which keys in the store counted the check's requests: the client's, or the proxy's."""

    client: bool
    proxy: bool


def _counted(subject: Subject) -> Counted:
    """Send requests again, and see in the store which keys count them.

    A proxy on this host has the address 127.0.0.1 or ::1, or none if it connects to a socket file.
    """
    url, general = subject.config.store_url, subject.config.general
    own = address_key(_send_forged(subject)[0].source)
    keys = [own, *{address_key(address) for address in ("127.0.0.1", "::1", None)} - {own}]
    names = [store_key(general, key) for key in keys]
    try:
        before = hits_of(url, names)
        _send_forged(subject)
        after = hits_of(url, names)
    except Undecided:
        raise
    except Exception:  # noqa: BLE001 - another item checks the store
        return Counted(client=False, proxy=False)
    client, *proxy = (new - old >= TRIES for old, new in zip(before, after, strict=True))
    return Counted(client, any(proxy))


def _send_forged(subject: Subject) -> list[Response]:
    return [
        ask_public(subject, HEALTH, headers={"X-Forwarded-For": _forged()}) for _ in range(TRIES)
    ]


def _forged() -> str:
    """Return a header with a random address ten times, for any number of trusted proxies."""
    number = (0x20010DB8 << 96) | (secrets.randbits(88) << 8) | 1
    return ", ".join([str(ipaddress.IPv6Address(number))] * MAX_PROXIES)


def _used(response: Response) -> int:
    """Return the number of requests that the response's rate limit has counted."""
    amount = re.search(r";q=(\d+)", response.headers.get("RateLimit-Policy", ""))
    left = re.search(r";r=(\d+)", response.headers.get("RateLimit", ""))
    if not amount or not left:
        raise Undecided(
            "The response has no RateLimit and RateLimit-Policy headers.",
            "Let the proxy pass the service's headers on.",
        )
    return int(amount[1]) - int(left[1])
