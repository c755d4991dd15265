"""Origins, and hosts in URLs."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from marshmallow import ValidationError

if TYPE_CHECKING:
    from environs import Env

_ORIGIN = re.compile(r"[a-z][a-z-]*://[a-z0-9.-]+(:[0-9]+)?").fullmatch


def read_origins(env: Env, setting: str, default: str) -> tuple[str, ...]:
    """Read a comma list of origins."""

    def check(text: str) -> None:
        for origin in split(text):
            if not _ORIGIN(origin):
                raise ValidationError(f"'{origin}' is no origin such as https://app.example.com")

    return split(env.str(setting, default, validate=check) or "")


def in_url(host: str) -> str:
    """Return a host as it stands before a port: an IPv6 address in brackets."""
    return f"[{host}]" if ":" in host else host


def split(text: str) -> tuple[str, ...]:
    """Return the parts of a comma list, without the space around them."""
    return tuple(part.strip() for part in text.split(",") if part.strip())
