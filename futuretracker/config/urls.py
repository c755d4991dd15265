"""Comma-separated lists, and URLs."""

from __future__ import annotations

import ipaddress
import re
from typing import TYPE_CHECKING

from marshmallow import ValidationError

if TYPE_CHECKING:
    from futuretracker.config.environment import Environment

_WEB = re.compile(r"https://[A-Za-z0-9.-]+(:[0-9]+)?(/[!-~]*)?").fullmatch
_PUBLIC = re.compile(r"https://([a-z0-9.-]+|\[[0-9a-f:.]+\])(:[0-9]{1,5})?", re.ASCII).fullmatch
_PLACE = re.compile(r"(?:\[([0-9A-Fa-f:.]+)\]|([0-9.]+))(?::([0-9]{1,5}))?", re.ASCII).fullmatch
_MAIL = re.compile(r"mailto:[!-~]+@[A-Za-z0-9.-]+").fullmatch


def read_source(env: Environment) -> str:
    """Read the URL of the source code; it may be empty."""
    return env.text("SOURCE_URL", _check_source)


def read_contacts(env: Environment) -> tuple[str, ...]:
    """Read where to report a vulnerability, as RFC 9116 wants it: a list of URIs."""
    return split(env.text("SECURITY_CONTACT", _check_contacts))


def read_public_url(env: Environment) -> str:
    """Read the URL that clients use: ``https://host`` without a slash at the end, or empty."""
    return env.text("PUBLIC_URL", _check_public).rstrip("/")


def read_authority(env: Environment, port: int) -> str:
    """Read the host that signed requests must name; empty in production without PUBLIC_URL.

    It has no port if that is the port of https. Elsewhere the default is the address of ``dev``.
    """
    url = read_public_url(env)
    if not url and env.text("FUTURETRACKER_ENV") != "production":
        return f"127.0.0.1:{port}"
    return url.removeprefix("https://").removesuffix(":443")


def read_origin(env: Environment) -> tuple[str, int] | None:
    """Read the address and the port of this host behind Cloudflare; None if it is not set."""
    text = env.text("ORIGIN_ADDRESS", _check_origin).strip()
    return _place(text) if text else None


def in_url(host: str) -> str:
    """Return a host as URLs write it: an IPv6 address in brackets."""
    return f"[{host}]" if ":" in host else host


def split(text: str) -> tuple[str, ...]:
    """Return the parts of a comma-separated list, without the space around them."""
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _check_public(url: str) -> None:
    if url and not _PUBLIC(url.rstrip("/")):
        raise ValidationError("must be an https:// URL without a path")


def _place(text: str) -> tuple[str, int]:
    """Return address and port of ``192.0.2.1:443``, ``[2001:db8::1]:443``; each without a port."""
    found = _PLACE(in_url(text) if text.count(":") > 1 and "[" not in text else text)
    if not found:
        raise ValueError(text)
    port = int(found[3] or 443)
    if not 0 < port < 2**16:
        raise ValueError(text)
    return str(ipaddress.ip_address(found[1] or found[2])), port


def _check_origin(text: str) -> None:
    try:
        _place(text.strip() or "192.0.2.1")
    except ValueError:
        raise ValidationError("must be an IP address, and a port if it is not 443") from None


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
