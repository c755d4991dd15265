"""Make a new API key from the values that a user or an operator has chosen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from futuretracker.auth.api_keys.format import make_key
from futuretracker.database.queries.api_keys import NewKey

if TYPE_CHECKING:
    from collections.abc import Mapping


def new_key(
    values: Mapping[str, Any], *, clerk_id: str, environment: str
) -> tuple[NewKey, str | None]:
    """Return the key to insert, and its text; a key with a public key has no secret and no text.

    ``values`` has name, scopes, expiresAt, allowedNetworks, publicKey and signedOnly, all checked.
    """
    made, public_key = make_key(environment), values["publicKey"]
    hmac = "hmac-sha256" if values["signedOnly"] else None
    key = NewKey(
        id=made.id,
        clerk_id=clerk_id,
        name=values["name"],
        scopes=values["scopes"],
        networks=values["allowedNetworks"],
        algorithm="ed25519" if public_key else hmac,
        public_key=public_key,
        secret_digest=None if public_key else made.digest,
        expires_at=values["expiresAt"],
    )
    return key, None if public_key else made.text
