"""The outer walls: Cloudflare cannot be bypassed, the firewall blocks, fail2ban bans."""

from __future__ import annotations

import re
import shutil
import socket
import subprocess
from contextlib import suppress
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from futuretracker.checks.finding import Failed, Undecided, error, ok, warning
from futuretracker.checks.items.https import HEALTH
from futuretracker.checks.probes.exchange import ask_public
from futuretracker.checks.probes.origin import Outcome, try_origin
from futuretracker.config.urls import in_url

if TYPE_CHECKING:
    from futuretracker.checks.finding import Finding
    from futuretracker.checks.subject import Subject

UNSET = "ORIGIN_ADDRESS is not set: clients reach this host directly."
# It looks like an attack on files, and the service ignores it.
PROBE = f"{HEALTH}?file=../../../../etc/passwd"
JAILS = frozenset(
    f"futuretracker-{name}" for name in ("floods", "limits", "scanners", "tokens", "waf")
)
FAIL2BAN = "fail2ban-client"
CLIENT_WITHIN = 4.0  # seconds
PULLS = "Turn on authenticated origin pulls: docs/operations/cloudflare.md."


def hidden(subject: Subject) -> Finding:
    """Try to reach the service at the address of this host, past Cloudflare."""
    origin = subject.settings.origin
    if not origin:
        return ok(UNSET)
    parts = urlsplit(subject.public_url)
    if origin in _places(parts.hostname or "", parts.port or 443):
        return error(
            f"The DNS name of PUBLIC_URL has the address {origin[0]} itself.",
            "Let Cloudflare proxy the record, so that it shows Cloudflare's addresses.",
        )
    outcome = _try(subject, origin, certificate=False)
    if outcome is Outcome.SERVED:
        return error(f"The service responds at {_text(origin)}, past Cloudflare.", PULLS)
    if outcome is Outcome.CLOSED:
        return ok(f"{_text(origin)} accepts no connection from here.")
    return ok(f"{_text(origin)} gives no response to a client that is not Cloudflare.")


def pulls(subject: Subject) -> Finding:
    """Show a client certificate that is not Cloudflare's to this host."""
    origin = subject.settings.origin
    if not origin:
        return ok(UNSET)
    outcome = _try(subject, origin, certificate=True)
    if outcome is Outcome.SERVED:
        raise Failed(
            f"The service responds at {_text(origin)} to any client certificate, or to none.",
            PULLS,
            cause="origin-hidden",
        )
    if outcome is Outcome.CLOSED:
        raise Undecided(
            f"{_text(origin)} accepts no connection from here.",
            "Run the check on the host itself, so that no firewall is in between.",
        )
    return ok(f"{_text(origin)} refuses a client certificate that is not Cloudflare's.")


def attacks(subject: Subject) -> Finding:
    """Send a request that every firewall for web applications knows as an attack."""
    status = ask_public(subject, PROBE).status
    if status == HTTPStatus.FORBIDDEN:
        return ok("A request that looks like an attack is blocked with 403.")
    if status == HTTPStatus.OK:
        return warning(
            "A request that looks like an attack reaches the service.",
            "Switch on the firewall: docs/operations/waf.md.",
        )
    raise Undecided(f"The response to a request that looks like an attack is {status}.")


def jails(_subject: Subject) -> Finding:
    """Ask fail2ban which jails are running."""
    if not shutil.which(FAIL2BAN):
        return ok("fail2ban is not on this host.")
    fix = "Install the files of deploy/fail2ban: docs/operations/under-attack.md."
    command = [FAIL2BAN, "status"]
    ran = subprocess.run(  # noqa: S603 - a fixed command
        command, check=False, capture_output=True, text=True, timeout=CLIENT_WITHIN
    )
    if "ermission denied" in ran.stdout + ran.stderr:
        raise Undecided("fail2ban does not respond to this user.", "Run the check as root.")
    if ran.returncode:
        return error("fail2ban is on this host, but does not run.", "systemctl status fail2ban")
    listed = re.search(r"Jail list:\s*(.*)", ran.stdout)
    running = {name.strip() for name in listed[1].split(",")} if listed else set()
    if missing := sorted(JAILS - running):
        return error(f"These jails do not run: {', '.join(missing)}.", fix)
    return ok(f"All {len(JAILS)} jails of fail2ban are running.")


def _try(subject: Subject, origin: tuple[str, int], *, certificate: bool) -> Outcome:
    host = urlsplit(subject.public_url).hostname or ""
    return try_origin(origin, host, HEALTH, certificate=certificate)


def _places(host: str, port: int) -> set[tuple[str, int]]:
    """Return the addresses of a name, each with the port."""
    with suppress(OSError):
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        return {(str(address[0]), port) for *_, address in found}
    return set()


def _text(place: tuple[str, int]) -> str:
    address, port = place
    return f"{in_url(address)}:{port}"
