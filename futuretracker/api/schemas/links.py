"""Judge links as browsers do (WHATWG URL), and return them as browsers print them."""

from __future__ import annotations

import ipaddress
import re
import unicodedata
from typing import Final

MAX_PORT: Final = 65535
MAX_LABEL: Final = 63  # bytes; RFC 1035, section 2.3.4
MAX_NAME: Final = 253  # bytes
ENCODED: Final = {ord(character): f"%{ord(character):02X}" for character in ' "<>'}
# Browsers print a query with these characters as they are.
ENCODED_IN_FRAGMENT: Final = ENCODED | {ord("`"): "%60"}
ENCODED_IN_PATH: Final = ENCODED_IN_FRAGMENT | {ord("{"): "%7B", ord("}"): "%7D"}

# A fast check for ordinary links: a short host name in ASCII, without user and port.
_ORDINARY = re.compile(
    r"https?://(?=[^/?#]{1,63}(?:[/?#]|\Z))(?:[a-z0-9]+[.-])*[a-z][a-z0-9]*"
    r"(?:[/?#][!#-;=?-\[\]_a-z~]*)?",
    re.ASCII | re.IGNORECASE,
).fullmatch
_PARTS = re.compile(
    r"(?s)(?P<scheme>https?://)(?P<authority>[^/?#]*)"
    r"(?P<path>[^?#]*)(?P<query>(?:\?[^#]*)?)(?P<fragment>.*)",
    re.ASCII | re.IGNORECASE,
).fullmatch
_HOST = re.compile(r"(?P<host>\[[^\]]*\]|[^:]*)(?::(?P<port>[0-9]*))?").fullmatch
# White space except the space, and control characters.
_UNFIT = re.compile(r"[^\S ]|[\x00-\x1f\x7f]").search
_UNFIT_IN_AUTHORITY = re.compile(r"[ <>\"{}|\\^`]").search
# What a host name cannot contain, once it is in the form that DNS uses.
_UNFIT_IN_NAME = re.compile(r"[^!$&-.;=~\w\x80-\U0010ffff]").search
_DOTS = re.compile(r"[.\u3002]")
_NUMBER = re.compile(r"0x[0-9a-f]*|[0-9]+", re.ASCII).fullmatch


def web_url(text: str) -> str | None:
    """Return an http or https URL as it is stored, or None if no browser would open it.

    The URL stays as it is written, also with international characters. Only characters that people
    type or paste and browsers percent-encode are encoded, such as a space.
    """
    if _ORDINARY(text):
        return text
    parts = _PARTS(text)
    # Browsers read a backslash as a slash. Other programs read it as a part of the host or of the
    # path.
    if not parts or _UNFIT(text) or "\\" in parts["path"] or not _is_authority(parts["authority"]):
        return None
    return (
        parts["scheme"]
        + parts["authority"]
        + parts["path"].translate(ENCODED_IN_PATH)
        + parts["query"].translate(ENCODED)
        + parts["fragment"].translate(ENCODED_IN_FRAGMENT)
    )


def _is_authority(authority: str) -> bool:
    found = _HOST(authority.rpartition("@")[2])
    if not found or _UNFIT_IN_AUTHORITY(authority):
        return False
    port = found["port"]
    return _is_host(found["host"]) and (not port or 1 <= int(port) <= MAX_PORT)


def _is_host(host: str) -> bool:
    """Return whether this is an IP address or a host name, in any script."""
    if host.startswith("["):
        return _is_ipv6(host[1:-1])
    name = unicodedata.normalize("NFKC", host).lower()
    labels = _DOTS.split(name)
    if len(labels) > 1 and not labels[-1]:
        labels.pop()
    if _NUMBER(labels[-1]):
        return _is_ipv4(labels)
    try:
        words = [_in_unicode(label) for label in labels]
    except ValueError:
        return False
    return sum(len(_in_ascii(word)) + 1 for word in words) - 1 <= MAX_NAME and all(
        map(_is_label, words)
    )


def _is_ipv6(address: str) -> bool:
    try:
        return "%" not in address and bool(ipaddress.IPv6Address(address))
    except ValueError:
        return False


def _is_ipv4(labels: list[str]) -> bool:
    """Return whether browsers read the labels as an address: up to four numbers, in any base."""
    try:
        *firsts, last = (_number(label) for label in labels)
    except ValueError:
        return False
    return len(firsts) < 4 and max(firsts, default=0) < 256 and last < 256 ** (4 - len(firsts))  # noqa: PLR2004


def _number(label: str) -> int:
    if not _NUMBER(label):
        raise ValueError
    if label.startswith("0x"):
        return int(label[2:] or "0", 16)
    return int(label, 8 if label.startswith("0") else 10)


def _in_unicode(label: str) -> str:
    """Return a label, decoded if it is Punycode; raise ValueError if that is not valid."""
    if not label.startswith("xn--"):
        return label
    word = label[4:].encode("ascii").decode("punycode")
    if word.isascii() or _in_ascii(word) != label or unicodedata.normalize("NFKC", word) != word:
        raise ValueError
    return word


def _in_ascii(word: str) -> str:
    return word if word.isascii() else "xn--" + word.encode("punycode").decode()


def _is_label(word: str) -> bool:
    return (
        bool(word)
        and word.isprintable()
        and not _UNFIT_IN_NAME(word)
        and word[0] != "-"
        and word[-1] != "-"
        and len(_in_ascii(word)) <= MAX_LABEL
        and not unicodedata.category(word[0]).startswith("M")
    )
