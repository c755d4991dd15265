"""The clock: tokens live by it, and are refused where it is off."""

from __future__ import annotations

import time
from email.utils import parsedate_to_datetime
from http.client import HTTPException
from typing import TYPE_CHECKING

from futuretracker.auth.tokens import LEEWAY
from futuretracker.checks.finding import Failed, Undecided, error, ok, warning
from futuretracker.checks.items.database import connection
from futuretracker.checks.probes.exchange import Answer, ask
from futuretracker.database.queries.health import select_time

if TYPE_CHECKING:
    from futuretracker.checks.finding import Finding
    from futuretracker.checks.subject import Subject

MEND = "Let this host follow a time server: timedatectl set-ntp true."
CLOSE = 2.0  # seconds; a Date header is up to a second old when it is made


def skew(subject: Subject) -> Finding:
    """Compare with Postgres, with the public URL and with Clerk, where each can be asked."""
    found = {
        "the database": _of_database(subject),
        "the public URL": _of_url(subject.settings.public_url),
        "Clerk": _of_url(subject.config.clerk.jwks_url),
    }
    known = {name: seconds for name, seconds in found.items() if seconds is not None}
    if not known:
        raise Undecided("No other clock could be asked.", "Set PUBLIC_URL.")
    name, seconds = max(known.items(), key=lambda item: abs(item[1]))
    if abs(seconds) >= LEEWAY:
        return error(
            f"{name} is {seconds:+.1f} s off; beyond {LEEWAY} s good tokens are refused.", MEND
        )
    if abs(seconds) > CLOSE:
        return warning(f"{name} is {seconds:+.1f} s off, and tokens have {LEEWAY} s.", MEND)
    return ok(f"The clock agrees with {', '.join(known)}.")


def _of_database(subject: Subject) -> float | None:
    """Return by how much the server is ahead: half a round trip is the most that it errs."""
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
    """Return by how much the Date header is ahead, which counts whole seconds."""
    if not url:
        return None
    try:
        answer = ask(url)
        return _date(answer) + 0.5 - answer.at
    except (OSError, HTTPException, ValueError, TypeError):
        return None


def _date(answer: Answer) -> float:
    return parsedate_to_datetime(answer.headers["Date"]).timestamp()
