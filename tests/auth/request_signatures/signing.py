"""Requests for these tests, and a signer that signs whatever it is told to."""

from __future__ import annotations

import hmac
from base64 import b64encode
from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from futuretracker.auth.request_signatures import (
    Ed25519Key,
    HmacKey,
    Key,
    Message,
    signature_of,
    verify,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

NOW = 1_700_000_000
KEY_ID = "0123456789Ab"
NONCE = "AbCdEfGhIjKlMnOpQrStUv"
PARAMETERS = f';created={NOW};keyid="{KEY_ID}";nonce="{NONCE}";tag="futuretracker"'
LINE = ('"@method"', '"@authority"', '"@path"', '"@query"')
ALL = (*LINE, '"content-type"', '"content-digest"')
ALGORITHMS = ("ed25519", "hmac-sha256")

_PRIVATE = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
_SECRET = bytes(range(32, 64))
KEYS: dict[str, Key] = {
    "ed25519": Ed25519Key(_PRIVATE.public_key().public_bytes_raw()),
    "hmac-sha256": HmacKey(_SECRET),
}
PRIVATE: dict[str, Ed25519PrivateKey | bytes] = {"ed25519": _PRIVATE, "hmac-sha256": _SECRET}


@dataclass
class Request:
    """A request that the tests sign, change and verify."""

    method: str = "POST"
    authority: str = "api.example.com"
    path: str = "/api/v1/opportunities"
    query: str = "q=a%20b&limit=10"
    body: bytes = b'{"title": "Climate hackathon"}'
    headers: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.body:
            self.headers.setdefault("content-type", "application/json")
            self.headers.setdefault("content-digest", digest_of(self.body))

    def value(self, component: str) -> str:
        """The value of a component, which may have parameters."""
        name = component.partition(";")[0].strip('"').lower()
        derived = {
            "@method": self.method,
            "@authority": self.authority,
            "@path": self.path,
            "@query": "?" + self.query,
            "@target-uri": f"https://{self.authority}{self.path}?{self.query}",
            "@scheme": "https",
            "@request-target": f"{self.path}?{self.query}",
        }
        return derived.get(name, self.headers.get(name, ""))

    def message(self) -> Message:
        return Message(
            self.method, self.authority, self.path, self.query, self.headers, lambda: self.body
        )


def get() -> Request:
    return Request(method="GET", body=b"")


def digest_of(body: bytes) -> str:
    return f"sha-256=:{b64encode(sha256(body).digest()).decode()}:"


def sign_bytes(algorithm: str, base: bytes) -> bytes:
    if algorithm == "ed25519":
        return _PRIVATE.sign(base)
    return hmac.digest(_SECRET, base, "sha256")


def sign(
    request: Request,
    algorithm: str,
    *,
    components: Iterable[str] | None = None,
    parameters: str = PARAMETERS,
    label: str = "sig",
) -> Request:
    """Sign these components and parameters of a request, even if they make no sense."""
    names = tuple(components if components is not None else ALL if request.body else LINE)
    value = f"({' '.join(names)}){parameters}"
    lines = [f"{name}: {request.value(name)}" for name in names]
    base = "\n".join([*lines, f'"@signature-params": {value}'])
    made = b64encode(sign_bytes(algorithm, base.encode())).decode()
    request.headers |= {"signature-input": f"{label}={value}", "signature": f"{label}=:{made}:"}
    return request


def change(request: Request, part: str, value: str) -> None:
    """Change an attribute or a header of a request."""
    if part == "body":
        request.body = value.encode()
    elif part in vars(request):
        setattr(request, part, value)
    else:
        request.headers[part] = value


def check(request: Request, algorithm: str, now: float = NOW) -> None:
    """Verify a request as the service does; raises BadSignature."""
    signed = signature_of(request.headers, now)
    assert signed
    verify(signed, request.message(), KEYS[algorithm])
