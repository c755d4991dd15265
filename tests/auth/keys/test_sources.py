"""Where the keys come from: a PEM, a publishable key, a secret key, or an issuer, in this order."""

from __future__ import annotations

from base64 import b64encode
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from futuretracker.config.environment import ConfigError
from tests.auth.forge import ISSUER, NOT_THERE, Forge
from tests.auth.keys.endpoint import WELL_KNOWN
from tests.auth.keys.service_client import ServiceClient
from tests.auth.predictable import predictable_key

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask

    from tests.auth.keys.endpoint import Endpoint

SPELLINGS: dict[str, Callable[[str], str]] = {
    "new lines": lambda pem: pem,
    "no new line at the end": lambda pem: pem.strip(),
    "escapes": lambda pem: pem.replace("\n", "\\n"),
    "escapes, none at the end": lambda pem: pem.strip().replace("\n", "\\n"),
    "double quotes": lambda pem: f'"{pem}"',
    "single quotes": lambda pem: f"'{pem}'",
    "quotes and escapes": lambda pem: '"' + pem.replace("\n", "\\n") + '"',
    "carriage returns": lambda pem: pem.replace("\n", "\r\n"),
    "spaces around": lambda pem: f"  {pem}  ",
}


@pytest.mark.parametrize("name", SPELLINGS)
def test_a_pem_works_however_it_is_spelt_and_without_a_network(
    build: Callable[..., Flask], endpoint: Endpoint, forge: Forge, stranger: Forge, name: str
) -> None:
    service = ServiceClient(
        build(
            CLERK_JWT_PUBLIC_KEY=SPELLINGS[name](forge.pem),
            CLERK_PUBLISHABLE_KEY=endpoint.publishable_key,
            CLERK_SECRET_KEY="sk_test_1",
        )
    )

    assert service.status(forge.token()) == 200
    assert service.status(forge.token(header={"kid": NOT_THERE})) == 200
    assert service.status(stranger.token()) == 401
    assert endpoint.requests == []


def test_a_pem_that_is_not_a_strong_rsa_key_stops_the_start(build: Callable[..., Flask]) -> None:
    curve = ec.generate_private_key(ec.SECP256R1()).public_key()
    pems = [
        Forge(bits=1024).pem,
        Forge(exponent=3).pem,
        Forge(key=predictable_key()).pem,
        curve.public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        ).decode(),
        "-----BEGIN PUBLIC KEY-----\nMIIB\n-----END PUBLIC KEY-----",
        "-----BEGIN PUBLIC KEY-----",
    ]

    for pem in pems:
        with pytest.raises(ConfigError, match=r"CLERK_JWT_PUBLIC_KEY"):
            build(CLERK_JWT_PUBLIC_KEY=pem, CLERK_ISSUER=ISSUER)


@pytest.mark.parametrize("kind", ["pk_test_", "pk_live_"])
@pytest.mark.parametrize("padding", ["=", ""], ids=["padded", "not padded"])
def test_a_publishable_key_names_the_frontend_api(
    build: Callable[..., Flask], endpoint: Endpoint, forge: Forge, kind: str, padding: str
) -> None:
    host = b64encode(f"{endpoint.host}$".encode()).decode()
    key = kind + (host if padding else host.rstrip("="))
    # The Frontend API is public, so the secret is not sent there.
    service = ServiceClient(build(CLERK_PUBLISHABLE_KEY=key, CLERK_SECRET_KEY="sk_test_1"))

    assert service.status(forge.token()) == 200
    assert service.status(forge.token({"iss": ISSUER})) == 401
    assert endpoint.requests == [(WELL_KNOWN, None)]


def test_a_secret_key_downloads_keys_from_the_backend_api(
    build: Callable[..., Flask], endpoint: Endpoint, forge: Forge
) -> None:
    service = ServiceClient(
        build(
            CLERK_SECRET_KEY="sk_test_1",
            CLERK_API_URL=f"https://{endpoint.host}",
            CLERK_ISSUER=ISSUER,
        )
    )

    assert service.status(forge.token({"iss": ISSUER})) == 200
    assert service.status(forge.token()) == 401
    assert endpoint.requests == [("/v1/jwks", "Bearer sk_test_1")]


def test_with_an_issuer_alone_its_keys_are_used(
    build: Callable[..., Flask], endpoint: Endpoint, forge: Forge
) -> None:
    service = ServiceClient(build(CLERK_ISSUER=forge.issuer))

    assert service.status(forge.token()) == 200
    assert endpoint.requests == [(WELL_KNOWN, None)]


def test_the_issuer_setting_overrides_that_of_the_publishable_key(
    build: Callable[..., Flask], endpoint: Endpoint, forge: Forge
) -> None:
    service = ServiceClient(
        build(CLERK_PUBLISHABLE_KEY=endpoint.publishable_key, CLERK_ISSUER=ISSUER)
    )

    assert service.status(forge.token({"iss": ISSUER})) == 200
    assert service.status(forge.token()) == 401
    assert endpoint.requests == [(WELL_KNOWN, None)]
