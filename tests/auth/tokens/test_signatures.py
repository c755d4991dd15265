"""The signature: RS256 with the trusted key over exactly these bytes, verified before any claim."""

from __future__ import annotations

import hmac
import json
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, utils

from tests.auth.forge import Forge, In, b64
from tests.auth.tokens.sender import EXPIRED

if TYPE_CHECKING:
    from collections.abc import Callable

    from cryptography.hazmat.primitives.hashes import HashAlgorithm

    from tests.auth.tokens.sender import TokenSender

pytestmark = pytest.mark.in_process  # the reason of a refusal is in the log


def hs256(secret: bytes) -> Callable[[bytes], bytes]:
    return lambda data: hmac.digest(secret, data, "sha256")


def rsa_with(forge: Forge, algorithm: HashAlgorithm) -> Callable[[bytes], bytes]:
    return lambda data: forge.key.sign(data, padding.PKCS1v15(), algorithm)


def ps256(forge: Forge) -> Callable[[bytes], bytes]:
    pss = padding.PSS(padding.MGF1(hashes.SHA256()), 32)
    return lambda data: forge.key.sign(data, pss, hashes.SHA256())


def es256(data: bytes) -> bytes:
    key = ec.generate_private_key(ec.SECP256R1())
    r, s = utils.decode_dss_signature(key.sign(data, ec.ECDSA(hashes.SHA256())))
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


OTHER_ALGORITHMS: dict[str, tuple[str, Callable[[Forge], Callable[[bytes], bytes]]]] = {
    "none, with the signature": ("none", lambda forge: forge.rs256),
    "RS384": ("RS384", lambda forge: rsa_with(forge, hashes.SHA384())),
    "RS512": ("RS512", lambda forge: rsa_with(forge, hashes.SHA512())),
    "PS256": ("PS256", ps256),
    "ES256": ("ES256", lambda _: es256),
    "ES256 with zeros": ("ES256", lambda _: lambda _: bytes(64)),
    "HS256 with the PEM": ("HS256", lambda forge: hs256(forge.pem.encode())),
    "HS256 with the PEM, no newline": ("HS256", lambda forge: hs256(forge.pem.strip().encode())),
    "HS256 with the DER": (
        "HS256",
        lambda forge: hs256(forge.public_bytes(serialization.Encoding.DER)),
    ),
    "HS256 with the JWK": ("HS256", lambda forge: hs256(json.dumps(forge.jwk()).encode())),
    "HS256 with nothing": ("HS256", lambda _: hs256(b"")),
    "HS256 with secret": ("HS256", lambda _: hs256(b"secret")),
    "HS256 with password": ("HS256", lambda _: hs256(b"password")),
    "HS256 with the kid": ("HS256", lambda forge: hs256(forge.kid.encode())),
}


@pytest.mark.parametrize("name", OTHER_ALGORITHMS)
@pytest.mark.parametrize("honest", [True, False], ids=["named", "named RS256"])
def test_another_algorithm_is_refused(
    *, sender: TokenSender, forge: Forge, name: str, honest: bool
) -> None:
    alg, sign = OTHER_ALGORITHMS[name]
    if alg == "none":
        token = swapped(forge.token(), header=forge.header({"alg": "none" if honest else "RS256 "}))
    else:
        token = forge.token(header={"alg": alg if honest else "RS256"}, sign=sign(forge))
    expected = "token-invalid-algorithm"
    if not honest and alg != "none":
        expected = "token-invalid-signature"

    assert sender.refusal(f"Bearer {token}") == expected


def swapped(token: str, *, header: bytes | None = None, payload: bytes | None = None) -> str:
    """Replace the header or the payload, but keep the signature."""
    old_header, old_payload, signature = token.split(".")
    new_header = old_header if header is None else b64(header)
    return f"{new_header}.{old_payload if payload is None else b64(payload)}.{signature}"


def resigned(change: Callable[[bytes], bytes]) -> Callable[[Forge, Forge], str]:
    """Change bytes of the valid signature."""
    return lambda forge, _: forge.token(sign=lambda data: change(forge.rs256(data)))


def with_loose_bits(token: str) -> str:
    """Encode the same signature differently, with unused bits in the last base64 character."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    return token[:-1] + alphabet[alphabet.index(token[-1]) ^ 1]


SIGNATURES: dict[str, tuple[Callable[[Forge, Forge], str], str]] = {
    "zeroed": (resigned(lambda raw: bytes(len(raw))), "token-invalid-signature"),
    "flipped": (resigned(lambda raw: bytes([raw[0] ^ 1]) + raw[1:]), "token-invalid-signature"),
    "flipped at the end": (
        resigned(lambda raw: raw[:-1] + bytes([raw[-1] ^ 1])),
        "token-invalid-signature",
    ),
    "truncated": (resigned(lambda raw: raw[:-1]), "token-invalid-signature"),
    "one byte": (resigned(lambda raw: raw[:1]), "token-invalid-signature"),
    "longer": (resigned(lambda raw: raw + b"\0"), "token-invalid-signature"),
    "a zero before": (resigned(lambda raw: b"\0" + raw), "token-invalid-signature"),
    "one": (resigned(lambda raw: bytes(len(raw) - 1) + b"\1"), "token-invalid-signature"),
    "spelt another way": (lambda forge, _: with_loose_bits(forge.token()), "token-malformed"),
    "one character short": (lambda forge, _: forge.token()[:-1], "token-malformed"),
    "another payload": (
        lambda forge, _: swapped(forge.token(), payload=forge.payload({"sub": "user_admin"})),
        "token-invalid-signature",
    ),
    "another header": (
        lambda forge, _: swapped(forge.token(), header=forge.header({"kid": "ins_2"})),
        "token-invalid-signature",
    ),
    "another token's": (
        lambda forge, _: swapped(forge.token({"sub": "user_a"}), payload=forge.payload({})),
        "token-invalid-signature",
    ),
    "another key, same kid": (lambda _, stranger: stranger.token(), "token-invalid-signature"),
    "another instance": (
        lambda _, stranger: stranger.token({"iss": "https://clerk.other.example"}),
        "token-invalid-signature",
    ),
}


@pytest.mark.parametrize("name", SIGNATURES)
def test_a_wrong_signature_is_refused(
    sender: TokenSender, forge: Forge, stranger: Forge, name: str
) -> None:
    make, reason = SIGNATURES[name]

    assert sender.refusal(f"Bearer {make(forge, stranger)}") == reason


def test_claims_are_checked_only_after_the_signature(
    sender: TokenSender, forge: Forge, stranger: Forge
) -> None:
    """Otherwise anybody could find out which claims the service accepts."""
    ended = {"exp": In(-60), "iat": In(-120)}

    assert sender.refusal(f"Bearer {forge.token(ended)}", EXPIRED) == "token-expired"
    assert sender.refusal(f"Bearer {stranger.token(ended)}") == "token-invalid-signature"
