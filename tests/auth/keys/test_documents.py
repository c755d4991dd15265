"""What stands in a document: strong RSA keys for signatures count, and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.auth.forge import NOT_THERE, Forge, b64
from tests.auth.keys.asker import expect_unavailable

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.auth.forge import Clock
    from tests.auth.keys.asker import Asker
    from tests.auth.keys.endpoint import Endpoint


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"{}",
        b"[]",
        b"null",
        b"1",
        b"<html>",
        b"\xff\xfe",
        b'{"keys": null}',
        b'{"keys": {}}',
        b'{"keys": []}',
        b'{"keys": [[]]}',
        b'{"keys": [' + b"9" * 5000 + b"]}",
        b"[" * 60_000,
        b'{"keys": [' * 6000,
    ],
    ids=lambda document: document[:20].decode("latin-1"),
)
def test_a_document_that_is_no_jwks_is_a_503_and_leaves_known_keys_alone(
    service: Asker, endpoint: Endpoint, clock: Clock, forge: Forge, document: bytes
) -> None:
    good, endpoint.document = endpoint.document, document
    expect_unavailable(service.ask(forge.token()))

    endpoint.document = good
    clock.forward(31)
    assert service.status(forge.token()) == 200
    endpoint.document = document
    clock.forward(31)
    assert service.status(forge.token(header={"kid": "ins_2"})) == 401
    assert service.status(forge.token()) == 200


def private_jwk(forge: Forge) -> dict[str, Any]:
    numbers = forge.key.private_numbers()
    members = {name: getattr(numbers, name) for name in ("d", "p", "q")}
    members |= {"dp": numbers.dmp1, "dq": numbers.dmq1, "qi": numbers.iqmp}
    encoded = {k: b64(v.to_bytes((v.bit_length() + 7) // 8, "big")) for k, v in members.items()}
    return forge.jwk(**encoded)


COORDINATES = {"x": b64(b"\1" * 32), "y": b64(b"\2" * 32)}
POISON: dict[str, Callable[[Forge], object]] = {
    "oct": lambda _: {"kty": "oct", "kid": "ins_2", "use": "sig", "k": b64(b"secret")},
    "EC": lambda _: {"kty": "EC", "kid": "ins_2", "crv": "P-256", "use": "sig", **COORDINATES},
    "OKP": lambda _: {"kty": "OKP", "kid": "ins_2", "crv": "Ed25519", "x": b64(b"\1" * 32)},
    "1024 bits": lambda _: Forge(kid="ins_2", bits=1024).jwk(),
    "e = 3": lambda _: Forge(kid="ins_2", exponent=3).jwk(),
    "e = 1": lambda other: other.jwk(e=b64(b"\1")),
    "e = 2": lambda other: other.jwk(e=b64(b"\2")),
    "e = 0": lambda other: other.jwk(e=b64(b"\0")),
    "e empty": lambda other: other.jwk(e=""),
    "e an int": lambda other: other.jwk(e=65537),
    "e a list": lambda other: other.jwk(e=["AQAB"]),
    "n an int": lambda other: other.jwk(n=17),
    "n null": lambda other: other.jwk(n=None),
    "n not base64": lambda other: other.jwk(n="!"),
    "n not ASCII": lambda other: other.jwk(n="\xe9"),
    "no n": lambda other: other.jwk(n=NOT_THERE),
    "no e": lambda other: other.jwk(e=NOT_THERE),
    "no kid": lambda other: other.jwk(kid=NOT_THERE),
    "kid null": lambda other: other.jwk(kid=None),
    "kid int": lambda other: other.jwk(kid=2),
    "kid list": lambda other: other.jwk(kid=["ins_2"]),
    "no kty": lambda other: other.jwk(kty=NOT_THERE),
    "kty lower case": lambda other: other.jwk(kty="rsa"),
    "kty list": lambda other: other.jwk(kty=["RSA"]),
    "use enc": lambda other: other.jwk(use="enc"),
    "use null": lambda other: other.jwk(use=None),
    "use list": lambda other: other.jwk(use=["sig"]),
    "private": private_jwk,
    "null": lambda _: None,
    "a list": lambda _: ["kty", "RSA"],
    "a string": lambda _: "RSA",
    "a number": lambda _: 1,
}


@pytest.mark.parametrize("name", POISON)
def test_what_is_no_strong_rsa_signing_key_is_passed_over(
    *,
    service: Asker,
    endpoint: Endpoint,
    clock: Clock,
    forge: Forge,
    stranger: Forge,
    name: str,
) -> None:
    stranger.kid = "ins_2"
    entry = POISON[name](stranger)
    endpoint.publish(entry)
    expect_unavailable(service.ask(forge.token()))

    endpoint.publish(entry, forge.jwk(), entry)
    clock.forward(31)
    assert service.status(forge.token()) == 200
    assert service.status(stranger.token()) == 401
    assert len(endpoint.requests) == 2


@pytest.mark.parametrize(
    "n",
    [b"\xff" * 255 + b"\xfe", b"\xff" * 2048, b"\x80" + bytes(255)],
    ids=["even", "16,384 bits", "a power of two"],
)
def test_the_tokens_of_a_modulus_that_is_none_are_refused(
    service: Asker, endpoint: Endpoint, forge: Forge, stranger: Forge, n: bytes
) -> None:
    endpoint.publish(forge.jwk(), stranger.jwk(kid="ins_2", n=b64(n)))

    assert service.status(stranger.token(header={"kid": "ins_2"})) == 401
    assert service.status(forge.token()) == 200


@pytest.mark.parametrize("use", ["sig", NOT_THERE], ids=["sig", "absent"])
def test_a_signing_key_may_say_its_use(
    service: Asker, endpoint: Endpoint, forge: Forge, use: object
) -> None:
    endpoint.publish(forge.jwk(use=use))

    assert service.status(forge.token()) == 200


def test_a_document_with_one_key_id_twice_is_refused(
    service: Asker, endpoint: Endpoint, clock: Clock, forge: Forge, stranger: Forge
) -> None:
    for pair in ((forge.jwk(), stranger.jwk()), (forge.jwk(), forge.jwk())):
        endpoint.publish(*pair)
        expect_unavailable(service.ask(forge.token()))
        clock.forward(31)

    endpoint.publish(forge.jwk())
    assert service.status(forge.token()) == 200
    endpoint.publish(stranger.jwk(), forge.jwk())
    clock.forward(31)
    assert service.status(stranger.token()) == 401
    assert service.status(forge.token()) == 200
    assert len(endpoint.requests) == 4
