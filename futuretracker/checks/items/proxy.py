"""What stands in front: whose address the service counts, and that nothing goes around it."""

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
from futuretracker.limits import address_key

if TYPE_CHECKING:
    from futuretracker.checks.finding import Finding
    from futuretracker.checks.probes.exchange import Answer
    from futuretracker.checks.subject import Subject

TRIES = 3
MOST = 10  # proxies that TRUSTED_PROXIES may name
MEND = (
    "Set TRUSTED_PROXIES to the number of proxies that stand in front, and let the first of them"
    " overwrite X-Forwarded-For ($remote_addr)."
)


def hops(subject: Subject) -> Finding:
    """Claim other addresses, and see by the budgets in the answers whether that is believed.

    Each address is of a /56 that nobody has (RFC 3849), and so has a budget of its own. One that is
    believed shows its first request each time; one that is not shows a budget that goes down.
    """
    if all(_spent(answer) == 1 for answer in _claims(subject)):
        return error("A client that sends X-Forwarded-For is counted as the address in it.", MEND)
    if subject.config.trusted_proxies == 0:
        return error(
            "TRUSTED_PROXIES is 0, but a proxy speaks TLS: everybody is counted as that proxy.",
            MEND,
        )
    counted = _counted(subject)
    if counted.proxy:
        return error("Everybody is counted as one address, the proxy's.", MEND)
    if counted.client:
        return ok("Clients are counted by their own address, whatever they claim.")
    return ok("A forged X-Forwarded-For changes nothing.")


def gunicorn(subject: Subject) -> Finding:
    """See that clients cannot pass by the proxy: by the settings, not by what a firewall does."""
    config = subject.config
    mend = "Set HOST=127.0.0.1 or use a socket file; in a container let the proxy alone reach it."
    if subject.settings.public_url and urlsplit(subject.public_url).port == config.port:
        return error(f"PUBLIC_URL names gunicorn's own port {config.port}.", mend)
    try:
        address = ipaddress.ip_address(config.host)
    except ValueError:
        is_private = config.host == "localhost"
    else:
        is_private = address.is_loopback
        if address.is_global:
            return error(f"gunicorn listens on the public address {config.host}.", mend)
    if is_private:
        return ok(f"gunicorn listens on {config.host} alone.")
    return warning(f"gunicorn listens on {config.host}, beyond this host.", mend)


class Counted(NamedTuple):
    """Whose budget our requests were taken from, as far as the store shows it."""

    client: bool
    proxy: bool


def _counted(subject: Subject) -> Counted:
    """Ask again, and see in the store whose budget that was taken from.

    A proxy on this host is 127.0.0.1, ::1 or, at a socket file, nobody.
    """
    url, general = subject.config.store_url, subject.config.general.name
    own = address_key(_claims(subject)[0].source)
    keys = [own, *{address_key(address) for address in ("127.0.0.1", "::1", None)} - {own}]
    names = [f"{general}:{key}" for key in keys]
    try:
        before = hits_of(url, names)
        _claims(subject)
        after = hits_of(url, names)
    except Undecided:
        raise
    except Exception:  # noqa: BLE001 - the store has an item of its own
        return Counted(client=False, proxy=False)
    client, *proxy = (new - old >= TRIES for old, new in zip(before, after, strict=True))
    return Counted(client, any(proxy))


def _claims(subject: Subject) -> list[Answer]:
    return [
        ask_public(subject, HEALTH, headers={"X-Forwarded-For": _claim()}) for _ in range(TRIES)
    ]


def _claim() -> str:
    """Return a header so long that any number of trusted proxies would find the address in it."""
    number = (0x20010DB8 << 96) | (secrets.randbits(88) << 8) | 1
    return ", ".join([str(ipaddress.IPv6Address(number))] * MOST)


def _spent(answer: Answer) -> int:
    """Return the requests that the answer's budget has seen."""
    amount = re.search(r";q=(\d+)", answer.headers.get("RateLimit-Policy", ""))
    left = re.search(r";r=(\d+)", answer.headers.get("RateLimit", ""))
    if not amount or not left:
        raise Undecided(
            "The answer describes no budget (RateLimit, RateLimit-Policy).",
            "Let the proxy pass the service's headers on.",
        )
    return int(amount[1]) - int(left[1])
