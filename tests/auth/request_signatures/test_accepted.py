"""What is accepted, and that it is what http-message-signatures signs."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from itertools import permutations
from types import SimpleNamespace
from typing import Any

import pytest
from http_message_signatures import HTTPMessageSigner, HTTPMessageVerifier, MappingKeyResolver
from hypothesis import given
from hypothesis import strategies as st

from futuretracker.auth.request_signatures import (
    BadSignature,
    Ed25519Key,
    accept_signature,
    key_of,
    signature_of,
    verify,
)
from futuretracker.auth.request_signatures.base import signature_base
from tests.auth.request_signatures.signing import (
    ALGORITHMS,
    ALL,
    KEY_ID,
    KEYS,
    LINE,
    NONCE,
    NOW,
    PARAMETERS,
    PRIVATE,
    Request,
    check,
    get,
    sign,
    sign_bytes,
)

pytestmark = pytest.mark.parametrize("algorithm", ALGORITHMS)
PATHS = st.from_regex(r"/(?:[A-Za-z0-9._~!$&'()*+,;=:@/-]|%[0-9A-Fa-f]{2}){0,30}", fullmatch=True)
QUERIES = st.from_regex(r"(?:[A-Za-z0-9._~!$&'()*+,;=:@/?-]|%[0-9A-F]{2}){0,30}", fullmatch=True)


def test_a_signed_request_is_accepted(algorithm: str) -> None:
    check(sign(Request(), algorithm), algorithm)
    check(sign(get(), algorithm), algorithm)
    check(sign(Request(method="DELETE", query="", body=b""), algorithm), algorithm)


def test_the_result_names_the_key_the_nonce_and_the_time(algorithm: str) -> None:
    signed = signature_of(sign(Request(), algorithm).headers, NOW)

    assert (signed.key_id, signed.nonce, signed.created) == (KEY_ID, NONCE, NOW)
    assert (signed.algorithm, signed.covers_body) == (None, True)
    assert not signature_of(sign(get(), algorithm).headers, NOW).covers_body


def test_a_request_without_a_signature_has_none(algorithm: str) -> None:
    assert signature_of({"authorization": "Bearer ft_test_x"}, NOW) is None


@pytest.mark.parametrize("order", [*permutations(LINE)])
def test_the_components_may_be_in_any_order(algorithm: str, order: tuple[str, ...]) -> None:
    check(sign(get(), algorithm, components=order), algorithm)


@pytest.mark.parametrize("order", [*permutations(PARAMETERS[1:].split(";"))])
def test_the_parameters_may_be_in_any_order(algorithm: str, order: tuple[str, ...]) -> None:
    check(sign(get(), algorithm, parameters="".join(f";{each}" for each in order)), algorithm)


@pytest.mark.parametrize("label", ["sig", "sig1", "*", "a" * 64, "x_y-z.0*"])
def test_the_label_may_be_any(algorithm: str, label: str) -> None:
    check(sign(get(), algorithm, label=label), algorithm)


@pytest.mark.parametrize("nonce", ["-" * 22, "_" * 43, "9" * 64])
def test_the_nonce_has_22_to_64_characters(algorithm: str, nonce: str) -> None:
    check(sign(get(), algorithm, parameters=PARAMETERS.replace(NONCE, nonce)), algorithm)


@pytest.mark.parametrize("skew", [-300, -299, 0, 299, 300])
def test_the_clocks_may_differ_by_300_seconds(algorithm: str, skew: int) -> None:
    check(sign(get(), algorithm), algorithm, now=NOW + skew)


def test_alg_may_name_the_algorithm_of_the_key(algorithm: str) -> None:
    check(sign(get(), algorithm, parameters=f'{PARAMETERS};alg="{algorithm}"'), algorithm)


def test_a_signature_may_expire_later(algorithm: str) -> None:
    parameters = f"{PARAMETERS};expires={NOW + 10}"
    check(sign(get(), algorithm, parameters=parameters), algorithm, now=NOW + 10)


def test_the_former_key_of_a_rotation_is_accepted_too(algorithm: str) -> None:
    new = key_of(algorithm, bytes(32))
    request = sign(Request(), algorithm)
    signed = signature_of(request.headers, NOW)

    verify(signed, request.message(), new, KEYS[algorithm])
    with pytest.raises(BadSignature, match="signature-invalid"):
        verify(signed, request.message(), new)
    with pytest.raises(BadSignature, match="signature-invalid"):
        verify(signed, request.message())


def test_a_key_is_made_from_its_row(algorithm: str) -> None:
    key = KEYS[algorithm]
    raw = key.public if isinstance(key, Ed25519Key) else key.material

    assert key_of(algorithm, raw) == key
    assert str(PRIVATE["hmac-sha256"]) not in repr(key)
    for wrong in (raw[:31], b""):
        with pytest.raises(ValueError, match="32 bytes"):
            key_of(algorithm, wrong)
    with pytest.raises(ValueError, match="'none'"):
        key_of("none", raw)


def test_the_body_is_read_only_after_the_signature_is_verified(algorithm: str) -> None:
    def read() -> bytes:
        raise AssertionError("the body was read")

    request = sign(Request(), algorithm)
    signed = signature_of(request.headers, NOW)
    other = request.message()._replace(path="/api/v1/me", read_body=read)

    with pytest.raises(BadSignature, match="signature-invalid"):
        verify(signed, other, KEYS[algorithm])


def test_accept_signature_asks_for_what_is_accepted(algorithm: str) -> None:
    for has_body, request in ((True, Request()), (False, get())):
        wanted = accept_signature(has_body=has_body)
        names = re.fullmatch(r'sig=\((.*)\);created;tag="futuretracker"', wanted)[1].split()

        assert set(names) == set(ALL if has_body else LINE)
        check(sign(request, algorithm, components=names), algorithm)


@given(
    method=st.sampled_from(["GET", "POST", "PUT", "PATCH", "DELETE"]),
    path=PATHS,
    query=QUERIES,
    body=st.binary(max_size=50),
)
def test_the_library_signs_the_same(
    algorithm: str, method: str, path: str, query: str, body: bytes
) -> None:
    """The library's signer, its signature base and its verifier agree with this package."""
    request = Request(method=method, path=path, query=query, body=body)
    sent = SimpleNamespace(
        method=method,
        url=f"https://{request.authority}{path}?{query}",
        headers={"content-type": "application/json"} if body else {},
    )
    resolver = MappingKeyResolver(
        public_keys={KEY_ID: KEYS[algorithm].material}, private_keys={KEY_ID: PRIVATE[algorithm]}
    )
    arguments: dict[str, Any] = {
        "signature_algorithm": KEYS[algorithm].algorithm,
        "key_resolver": resolver,
    }
    signer = HTTPMessageSigner(**arguments)
    prepared = signer.prepare(
        sent,
        key_id=KEY_ID,
        created=datetime.fromtimestamp(NOW, UTC),
        nonce=NONCE,
        tag="futuretracker",
        covered_component_ids=[name.strip('"') for name in (ALL if body else LINE)],
        body=body or None,
    )
    signer.apply(sent, prepared, sign_bytes(algorithm, prepared.signature_base))
    request.headers = {name.lower(): value for name, value in sent.headers.items()}

    check(request, algorithm)
    parsed = signature_of(request.headers, NOW).parsed
    values = {name: request.value(name) for name in parsed.components}
    ours = signature_base(parsed.components, values, parsed.signature_params)
    assert ours == prepared.signature_base
    HTTPMessageVerifier(**arguments).verify(sent, max_age=None, body=body)
