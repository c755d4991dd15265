"""Read a user's profile from Clerk's user object; unusable values count as absent."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from futuretracker.database.queries.users import Profile

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_TEXT = 2048  # characters; enough for a URL
MAX_TIME = 4_102_444_800_000  # milliseconds: the year 2100


def profile_of(user: Mapping[str, Any]) -> Profile:
    """Return the profile in a user object of Clerk."""
    names = [_text(user.get(name)) for name in ("first_name", "last_name")]
    return Profile(
        email=_primary_email(user),
        full_name=" ".join(name for name in names if name) or None,
        avatar_url=_text(user.get("image_url")),
        as_of=_time(user.get("updated_at")),
    )


def _primary_email(user: Mapping[str, Any]) -> str | None:
    """Return the e-mail address that Clerk marks as primary."""
    primary, addresses = user.get("primary_email_address_id"), user.get("email_addresses")
    for address in addresses if isinstance(addresses, list) else []:
        if isinstance(address, dict) and primary and address.get("id") == primary:
            return _text(address.get("email_address"))
    return None


def _text(value: object) -> str | None:
    """Return the text if it is printable; Postgres can store neither NUL nor a lone surrogate."""
    if not isinstance(value, str) or len(value) > MAX_TEXT or not value.isprintable():
        return None
    return value.strip() or None


def _time(milliseconds: object) -> datetime:
    """Return the time of Clerk's last change of the user; 1970 if it is unknown."""
    known = type(milliseconds) is int and 0 <= milliseconds <= MAX_TIME
    return datetime.fromtimestamp(milliseconds / 1000 if known else 0, UTC)  # type: ignore[operator]
