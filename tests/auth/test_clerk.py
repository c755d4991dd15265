"""Attacks on session tokens: each is the same 401, and the log alone knows the reason."""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
import socket
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, utils

from futuretracker import cache, create_app
from futuretracker.auth import sessions
from futuretracker.auth.clerk import Session, Verifier
from futuretracker.auth.sessions import Sessions
from futuretracker.errors import Unauthenticated
from tests.auth.forge import ISSUER, NOT_THERE, ORIGIN, Clock, Forge, In, b64
from tests.conftest import config_from

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from cryptography.hazmat.primitives.hashes import HashAlgorithm
    from flask import Flask
    from flask.testing import FlaskClient
    from werkzeug.test import TestResponse

    from tests.servers import Service

MISSING = "Missing or invalid Authorization header"
INVALID = "Invalid token"
EXPIRED = "Token has expired"
EXTENSION = "chrome-extension://ocadhiiiainnijhhimhmpagfdmfcnfmj"


@pytest.fixture(scope="module")
def forge() -> Forge:
    """The Clerk instance that the service trusts."""
    return Forge()


@pytest.fixture(scope="module")
def stranger() -> Forge:
    """Another key under the same key id."""
    return Forge()


@pytest.fixture(scope="module")
def app(
    service_url: str, forge: Forge, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Flask]:
    """A service that trusts the forge and leaves Clerk's other settings as they are."""
    settings = {
        "DATABASE_URL": service_url,
        "STORE_URL": f"lmdb://{tmp_path_factory.mktemp('store')}",
        "TRUSTED_PROXIES": "0",
        "CORS_ORIGIN": f"{ORIGIN},{EXTENSION}",
        **forge.settings(),
    }
    app = create_app(config_from(settings))
    yield app
    app.extensions["database"].close()


@pytest.fixture
def settings(settings: dict[str, str], forge: Forge) -> dict[str, str]:
    """The settings of a service that ``build`` makes: it trusts the forge."""
    others = {name: value for name, value in settings.items() if not name.startswith("CLERK_")}
    return {**others, **forge.settings()}


@dataclass
class Door:
    """The service as a stranger meets it, with what it writes down."""

    client: FlaskClient
    caplog: pytest.LogCaptureFixture

    def knock(self, authorization: str | None, **options: Any) -> TestResponse:
        """Ask with this very header: no client library tidies it on the way."""
        self.caplog.clear()
        environ = {} if authorization is None else {"HTTP_AUTHORIZATION": authorization}
        path = options.pop("path", "/api/me")
        return self.client.open(path, environ_overrides=environ, **options)

    def refuse(self, authorization: str | None, message: str = INVALID, **options: Any) -> str:
        """Expect the one 401 with this message, and return the reason in the log."""
        answer = self.knock(authorization, **options)
        assert (answer.status_code, answer.json) == (
            401,
            {"error": "Unauthorized", "message": message},
        )
        assert answer.headers["WWW-Authenticate"] == "Bearer"
        (refusal,) = [r.event for r in self.caplog.records if r.msg == "AUTH"]  # type: ignore[attr-defined]
        assert refusal["ip"] == "127.0.0.1"
        assert refusal["requestId"] == answer.headers["X-Request-Id"]
        self.expect_no_secret_in_the_log(authorization or "")
        reason: str = refusal["reason"]
        return reason

    def expect_no_secret_in_the_log(self, authorization: str) -> None:
        written = repr([vars(record) for record in self.caplog.records])
        for part in authorization.replace(".", " ").split():
            assert len(part) < 20 or part not in written


@pytest.fixture
def door(client: FlaskClient, caplog: pytest.LogCaptureFixture) -> Door:
    caplog.set_level(logging.INFO, logger="futuretracker")
    return Door(client, caplog)


# What is let in.


@pytest.mark.parametrize(
    ("claims", "header"),
    [
        pytest.param({}, {}, id="as Clerk makes it"),
        pytest.param({}, {"cat": "cl_B7d4PD111AAA"}, id="cat of a session"),
        pytest.param({}, {"cat": "cl_I7d4PD111III"}, id="cat of a session, the other one"),
        pytest.param({}, {"cat": NOT_THERE}, id="no cat"),
        pytest.param({}, {"typ": NOT_THERE}, id="no typ"),
        pytest.param({}, {"kid": NOT_THERE}, id="no kid, as the PEM has no name either"),
        pytest.param({"sts": "active"}, {}, id="sts active"),
        pytest.param({"sts": NOT_THERE}, {}, id="no sts"),
        pytest.param({"azp": EXTENSION}, {}, id="azp of the extension"),
        pytest.param({"exp": In(-3), "iat": In(-60)}, {}, id="ended within the leeway"),
        pytest.param({"iat": In(4), "nbf": In(4)}, {}, id="begins within the leeway"),
        pytest.param({"iat": In(0), "exp": In(600)}, {}, id="lives ten minutes"),
        pytest.param({"iat": In(-570), "exp": In(30)}, {}, id="lived nine and a half minutes"),
        pytest.param({"o": {"id": "org_1", "rol": "admin"}, "fea": "o:x"}, {}, id="organisation"),
        pytest.param({"email": ["not", "an", "address"]}, {}, id="a custom claim of any type"),
        pytest.param({"sub": "user_" + "a" * 128}, {}, id="a long sub"),
    ],
)
def test_a_session_token_is_let_in(
    door: Door, forge: Forge, claims: Mapping[str, Any], header: Mapping[str, Any]
) -> None:
    token = forge.token(claims, header)
    answer = door.knock(f"Bearer {token}")

    assert answer.status_code == 200, answer.text
    assert answer.json["userId"].startswith("user_")
    assert not [record for record in door.caplog.records if record.msg == "AUTH"]
    door.expect_no_secret_in_the_log(token)


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER", "bEARER"])
def test_the_schemes_case_does_not_matter(door: Door, forge: Forge, scheme: str) -> None:
    assert door.knock(f"{scheme} {forge.token()}").status_code == 200


def test_a_token_of_4096_bytes_is_the_longest(door: Door, forge: Forge) -> None:
    # Base64 has no length of 4n+1: between them, a header and a payload reach every length.
    made = (
        forge.token({"pad": "x" * size}, {"kid": "k" * kid})
        for size in range(2490, 2515)
        for kid in (1, 2, 3)
    )
    tokens = {len(token): token for token in made}

    assert door.knock(f"Bearer {tokens[4096]}").status_code == 200
    assert door.refuse(f"Bearer {tokens[4097]}") == "token-malformed"


def test_a_missing_azp_is_let_in_where_the_setting_says_so(
    build: Callable[..., Flask], caplog: pytest.LogCaptureFixture, forge: Forge
) -> None:
    caplog.set_level(logging.INFO, logger="futuretracker")
    door = Door(build(CLERK_ALLOW_MISSING_AZP="true").test_client(), caplog)

    assert door.knock(f"Bearer {forge.token({'azp': NOT_THERE})}").status_code == 200
    for azp in (None, "", "https://evil.example"):
        assert door.refuse(f"Bearer {forge.token({'azp': azp})}") == "token-invalid-azp"


def test_authorized_parties_stand_in_for_the_cors_origins(
    build: Callable[..., Flask], caplog: pytest.LogCaptureFixture, forge: Forge
) -> None:
    caplog.set_level(logging.INFO, logger="futuretracker")
    parties = "https://app.example.com, https://admin.example.com"
    door = Door(build(CLERK_AUTHORIZED_PARTIES=parties).test_client(), caplog)

    for azp in ("https://app.example.com", "https://admin.example.com"):
        assert door.knock(f"Bearer {forge.token({'azp': azp})}").status_code == 200
    assert door.refuse(f"Bearer {forge.token({'azp': ORIGIN})}") == "token-invalid-azp"


# What is not: the Authorization header.

SHAPES: dict[str, tuple[str | None, str, str]] = {
    "no header": (None, MISSING, "token-missing"),
    "empty": ("", MISSING, "token-missing"),
    "no scheme": ("{token}", MISSING, "token-scheme"),
    "Basic": ("Basic {token}", MISSING, "token-scheme"),
    "Token": ("Token {token}", MISSING, "token-scheme"),
    "scheme alone": ("Bearer", MISSING, "token-scheme"),
    "colon": ("Bearer: {token}", MISSING, "token-scheme"),
    "tab": ("Bearer\t{token}", MISSING, "token-scheme"),
    "a space before": (" Bearer {token}", MISSING, "token-scheme"),
    "no-break space": ("Bearer\xa0{token}", MISSING, "token-scheme"),
    "empty token": ("Bearer ", INVALID, "token-malformed"),
    "two spaces": ("Bearer  {token}", INVALID, "token-malformed"),
    "tab after the space": ("Bearer \t{token}", INVALID, "token-malformed"),
    "a space after": ("Bearer {token} ", INVALID, "token-malformed"),
    "a line feed after": ("Bearer {token}\n", INVALID, "token-malformed"),
    "a NUL after": ("Bearer {token}\0", INVALID, "token-malformed"),
    "Bearer twice": ("Bearer Bearer {token}", INVALID, "token-malformed"),
    "two headers in one": ("Bearer {token}, Bearer {token}", INVALID, "token-malformed"),
    "two headers, comma alone": ("Bearer {token},Bearer {token}", INVALID, "token-malformed"),
    "quotes": ('Bearer "{token}"', INVALID, "token-malformed"),
    "two parts": ("Bearer {header}.{payload}", INVALID, "token-malformed"),
    "four parts": ("Bearer {token}.{signature}", INVALID, "token-malformed"),
    "five parts": ("Bearer {token}.{signature}.{signature}", INVALID, "token-malformed"),
    "three empty parts": ("Bearer ..", INVALID, "token-malformed"),
    "empty header": ("Bearer .{payload}.{signature}", INVALID, "token-malformed"),
    "detached payload": ("Bearer {header}..{signature}", INVALID, "token-malformed"),
    "empty signature": ("Bearer {header}.{payload}.", INVALID, "token-malformed"),
    "padding": ("Bearer {token}==", INVALID, "token-malformed"),
    "padding inside": ("Bearer {header}=.{payload}.{signature}", INVALID, "token-malformed"),
    "space inside": ("Bearer {header}. {payload}.{signature}", INVALID, "token-malformed"),
    "line feed inside": ("Bearer {header}.\n{payload}.{signature}", INVALID, "token-malformed"),
    "percent": ("Bearer {header}%2E{payload}.{signature}", INVALID, "token-malformed"),
    "JSON": (
        'Bearer {{"protected":"{header}","payload":"{payload}","signature":"{signature}"}}',
        INVALID,
        "token-malformed",
    ),
    "non-ASCII": ("Bearer {header}.{payload}\xe9.{signature}", INVALID, "token-malformed"),
    "UTF-8 look-alike": (
        # A Cyrillic letter's bytes, as WSGI hands them over.
        "Bearer {header}.{payload}\xd0\xb5.{signature}",
        INVALID,
        "token-malformed",
    ),
    "lone surrogate": ("Bearer {header}.{payload}\udc80.{signature}", INVALID, "token-malformed"),
    "over 4 KB": ("Bearer {token}" + "A" * 4096, INVALID, "token-malformed"),
    "1 MB": ("Bearer " + "A" * 1_000_000, INVALID, "token-malformed"),
    "not base64": ("Bearer A.A.A", INVALID, "token-malformed"),
    "dots": ("Bearer " + "." * 4000, INVALID, "token-malformed"),
}


@pytest.mark.parametrize("name", SHAPES)
def test_a_header_of_another_shape_is_refused(door: Door, forge: Forge, name: str) -> None:
    shape, message, reason = SHAPES[name]
    token = forge.token()
    header, payload, signature = token.split(".")
    if shape is not None:
        shape = shape.format(token=token, header=header, payload=payload, signature=signature)

    assert door.refuse(shape, message) == reason


def test_the_base64_of_mail_is_refused(door: Door, forge: Forge) -> None:
    token = next(t for _ in range(100) if "-" in (t := forge.token()).rpartition(".")[2])
    head, _, signature = token.rpartition(".")

    assert door.refuse(f"Bearer {head}.{signature.replace('-', '+')}") == "token-malformed"


@pytest.mark.parametrize(
    "options",
    [
        pytest.param({"path": "/api/me?token={token}"}, id="query"),
        pytest.param({"path": "/api/me?access_token={token}"}, id="access_token"),
        pytest.param({"path": "/api/me?__session={token}"}, id="__session in the query"),
        pytest.param({"headers": {"Cookie": "__session={token}"}}, id="cookie"),
        pytest.param({"headers": {"Cookie": "token={token}"}}, id="another cookie"),
        pytest.param({"headers": {"X-Forwarded-User": "user_2abc"}}, id="X-Forwarded-User"),
        pytest.param({"headers": {"X-User-Id": "user_2abc"}}, id="X-User-Id"),
        pytest.param({"headers": {"X-Remote-User": "user_2abc"}}, id="X-Remote-User"),
        pytest.param({"headers": {"X-Authorization": "Bearer {token}"}}, id="X-Authorization"),
        pytest.param({"headers": {"X-Forwarded-Authorization": "Bearer {token}"}}, id="X-Fwd-Auth"),
        pytest.param({"headers": {"Proxy-Authorization": "Bearer {token}"}}, id="Proxy-Auth"),
        pytest.param(
            {
                "path": "/api/opportunities",
                "method": "POST",
                "data": '{{"title": "x", "token": "{token}", "authorization": "Bearer {token}"}}',
                "content_type": "application/json",
            },
            id="JSON body",
        ),
        pytest.param(
            {
                "path": "/api/opportunities",
                "method": "POST",
                "data": "access_token={token}",
                "content_type": "application/x-www-form-urlencoded",
            },
            id="form body",
        ),
    ],
)
def test_a_token_in_any_other_place_is_no_token(
    door: Door, forge: Forge, options: dict[str, Any]
) -> None:
    token = forge.token()
    filled = {
        name: {k: v.format(token=token) for k, v in value.items()}
        if isinstance(value, dict)
        else value.format(token=token)
        for name, value in options.items()
    }

    assert door.refuse(None, MISSING, **filled) == "token-missing"
    door.expect_no_secret_in_the_log(token)


def test_two_authorization_headers_on_the_wire_are_refused(
    serve: Callable[..., Service], forge: Forge
) -> None:
    service = serve(WEB_CONCURRENCY="1")
    good = f"Authorization: Bearer {forge.token()}"

    def ask(*headers: str) -> bytes:
        lines = ["GET /api/me HTTP/1.1", "Host: x", "Connection: close", *headers, "", ""]
        return service.raw("\r\n".join(lines).encode("latin-1"))

    assert ask(good).startswith(b"HTTP/1.1 200 ")
    for other in (good, "Authorization: Basic eDp5", "authorization: Bearer x"):
        for pair in ((good, other), (other, good)):
            answer = ask(*pair)
            assert answer.startswith(b"HTTP/1.1 401 ")
            assert b'"error":"Unauthorized"' in answer
    # The underscore is an old way around a proxy that cleans headers.
    assert ask(good.replace("Authorization", "Authorization_")).startswith(b"HTTP/1.1 40")
    for line in service.lines():
        assert forge.token().partition(".")[0] not in json.dumps(line)


# What is not: the token's header.

PATHS = {"path": "../../../../dev/null", "SQL": "x' or '1'='1", "shell": "`id`;$(id)|id"}
URL = "https://evil.example/keys"
HEADERS: dict[str, tuple[dict[str, Any], str]] = {
    **{
        f"alg {alg}": ({"alg": alg}, "token-invalid-algorithm")
        for alg in (
            *("none", "None", "NONE", "nOnE", "", " RS256", "rs256", "RS256\0", "HS256", "RS384"),
            *("RS512", "PS256", "ES256", "EdDSA", None, 256, ["RS256"], {"RS256": 1}, True),
        )
    },
    "no alg": ({"alg": NOT_THERE}, "token-invalid-algorithm"),
    "typ at+jwt": ({"typ": "at+jwt"}, "token-invalid-header"),
    "typ jwt": ({"typ": "jwt"}, "token-invalid-header"),
    "typ int": ({"typ": 1}, "token-invalid-header"),
    "typ null": ({"typ": None}, "token-invalid-header"),
    "typ list": ({"typ": ["JWT"]}, "token-invalid-header"),
    "crit": ({"crit": ["exp"]}, "token-invalid-header"),
    "crit, empty": ({"crit": []}, "token-invalid-header"),
    "b64 false": ({"b64": False, "crit": ["b64"]}, "token-invalid-header"),
    "b64 false alone": ({"b64": False}, "token-invalid-header"),
    "b64 true": ({"b64": True}, "token-invalid-header"),
    "jku": ({"jku": URL}, "token-invalid-header"),
    "x5u": ({"x5u": URL}, "token-invalid-header"),
    "x5c": ({"x5c": ["MIIB"]}, "token-invalid-header"),
    "cat of a machine token": ({"cat": "cl_M7d4PD111MMM"}, "token-invalid-category"),
    "cat of a template": ({"cat": "cl_B7d4PD222AAA"}, "token-invalid-category"),
    "cat in lower case": ({"cat": "cl_b7d4pd111aaa"}, "token-invalid-category"),
    "cat empty": ({"cat": ""}, "token-invalid-category"),
    "cat int": ({"cat": 1}, "token-invalid-category"),
    "cat list": ({"cat": ["cl_B7d4PD111AAA"]}, "token-invalid-category"),
    "cat object": ({"cat": {}}, "token-invalid-category"),
    **{f"kid {name}": ({"kid": kid}, "jwk-kid-invalid") for name, kid in PATHS.items()},
    "kid int": ({"kid": 1}, "jwk-kid-invalid"),
    "kid null": ({"kid": None}, "jwk-kid-invalid"),
    "kid list": ({"kid": ["ins_1"]}, "jwk-kid-invalid"),
    "kid object": ({"kid": {}}, "jwk-kid-invalid"),
    "kid empty": ({"kid": ""}, "jwk-kid-invalid"),
    "kid 1 KB": ({"kid": "a" * 1024}, "jwk-kid-invalid"),
    "kid 10 KB": ({"kid": "a" * 10_240}, "token-malformed"),
    "kid NUL": ({"kid": "ins_1\0"}, "jwk-kid-invalid"),
    "kid CRLF": ({"kid": "ins_1\r\nX-Admin: 1"}, "jwk-kid-invalid"),
    "kid line feed": ({"kid": "ins_1\n"}, "jwk-kid-invalid"),
    "kid lone surrogate": ({"kid": "ins_\ud800"}, "jwk-kid-invalid"),
}


@pytest.mark.parametrize("name", HEADERS)
def test_a_token_with_another_header_is_refused(door: Door, forge: Forge, name: str) -> None:
    changes, reason = HEADERS[name]

    assert door.refuse(f"Bearer {forge.token(header=changes)}") == reason


@pytest.mark.parametrize("member", ["jwk", "jku", "x5u", "x5c"])
def test_a_key_that_the_token_brings_along_is_neither_used_nor_fetched(
    door: Door, stranger: Forge, member: str
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        url = f"https://127.0.0.1:{listener.getsockname()[1]}/keys"
        der = b64(stranger.public_bytes(serialization.Encoding.DER))
        brought = {"jwk": stranger.jwk(), "jku": url, "x5u": url, "x5c": [der]}
        token = stranger.token(header={member: brought[member]})

        assert door.refuse(f"Bearer {token}") == "token-invalid-header"
        with pytest.raises(BlockingIOError):
            listener.accept()


# What is not: the signature.


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
def test_another_algorithm_is_refused(door: Door, forge: Forge, name: str, honest: bool) -> None:  # noqa: FBT001
    alg, sign = OTHER_ALGORITHMS[name]
    if alg == "none":
        token = swapped(forge.token(), header=forge.header({"alg": "none" if honest else "RS256 "}))
    else:
        token = forge.token(header={"alg": alg if honest else "RS256"}, sign=sign(forge))
    expected = "token-invalid-algorithm"
    if not honest and alg != "none":
        expected = "token-invalid-signature"

    assert door.refuse(f"Bearer {token}") == expected


def swapped(token: str, *, header: bytes | None = None, payload: bytes | None = None) -> str:
    """Put another header or payload under the token's signature."""
    old_header, old_payload, signature = token.split(".")
    new_header = old_header if header is None else b64(header)
    return f"{new_header}.{old_payload if payload is None else b64(payload)}.{signature}"


def resigned(change: Callable[[bytes], bytes]) -> Callable[[Forge, Forge], str]:
    """Change the true signature's bytes."""
    return lambda forge, _: forge.token(sign=lambda data: change(forge.rs256(data)))


def with_loose_bits(token: str) -> str:
    """Spell the same signature's bytes another way, as base64's last character allows."""
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
def test_a_signature_that_does_not_fit_is_refused(
    door: Door, forge: Forge, stranger: Forge, name: str
) -> None:
    make, reason = SIGNATURES[name]

    assert door.refuse(f"Bearer {make(forge, stranger)}") == reason


def test_a_claim_is_judged_only_under_a_true_signature(
    door: Door, forge: Forge, stranger: Forge
) -> None:
    """Otherwise anybody could ask what the service thinks of made-up claims."""
    ended = {"exp": In(-60), "iat": In(-120)}

    assert door.refuse(f"Bearer {forge.token(ended)}", EXPIRED) == "token-expired"
    assert door.refuse(f"Bearer {stranger.token(ended)}") == "token-invalid-signature"


# What is not: the claims, under a true signature.

HUGE = 10**2500  # as many digits as a token has room for
CLAIMS: dict[str, tuple[dict[str, Any], str]] = {
    **{f"no {name}": ({name: NOT_THERE}, "token-missing-claim") for name in ("exp", "iat", "nbf")},
    **{f"no {name}": ({name: NOT_THERE}, "token-missing-claim") for name in ("iss", "sub", "sid")},
    **{f"{name} null": ({name: None}, "token-missing-claim") for name in ("exp", "iat", "nbf")},
    **{f"{name} null": ({name: None}, "token-missing-claim") for name in ("iss", "sub", "sid")},
    "exp string": ({"exp": "9999999999"}, "token-invalid-times"),
    "exp float": ({"exp": In(60.5)}, "token-invalid-times"),
    "exp 1e308": ({"exp": 1e308}, "token-invalid-times"),
    "exp infinite": ({"exp": float("inf")}, "token-malformed"),
    "exp NaN": ({"exp": float("nan")}, "token-malformed"),
    "exp list": ({"exp": [9999999999]}, "token-malformed"),
    "exp object": ({"exp": {}}, "token-malformed"),
    "exp huge": ({"exp": HUGE}, "token-lifetime"),
    "exp empty": ({"exp": ""}, "token-malformed"),
    "nbf string": ({"nbf": "1"}, "token-invalid-times"),
    "nbf float": ({"nbf": 1.5}, "token-invalid-times"),
    "nbf true": ({"nbf": True}, "token-invalid-times"),
    "nbf false": ({"nbf": False}, "token-invalid-times"),
    "nbf list": ({"nbf": [1]}, "token-malformed"),
    "nbf NaN": ({"nbf": float("nan")}, "token-malformed"),
    "nbf in the future": ({"nbf": In(10)}, "token-not-active-yet"),
    "nbf huge": ({"nbf": HUGE}, "token-not-active-yet"),
    "iat string": ({"iat": "1"}, "token-invalid-times"),
    "iat float": ({"iat": In(-1.5)}, "token-invalid-times"),
    "iat true": ({"iat": True}, "token-invalid-times"),
    "iat list": ({"iat": [1]}, "token-invalid-times"),
    "iat NaN": ({"iat": float("nan")}, "token-invalid-times"),
    "iat in the future": ({"iat": In(10)}, "token-not-active-yet"),
    "lives 601 s": ({"iat": In(0), "exp": In(601)}, "token-lifetime"),
    "lives for years": ({"exp": In(10**8)}, "token-lifetime"),
    "lives since long": ({"iat": 0}, "token-lifetime"),
    "iat negative": ({"iat": -1}, "token-lifetime"),
    "ends as it begins": ({"iat": In(0), "exp": In(0)}, "token-lifetime"),
    "ends before it begins": ({"iat": In(3), "exp": In(-2)}, "token-lifetime"),
    "sub empty": ({"sub": ""}, "token-invalid-sub"),
    "sub int": ({"sub": 1}, "token-malformed"),
    "sub list": ({"sub": ["user_2abc"]}, "token-malformed"),
    "sub object": ({"sub": {"user_2abc": 1}}, "token-malformed"),
    "sub true": ({"sub": True}, "token-malformed"),
    "sub NUL": ({"sub": "user_2abc\0"}, "token-invalid-sub"),
    "sub line feed": ({"sub": "user_2abc\n"}, "token-invalid-sub"),
    "sub spaces": ({"sub": " user_2abc "}, "token-invalid-sub"),
    "sub space inside": ({"sub": "user_2 abc"}, "token-invalid-sub"),
    "sub look-alike": ({"sub": "us\u0435r_2abc"}, "token-invalid-sub"),
    "sub look-alike digit": ({"sub": "user_\u0662abc"}, "token-invalid-sub"),
    "sub full width": ({"sub": "user_2\uff41bc"}, "token-invalid-sub"),
    "sub lone surrogate": ({"sub": "user_2\ud800"}, "token-invalid-sub"),
    "sub 1 KB": ({"sub": "user_" + "a" * 1024}, "token-invalid-sub"),
    "sub prefix alone": ({"sub": "user_"}, "token-invalid-sub"),
    "sub upper case": ({"sub": "USER_2abc"}, "token-invalid-sub"),
    "sub machine": ({"sub": "mch_2abc"}, "token-invalid-sub"),
    "sub organisation": ({"sub": "org_2abc"}, "token-invalid-sub"),
    "sub SQL": ({"sub": "user_2abc' or '1'='1"}, "token-invalid-sub"),
    "sid empty": ({"sid": ""}, "token-invalid-sid"),
    "sid int": ({"sid": 1}, "token-invalid-sid"),
    "sid list": ({"sid": ["sess_2abc"]}, "token-invalid-sid"),
    "sid object": ({"sid": {}}, "token-invalid-sid"),
    "sid true": ({"sid": True}, "token-invalid-sid"),
    "sid of something else": ({"sid": "user_2abc"}, "token-invalid-sid"),
    "sid NUL": ({"sid": "sess_2abc\0"}, "token-invalid-sid"),
    **{
        f"iss {iss!r}": ({"iss": iss}, "token-invalid-issuer")
        for iss in (
            *("https://evil.example", f"{ISSUER}/", f"{ISSUER}.evil.example", f" {ISSUER}", ""),
            *(f"{ISSUER}@evil.example", f"{ISSUER}:443", f"{ISSUER}#", f"{ISSUER}\0", "http"),
            *(ISSUER.replace("https", "http"), ISSUER.upper(), ISSUER.removeprefix("https://")),
            *(ISSUER[:-1], [ISSUER], {ISSUER: 1}, 1, True),
        )
    },
    **{
        f"azp {azp!r}": ({"azp": azp}, "token-invalid-azp")
        for azp in (
            *("https://evil.example", f"{ORIGIN}/", f"{ORIGIN}/path", ORIGIN[:-1], f"{ORIGIN}0"),
            *("null", None, "", "localhost:3000", ORIGIN.replace("http", "https"), ORIGIN.upper()),
            *(f"{ORIGIN}.evil.example", f"{ORIGIN}@evil.example", "http://localhost", "*"),
            *("chrome-extension://", "chrome-extension://aaaa", f"{ORIGIN},{EXTENSION}"),
            *([ORIGIN], {ORIGIN: 1}, 1, True, [], {}),
        )
    },
    "no azp": ({"azp": NOT_THERE}, "token-invalid-azp"),
    "aud": ({"aud": "https://api.example.com"}, "token-invalid-audience"),
    "aud list": ({"aud": [ORIGIN]}, "token-invalid-audience"),
    "aud int": ({"aud": 1}, "token-invalid-audience"),
    **{
        f"sts {sts!r}": ({"sts": sts}, "token-session-pending")
        for sts in ("pending", "revoked", "ACTIVE", "", "active ", None, 1, True, ["active"], {})
    },
    "o a string": ({"o": "org_2abc"}, "token-invalid-claims"),
    "o a list": ({"o": ["org_2abc"]}, "token-invalid-claims"),
    "fea an int": ({"fea": 1}, "token-invalid-claims"),
    "jti int": ({"jti": 1}, "token-malformed"),
}


@pytest.mark.parametrize("name", CLAIMS)
def test_a_token_with_other_claims_is_refused(door: Door, forge: Forge, name: str) -> None:
    changes, reason = CLAIMS[name]

    assert door.refuse(f"Bearer {forge.token(changes)}") == reason


@pytest.mark.parametrize(
    "exp",
    [In(-6), In(-3600), 1, 0, -1, -(10**12), True, False, "1", 1.5],
    ids=str,
)
def test_a_token_that_has_ended_says_so(door: Door, forge: Forge, exp: object) -> None:
    token = forge.token({"exp": exp, "iat": In(-60)})

    assert door.refuse(f"Bearer {token}", EXPIRED) == "token-expired"


# What is not: the bytes, under a true signature.

Bytes = tuple[bytes, bytes]


def utf16(text: bytes) -> bytes:
    return text.decode().encode("utf-16")


RAW: dict[str, Callable[[bytes, bytes], Bytes]] = {
    "alg twice": lambda h, p: (h[:-1] + b', "alg": "RS256"}', p),
    "kid twice": lambda h, p: (h[:-1] + b', "kid": "ins_1"}', p),
    "alg twice, once escaped": lambda h, p: (h[:-1] + rb', "\u0061lg": "none"}', p),
    "sub twice": lambda h, p: (h, p[:-1] + b', "sub": "user_admin"}'),
    "exp twice": lambda h, p: (h, p[:-1] + b', "exp": 9999999999}'),
    "twice, deep inside": lambda h, p: (h, p[:-1] + b', "o": {"id": 1, "id": 2}}'),
    "NaN in a claim that nobody reads": lambda h, p: (h, p[:-1] + b', "x": NaN}'),
    "header a list": lambda h, p: (b"[" + h + b"]", p),
    "header a string": lambda _, p: (b'"RS256"', p),
    "header null": lambda _, p: (b"null", p),
    "header no JSON": lambda _, p: (b"RS256", p),
    "payload a list": lambda h, p: (h, b"[" + p + b"]"),
    "payload a string": lambda h, _: (h, b'"user_2abc"'),
    "payload a number": lambda h, _: (h, b"1"),
    "payload null": lambda h, _: (h, b"null"),
    "payload true": lambda h, _: (h, b"true"),
    "payload no JSON": lambda h, _: (h, b"user_2abc"),
    "payload cut off": lambda h, p: (h, p[:-1]),
    "payload and more": lambda h, p: (h, p + p),
    "payload and a NUL": lambda h, p: (h, p + b"\0"),
    "payload single quotes": lambda h, p: (h, p.replace(b'"', b"'")),
    "payload a comma too many": lambda h, p: (h, p[:-1] + b",}"),
    "payload a comment": lambda h, p: (h, p + b"/**/"),
    "header nested": lambda h, p: (h[:-1] + b', "x": ' + b"[" * 1900, p),
    "payload nested": lambda h, _: (h, b"[" * 2400),
    "payload nested objects": lambda h, _: (h, b'{"a":' * 490),
    "payload nested and closed": lambda h, p: (
        h,
        p[:-1] + b', "x": ' + b"[" * 1050 + b"]" * 1050 + b"}",
    ),
    "payload nested 100,000 deep": lambda h, _: (h, b"[" * 100_000),
    "5000 digits": lambda h, p: (h, p[:-1] + b', "x": ' + b"9" * 5000 + b"}"),
    "exp 5000 digits": lambda h, _: (h, b'{"exp": ' + b"9" * 5000 + b"}"),
    "header UTF-16": lambda h, p: (utf16(h), p),
    "payload UTF-16": lambda h, p: (h, utf16(p)),
    "payload UTF-16 without a mark": lambda h, p: (h, p.decode().encode("utf-16-le")),
    "payload UTF-32": lambda h, p: (h, p.decode().encode("utf-32")),
    "header BOM": lambda h, p: (b"\xef\xbb\xbf" + h, p),
    "payload BOM": lambda h, p: (h, b"\xef\xbb\xbf" + p),
    "header not UTF-8": lambda h, p: (h[:-1] + b', "x": "\xff"}', p),
    "payload not UTF-8": lambda h, p: (h, p[:-1] + b', "x": "\xff"}'),
    "payload overlong UTF-8": lambda h, p: (h, p[:-1] + b', "x": "\xc0\x80"}'),
    "payload surrogate in UTF-8": lambda h, p: (h, p[:-1] + b', "x": "\xed\xa0\x80"}'),
    "payload latin-1": lambda h, p: (h, p[:-1] + b', "x": "\xe9"}'),
    "raw NUL in a string": lambda h, p: (h, p[:-1] + b', "x": "\0"}'),
    "over 4 KB": lambda h, p: (h, p[:-1] + b', "x": "' + b"x" * 4096 + b'"}'),
}


@pytest.mark.parametrize("name", RAW)
def test_bytes_that_are_not_one_plain_json_object_are_refused(
    door: Door, forge: Forge, name: str
) -> None:
    token = forge.seal(*RAW[name](forge.header({}), forge.payload({})))

    assert door.refuse(f"Bearer {token}") == "token-malformed"


# What was verified once, and for how long.


class Counting(Verifier):
    """Counts how often a token really was verified."""

    verified = 0

    def verify(self, token: str) -> Session:
        self.verified += 1
        return super().verify(token)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(cache, "time", clock)
    monkeypatch.setattr(sessions, "time", clock)
    return clock


@pytest.fixture
def verifier(settings: dict[str, str]) -> Counting:
    return Counting(config_from(settings).clerk)


def test_a_verified_token_is_remembered_for_a_minute(
    clock: Clock, verifier: Counting, forge: Forge
) -> None:
    known, header = Sessions(verifier), f"Bearer {forge.token({'exp': In(300)})}"
    first = known.of(header)

    clock.forward(59)
    assert known.of(header) == first
    assert verifier.verified == 1
    clock.forward(1)
    assert known.of(header) == first
    assert verifier.verified == 2


def test_a_verified_token_is_not_remembered_beyond_its_end(
    clock: Clock, verifier: Counting, forge: Forge
) -> None:
    known, header = Sessions(verifier), f"Bearer {forge.token({'exp': In(30)})}"
    ends_at = known.of(header).expires_at

    clock.ahead = ends_at - time.time() - 0.5
    known.of(header)
    assert verifier.verified == 1
    clock.forward(0.5)
    known.of(header)
    assert verifier.verified == 2


def test_a_refused_token_is_not_remembered(verifier: Counting, forge: Forge) -> None:
    known, header = Sessions(verifier), f"Bearer {forge.token({'sts': 'pending'})}"

    for _ in range(2):
        with pytest.raises(Unauthenticated):
            known.of(header)
    assert verifier.verified == 2


def test_a_remembered_token_lends_nothing_to_one_that_begins_alike(
    verifier: Counting, forge: Forge
) -> None:
    known, token = Sessions(verifier), forge.token()
    known.of(f"Bearer {token}")

    with pytest.raises(Unauthenticated):
        known.of(f"Bearer {token[:-10]}AAAAAAAAAA")


@pytest.mark.parametrize("shape", ["", "{}", "Basic {}", "Bearer  {}", "Bearer {} ", "Bearer {},"])
def test_a_remembered_token_is_recalled_in_no_other_shape(
    verifier: Counting, forge: Forge, shape: str
) -> None:
    known, token = Sessions(verifier), forge.token()
    known.of(f"Bearer {token}")

    assert known.recall(f"Bearer {token}")
    assert known.recall(shape.format(token)) is None


def test_what_is_remembered_is_bounded_and_holds_no_token(verifier: Counting, forge: Forge) -> None:
    known, token = Sessions(verifier), forge.token()
    known.of(f"Bearer {token}")

    entries = known._verified._entries  # noqa: SLF001 - what lies in memory is the matter
    assert list(entries) == [hashlib.sha256(f"Bearer {token}".encode()).digest()]
    assert token not in repr(entries)

    bounded: cache.Cache[int, int] = cache.Cache(size=3)
    for number in range(5):
        bounded.put(number, number, time.time() + 60)
    assert [bounded.get(number) for number in range(5)] == [None, None, 2, 3, 4]


def test_a_token_is_refused_once_its_end_and_the_leeway_are_over(door: Door, forge: Forge) -> None:
    header = f"Bearer {forge.token({'exp': In(-3), 'iat': In(-60)})}"

    assert door.knock(header).status_code == 200
    time.sleep(2)
    assert door.refuse(header, EXPIRED) == "token-expired"


def test_the_e_mail_address_is_the_tokens_where_it_is_one(door: Door, forge: Forge) -> None:
    def email_of(sub: str, email: object) -> object:
        answer = door.knock(f"Bearer {forge.token({'sub': sub, 'email': email})}")
        assert answer.status_code == 200
        return answer.json["email"]

    assert email_of("user_mail1", "ada@example.com") == "ada@example.com"
    odd = ("a@b\0", "a@b\ud800", "a@\u202eb", 1, None, [], "nobody", "a@" + "b" * 320)
    for number, email in enumerate(odd):
        assert email_of(f"user_odd{number}", email) is None
