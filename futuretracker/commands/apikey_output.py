"""What ``apikey`` prints for a person: a table of keys, and sentences about one key."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from futuretracker.auth.revocations import MAX_AGE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    Key = Mapping[str, Any]  # as the API returns it

HEADINGS = ("ID", "NAME", "SCOPES", "CREATED", "EXPIRES", "LAST USED")
LONGEST_AGENT = 60  # characters of a User-Agent that fit on a terminal


def table(keys: Sequence[Key]) -> str:
    """Return one line for each key below a line of headings. Times are in UTC."""
    rows = [HEADINGS, *map(_row, keys)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )


def created(user: str, key: Key, secret: str | None) -> str:
    """Return what is printed about a new key, with its secret."""
    sentence = f"Created the API key {key['id']} of {user}."
    if secret is None:
        return f"{sentence} It has no secret: requests are signed with the private key."
    return f"{sentence} The secret is shown only now:\n{secret}"


def revoked(user: str, key: Key) -> str:
    """Return what is printed about a key that was deleted."""
    return (
        f"{key['id']} ({printable(key['name'])}) of {user} is deleted. Every process refuses it"
        f" within {MAX_AGE:.0f} seconds. It had the scopes {', '.join(key['scopes'])}."
        f" Last used: {_last_used(key)}."
    )


def printable(text: str) -> str:
    """Return a text of a user without what a terminal would carry out or not show."""
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text)


def _row(key: Key) -> tuple[str, ...]:
    return (
        key["id"],
        printable(key["name"]),
        ", ".join(key["scopes"]),
        _minute(key["createdAt"]),
        _end(key),
        _last_used(key),
    )


def _end(key: Key) -> str:
    time = key["expiresAt"]
    text = "never" if time is None else _minute(time)
    if time is not None and dt.datetime.fromisoformat(time) <= dt.datetime.now(dt.UTC):
        return f"{text} (expired)"
    return f"{text} (suspended)" if key["suspendedAt"] else text


def _last_used(key: Key) -> str:
    used = key["lastUsed"]
    if used is None:
        return "never"
    place = f" from {used['address']}" if used["address"] else ""
    agent = printable(used["userAgent"] or "")[:LONGEST_AGENT]
    return _minute(used["at"]) + place + (f" ({agent})" if agent else "")


def _minute(time: str) -> str:
    """Return a time of the API, which is in UTC, without its seconds."""
    return time[:16].replace("T", " ")
