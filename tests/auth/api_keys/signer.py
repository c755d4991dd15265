"""Sign requests with an API key over HTTP."""

from __future__ import annotations

import hmac
import json
import secrets
import time
from base64 import b64encode
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.auth.api_keys.conftest import KEYS, SCOPES

if TYPE_CHECKING:
    from collections.abc import Callable

AUTHORITY = "api.example.com"
URL = f"https://{AUTHORITY}"
ALGORITHMS = ("ed25519", "hmac-sha256")


@dataclass
class Signer:
    """A key that signs: its id, and what signs the bytes of a signature base."""

    id: str
    sign: Callable[[bytes], bytes]

    def headers(
        self, method: str, target: str, body: bytes = b"", **changes: Any
    ) -> dict[str, str]:
        """Return the headers of a signed request.

        ``changes`` are other values of the parameters, and another ``authority``.
        """
        path, _, query = target.partition("?")
        covered = {
            "@method": method,
            "@authority": changes.pop("authority", AUTHORITY),
            "@path": path,
            "@query": f"?{query}",
        }
        sent = {}
        if body:
            digest = b64encode(sha256(body).digest()).decode()
            sent = {"content-type": "application/json", "content-digest": f"sha-256=:{digest}:"}
            covered |= sent
        values = {"created": int(time.time()), "keyid": self.id, "nonce": secrets.token_urlsafe(16)}
        values |= {"tag": "futuretracker"} | changes
        parameters = "".join(f";{name}={json.dumps(value)}" for name, value in values.items())
        components = f"({' '.join(json.dumps(name) for name in covered)}){parameters}"
        lines = [f'"{name}": {value}' for name, value in covered.items()]
        base = "\n".join([*lines, f'"@signature-params": {components}'])
        signature = b64encode(self.sign(base.encode())).decode()
        return {**sent, "signature-input": f"sig={components}", "signature": f"sig=:{signature}:"}


def new_signer(
    algorithm: str, create: Callable[[dict[str, Any]], dict[str, Any]], **fields: Any
) -> Signer:
    """Make a key of this algorithm; ``create`` sends the body to the route and returns the key."""
    body = {"name": "Signer", "scopes": SCOPES, **fields}
    if algorithm == "ed25519":
        private = Ed25519PrivateKey.generate()
        pem = private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        made = create({**body, "publicKey": pem.decode()})
        assert made["secret"] is None
        return Signer(made["id"], private.sign)
    made = create({**body, "signedOnly": True})
    return Signer(made["id"], hmac_of(made["secret"]))


def hmac_of(secret: str) -> Callable[[bytes], bytes]:
    """Return what signs with the secret of a key."""
    key = sha256(secret.rpartition("_")[2][:43].encode()).digest()
    return lambda base: hmac.digest(key, base, "sha256")


__all__ = ["ALGORITHMS", "AUTHORITY", "KEYS", "URL", "Signer", "hmac_of", "new_signer"]
