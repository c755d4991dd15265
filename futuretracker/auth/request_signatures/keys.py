"""The keys that verify signatures. A key fixes its algorithm; a request cannot choose another."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar, TypeAlias

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from http_message_signatures.algorithms import ED25519, HMAC_SHA256, HTTPSignatureAlgorithm

_HMAC_LENGTH = 32  # bytes


@dataclass(frozen=True, slots=True)
class Ed25519Key:
    """An ed25519 key.

    Args:
        public: The public key. Raises ValueError if it has not 32 bytes.
    """

    public: bytes
    material: Ed25519PublicKey = field(init=False, repr=False, compare=False)
    name: ClassVar[str] = "ed25519"
    algorithm: ClassVar[type[HTTPSignatureAlgorithm]] = ED25519

    def __post_init__(self) -> None:
        object.__setattr__(self, "material", Ed25519PublicKey.from_public_bytes(self.public))


@dataclass(frozen=True, slots=True)
class HmacKey:
    """A key for HMAC-SHA256.

    Args:
        material: The SHA-256 of the secret. Raises ValueError if it has fewer than 32 bytes.
    """

    material: bytes = field(repr=False)
    name: ClassVar[str] = "hmac-sha256"
    algorithm: ClassVar[type[HTTPSignatureAlgorithm]] = HMAC_SHA256

    def __post_init__(self) -> None:
        if len(self.material) < _HMAC_LENGTH:
            raise ValueError("The key of an HMAC must have at least 32 bytes")


Key: TypeAlias = Ed25519Key | HmacKey


def key_of(algorithm: str, material: bytes) -> Key:
    """Return the key for an algorithm's name; raise ValueError."""
    kinds: dict[str, type[Key]] = {Ed25519Key.name: Ed25519Key, HmacKey.name: HmacKey}
    if algorithm not in kinds:
        raise ValueError(f"There is no signature algorithm '{algorithm}'")
    return kinds[algorithm](material)
