"""Comma-separated lists, origins, and hosts in URLs."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from marshmallow import ValidationError

if TYPE_CHECKING:
    from futuretracker.config.environment import Environment

_ORIGIN = re.compile(r"[a-z][a-z-]*://[a-z0-9.-]+(:[0-9]+)?").fullmatch


def read_origins(env: Environment, setting: str) -> tuple[str, ...]:
    """Read a comma-separated list of origins."""
    return split(env.text(setting, _check_origins))


def in_url(host: str) -> str:
    """Return a host as URLs write it: an IPv6 address in brackets."""
    return f"[{host}]" if ":" in host else host


def split(text: str) -> tuple[str, ...]:
    """Return the parts of a comma-separated list, without the space around them."""
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _check_origins(text: str) -> None:
    for origin in split(text):
        if not _ORIGIN(origin):
            raise ValidationError(f"'{origin}' is not an origin such as https://app.example.com")
