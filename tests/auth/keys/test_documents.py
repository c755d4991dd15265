"""The contents of a JWKS: the service uses strong RSA signing keys and ignores the rest."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from futuretracker.auth.keys import parse_jwks
from tests.auth.forge import NOT_THERE, Forge, b64
from tests.auth.keys.service_client import expect_unavailable
from tests.auth.predictable import predictable_key

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.auth.forge import Clock
    from tests.auth.keys.endpoint import Endpoint
    from tests.auth.keys.service_client import ServiceClient


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
def test_an_invalid_jwks_is_a_503_and_does_not_change_known_keys(
    service: ServiceClient, endpoint: Endpoint, clock: Clock, forge: Forge, document: bytes
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


def jwk_with(**changes: Any) -> Callable[[Forge], object]:
    return lambda other: other.jwk(**changes)


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
    **{
        f"alg {alg!r}": jwk_with(alg=alg)
        for alg in ("PS512", "PS256", "RS384", "RS512", "rs256", "", None, 1, ["RS256"], {})
    },
    **{
        f"key_ops {operations!r}": jwk_with(key_ops=operations)
        for operations in (
            *(["sign"], ["encrypt", "wrapKey"], [], [["verify"]], ["VERIFY"], None, "verify"),
            *(1, {"verify": True}),
        )
    },
    "private": private_jwk,
    "private, d alone": lambda other: other.jwk(d=b64(b"\1" * 256)),
    "private, d null": lambda other: other.jwk(d=None),
    "predictable (ROCA)": lambda _: Forge(kid="ins_2", key=predictable_key()).jwk(),
    "null": lambda _: None,
    "a list": lambda _: ["kty", "RSA"],
    "a string": lambda _: "RSA",
    "a number": lambda _: 1,
}


@pytest.mark.parametrize("name", POISON)
def test_a_key_that_is_not_a_strong_rsa_signing_key_is_ignored(
    *,
    service: ServiceClient,
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
def test_tokens_of_an_invalid_modulus_are_refused(
    service: ServiceClient, endpoint: Endpoint, forge: Forge, stranger: Forge, n: bytes
) -> None:
    endpoint.publish(forge.jwk(), stranger.jwk(kid="ins_2", n=b64(n)))

    assert service.status(stranger.token(header={"kid": "ins_2"})) == 401
    assert service.status(forge.token()) == 200


@pytest.mark.parametrize(
    "members",
    [
        {"use": "sig"},
        {"use": NOT_THERE},
        {"alg": NOT_THERE},
        {"key_ops": ["verify"]},
        {"use": NOT_THERE, "alg": NOT_THERE, "key_ops": ["sign", "verify"]},
    ],
    ids=str,
)
def test_a_signing_key_may_say_what_it_is_for(
    service: ServiceClient, endpoint: Endpoint, forge: Forge, members: dict[str, Any]
) -> None:
    endpoint.publish(forge.jwk(**members))

    assert service.status(forge.token()) == 200


def test_the_log_says_why_keys_are_ignored(
    service: ServiceClient,
    endpoint: Endpoint,
    forge: Forge,
    stranger: Forge,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """One line for each reason, however many keys the document has."""
    bad: list[dict[str, Any]] = [
        *({"alg": "PS512"}, {"key_ops": ["sign"]}, {"use": "enc"}, {"kty": "EC"}, {"d": "AQ"}),
        *({"kid": 1}, {"n": "!"}),
    ]
    entries = [stranger.jwk(**{"kid": "ins_2", **members}) for members in bad]
    weak = [Forge(bits=1024).jwk(), Forge(exponent=3).jwk(), Forge(key=predictable_key()).jwk()]
    endpoint.publish(*entries, *weak, *[None] * 500, forge.jwk())

    assert service.status(forge.token()) == 200
    ignored = [r for r in caplog.records if r.getMessage() == "sign-in key ignored"]
    assert {record.cause: record.count for record in ignored} == {  # type: ignore[attr-defined]
        "alg is not RS256": 1,
        "key_ops has no verify": 1,
        "use is not sig": 1,
        "kty is not RSA": 1,
        "private": 1,
        "no kid": 1,
        "n or e is not valid": 1,
        "not 2048 bits or more with e = 65537": 2,
        "can be factored (ROCA, CVE-2017-15361)": 1,
        "not an object": 500,
    }
    assert len(ignored) == 10


VALUES: list[object] = [
    *(None, True, False, 0, -1, 10**400, 1.5, "", "!", "\0", "\ud800", "\xe9", "=", "AQAB"),
    *("A" * 5000, "RSA", "sig", "RS256", [], {}, [[]], [None], {"a": 1}, ["verify"], ["RSA"]),
]


@pytest.mark.parametrize(
    "member", ["kty", "use", "alg", "key_ops", "kid", "n", "e", "d", "p", "oth", "x5c", "crv"]
)
def test_a_member_of_any_value_raises_no_error_and_does_not_affect_other_keys(
    forge: Forge, stranger: Forge, member: str
) -> None:
    entries = [stranger.jwk(kid=f"other_{number}") for number in range(len(VALUES))]
    for entry, value in zip(entries, VALUES, strict=True):
        entry[member] = value
    document = json.dumps({"keys": [*entries, forge.jwk()]}).encode()

    assert parse_jwks(document)[forge.kid] == forge.key.public_key()


def test_a_document_with_one_key_id_twice_is_refused(
    service: ServiceClient, endpoint: Endpoint, clock: Clock, forge: Forge, stranger: Forge
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
