"""The clock: if it is wrong, valid tokens are refused."""

from __future__ import annotations

import time
from email.utils import parsedate_to_datetime
from http.client import HTTPException
from typing import TYPE_CHECKING

from futuretracker.auth.tokens import LEEWAY
from futuretracker.checks.finding import Failed, Undecided, error, ok, warning
from futuretracker.checks.items.database import connection
from futuretracker.checks.probes.exchange import Response, ask
from futuretracker.database.queries.health import select_time

if TYPE_CHECKING:
    from futuretracker.checks.finding import Finding
    from futuretracker.checks.subject import Subject

FIX = "Synchronise this host with a time server: timedatectl set-ntp true."
MAX_SKEW = 2.0  # seconds, because a Date header has whole seconds


def skew(subject: Subject) -> Finding:
    """Compare the clock with those of Postgres, the public URL and Clerk."""
    found = {
        "the database": _of_database(subject),
        "the public URL": _of_url(subject.settings.public_url),
        "Clerk": _of_url(subject.config.clerk.jwks_url),
    }
    known = {name: seconds for name, seconds in found.items() if seconds is not None}
    if not known:
        raise Undecided("There is no other clock to compare with.", "Set PUBLIC_URL.")
    name, seconds = max(known.items(), key=lambda item: abs(item[1]))
    if abs(seconds) >= LEEWAY:
        return error(
            f"{name} is {seconds:+.1f} s ahead; from {LEEWAY} s on, valid tokens are refused.", FIX
        )
    if abs(seconds) > MAX_SKEW:
        return warning(f"{name} is {seconds:+.1f} s ahead; tokens tolerate {LEEWAY} s.", FIX)
    return ok(f"The clock agrees with {', '.join(known)}.")


def _of_database(subject: Subject) -> float | None:
    """Return how far Postgres' clock is ahead; the error is at most half a round trip."""
    server = subject.config.database.primary
    if server.is_local:
        return None  # the same clock
    try:
        with connection(server) as conn:
            started = time.time()
            there = select_time(conn)
            return there - (started + time.time()) / 2
    except (Undecided, Failed):
        return None


def _of_url(url: str | None) -> float | None:
    """Return how far the clock behind a URL is ahead, from its Date header."""
    if not url:
        return None
    try:
        response = ask(url)
        return _date(response) + 0.5 - response.at
    except (OSError, HTTPException, ValueError, TypeError):
        return None


def _date(response: Response) -> float:
    return parsedate_to_datetime(response.headers["Date"]).timestamp()
