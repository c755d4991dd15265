"""Read Signature-Input and Signature, and check what needs neither the key nor the body.

These headers are Structured Fields (RFC 9651), which can be written in many ways. This module
accepts only the canonical way, and only one signature. So nobody can write the signature of a
request differently, and the parameters can be verified as they were sent.
"""

from __future__ import annotations

import re
from base64 import b64decode
from typing import TYPE_CHECKING, NamedTuple, Protocol

from futuretracker.auth.request_signatures.profile import (
    BODY_COMPONENTS,
    COMPONENTS,
    OPTIONAL_PARAMETERS,
    REQUIRED_PARAMETERS,
    TAG,
    TOLERANCE,
    BadSignature,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_LENGTH = 1024  # characters of Signature-Input; a usual one has 230
_LABEL = r"(?P<label>[a-z*][a-z0-9_.*-]{0,63})"
_PARAMETER = r'[a-z*][a-z0-9_.*-]{0,63}=(?:"[^"\\;]*"|[0-9]+)'
_INPUT = re.compile(
    rf'{_LABEL}=(?P<value>\((?P<names>"[^"]*"(?: "[^"]*")*)\)(?P<parameters>(?:;{_PARAMETER})+))'
).fullmatch
# 32 or 64 bytes. The last character has two or four bits that belong to no byte and must be zero.
_SIGNATURE = re.compile(
    rf"{_LABEL}=:(?P<value>[A-Za-z0-9+/]{{42}}[AEIMQUYcgkosw048]=|[A-Za-z0-9+/]{{85}}[AQgw]==):"
).fullmatch
_FORMS = {
    "created": re.compile("[1-9][0-9]{0,11}").fullmatch,
    "expires": re.compile("[1-9][0-9]{0,11}").fullmatch,
    "keyid": re.compile('"[0-9A-Za-z]{12}"').fullmatch,
    "nonce": re.compile('"[A-Za-z0-9_-]{22,64}"').fullmatch,  # at least 128 bits as base64url
    "tag": re.compile(f'"{TAG}"').fullmatch,
    "alg": re.compile('"[a-z0-9-]{1,32}"').fullmatch,
}
_COVERED = {frozenset(COMPONENTS), frozenset(BODY_COMPONENTS)}


class Headers(Protocol):
    """The headers of a request. Names are in lower case, or their case does not matter."""

    def get(self, name: str, /) -> str | None:
        """Return the value of a header."""


class Parsed(NamedTuple):
    """A signature as it was sent. ``parameters`` are in text form: a string has its quotes."""

    components: tuple[str, ...]
    parameters: Mapping[str, str]
    signature_params: str  # Signature-Input without the label
    signature: bytes


class Signed(NamedTuple):
    """A signature that fits the profile and is recent, but is not verified."""

    key_id: str
    nonce: str
    created: int
    algorithm: str | None  # None: the request does not name it
    parsed: Parsed

    @property
    def covers_body(self) -> bool:
        """Whether the signature is for a request with a body."""
        return "content-digest" in self.parsed.components


def signature_of(headers: Headers, now: float) -> Signed | None:
    """Return the signature of a request, or None without one; raise BadSignature.

    Args:
        headers: The headers of the request.
        now: The time, in seconds since 1970.
    """
    given = headers.get("signature-input")
    signature = headers.get("signature")
    if given is None and signature is None:
        return None
    if given is None or signature is None:
        raise BadSignature("signature-incomplete")
    parsed = parse(given, signature)
    parameters = parsed.parameters
    _check_components(parsed.components)
    _check_parameters(parameters)
    _check_times(parameters, now)
    algorithm = parameters.get("alg")
    return Signed(
        key_id=parameters["keyid"][1:-1],
        nonce=parameters["nonce"][1:-1],
        created=int(parameters["created"]),
        algorithm=algorithm and algorithm[1:-1],
        parsed=parsed,
    )


def parse(signature_input: str, signature: str) -> Parsed:
    """Return the only signature of the two headers; raise BadSignature."""
    if len(signature_input) > MAX_LENGTH or not (given := _INPUT(signature_input)):
        raise BadSignature("signature-input-malformed")
    if not (signed := _SIGNATURE(signature)):
        raise BadSignature("signature-malformed")
    if signed["label"] != given["label"]:
        raise BadSignature("signature-label-differs")
    pairs = [part.split("=", 1) for part in given["parameters"].split(";")[1:]]
    parameters = dict(pairs)
    if len(parameters) != len(pairs):
        raise BadSignature("signature-parameter-repeated")
    names = tuple(given["names"][1:-1].split('" "'))
    return Parsed(names, parameters, given["value"], b64decode(signed["value"]))


def _check_components(components: tuple[str, ...]) -> None:
    names = frozenset(components)
    if len(names) != len(components) or names not in _COVERED:
        raise BadSignature("signature-components-differ")


def _check_parameters(parameters: Mapping[str, str]) -> None:
    if not parameters.keys() >= REQUIRED_PARAMETERS:
        raise BadSignature("signature-parameter-missing")
    if not parameters.keys() <= REQUIRED_PARAMETERS | OPTIONAL_PARAMETERS:
        raise BadSignature("signature-parameter-unknown")
    for name, value in parameters.items():
        if not _FORMS[name](value):
            raise BadSignature(f"signature-{name}-invalid")


def _check_times(parameters: Mapping[str, str], now: float) -> None:
    created = int(parameters["created"])
    if now - created > TOLERANCE:
        raise BadSignature("signature-stale")
    if created - now > TOLERANCE:
        raise BadSignature("signature-from-the-future")
    expires = int(parameters.get("expires", "0"))
    if expires and expires <= created:
        raise BadSignature("signature-expires-invalid")
    if expires and expires < now:
        raise BadSignature("signature-expired")
