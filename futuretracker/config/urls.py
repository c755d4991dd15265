"""Comma-separated lists, and URLs."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from marshmallow import ValidationError

if TYPE_CHECKING:
    from futuretracker.config.environment import Environment

_WEB = re.compile(r"https://[A-Za-z0-9.-]+(:[0-9]+)?(/[!-~]*)?").fullmatch
_MAIL = re.compile(r"mailto:[!-~]+@[A-Za-z0-9.-]+").fullmatch


def read_source(env: Environment) -> str:
    """Read the URL of the source code; it may be empty."""
    return env.text("SOURCE_URL", _check_source)


def read_contacts(env: Environment) -> tuple[str, ...]:
    """Read where to report a vulnerability, as RFC 9116 wants it: a list of URIs."""
    return split(env.text("SECURITY_CONTACT", _check_contacts))


def in_url(host: str) -> str:
    """Return a host as URLs write it: an IPv6 address in brackets."""
    return f"[{host}]" if ":" in host else host


def split(text: str) -> tuple[str, ...]:
    """Return the parts of a comma-separated list, without the space around them."""
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _check_source(text: str) -> None:
    if text and not _WEB(text):
        raise ValidationError("it is not a URL such as https://git.example.com/futuretracker")


def _check_contacts(text: str) -> None:
    for contact in split(text):
        if not (_WEB(contact) or _MAIL(contact)):
            raise ValidationError(
                f"'{contact}' is not a URL such as mailto:security@example.com or"
                " https://example.com/security"
            )
