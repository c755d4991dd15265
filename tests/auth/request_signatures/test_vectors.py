"""The examples of RFC 9421, appendix B, with the algorithms of this API.

Their profile is another one, so they pass the parser and the cryptography only.
"""

from __future__ import annotations

from base64 import b64decode

import pytest

from futuretracker.auth.request_signatures import Ed25519Key, HmacKey, Key
from futuretracker.auth.request_signatures.base import is_signed_by, signature_base
from futuretracker.auth.request_signatures.headers import parse

SHARED = HmacKey(
    b64decode(
        "uzvJfB4u3N0Jy4T7NZ75MDVcr8zSTInedJtkgcu46YW4XByzNJjxBdtjUkdJPBtbmHhIDi6pcl8jsasjlTMtDQ=="
    )
)
# The last 32 bytes of the public key, appendix B.1.4
ED25519 = Ed25519Key(b64decode("MCowBQYDK2VwAyEAJrQLj5P/89iXES9+vFgrIy29clF9CC/oPPsw3c5D0bs=")[12:])
# The request of appendix B.2
REQUEST = {
    "date": "Tue, 20 Apr 2021 02:07:55 GMT",
    "@method": "POST",
    "@path": "/foo",
    "@authority": "example.com",
    "content-type": "application/json",
    "content-length": "18",
}
CREATED = ";created=1618884473"
ED25519_KEY = 'keyid="test-key-ed25519"'
B25 = (
    f'sig-b25=("date" "@authority" "content-type"){CREATED};keyid="test-shared-secret"',
    "sig-b25=:pxcQw6G3AjtMBQjwo8XzkZf/bws5LelbaMk5rGIGtE8=:",
)
NAMES_26 = '"date" "@method" "@path" "@authority" "content-type" "content-length"'
SIGNATURE_26 = (
    "wqcAqbmYJ2ji2glfAMaRy4gruYYnx2nEFN2HN6jrnDnQCK1u02Gb04v9EDgwUPiu4A0w6vuQv5lIp5WPpBKRCw=="
)
B26 = (f"sig-b26=({NAMES_26}){CREATED};{ED25519_KEY}", f"sig-b26=:{SIGNATURE_26}:")
SIGNATURE_4 = (
    "ZT1kooQsEHpZ0I1IjCqtQppOmIqlJPeo7DHR3SoMn0s5JZ1eRGS0A+vyYP9t/LXlh5QMFFQ6cpLt2m0pmj3NDA=="
)
B4 = (
    f'transform=("@method" "@path" "@authority" "accept"){CREATED};{ED25519_KEY}',
    f"transform=:{SIGNATURE_4}:",
)
TRANSFORMED = {
    "@method": "GET",
    "@path": "/demo",
    "@authority": "example.org",
    "accept": "application/json, */*",
}


def is_valid(sent: tuple[str, str], key: Key, values: dict[str, str]) -> bool:
    parsed = parse(*sent)
    base = signature_base(parsed.components, values, parsed.signature_params)
    return is_signed_by(key, base, parsed.signature)


def test_b_2_5_hmac_sha256() -> None:
    assert is_valid(B25, SHARED, REQUEST)


def test_b_2_6_ed25519() -> None:
    assert is_valid(B26, ED25519, REQUEST)


@pytest.mark.parametrize("name", REQUEST)
def test_b_2_6_fails_when_a_value_differs(name: str) -> None:
    assert not is_valid(B26, ED25519, {**REQUEST, name: "other"})


@pytest.mark.parametrize("name", ["date", "@authority", "content-type"])
def test_b_2_5_fails_when_a_value_differs(name: str) -> None:
    assert not is_valid(B25, SHARED, {**REQUEST, name: "other"})


def test_b_4_the_message_before_and_after_permitted_transformations() -> None:
    assert is_valid(B4, ED25519, TRANSFORMED)


@pytest.mark.parametrize(
    "changed",
    [{"@method": "POST"}, {"@authority": "example.com"}, {"accept": "*/*, application/json"}],
)
def test_b_4_the_transformations_that_break_the_signature(changed: dict[str, str]) -> None:
    assert not is_valid(B4, ED25519, TRANSFORMED | changed)


def test_a_signature_of_one_algorithm_is_none_of_the_other() -> None:
    assert not is_valid(B25, ED25519, REQUEST)
    assert not is_valid(B26, SHARED, REQUEST)
