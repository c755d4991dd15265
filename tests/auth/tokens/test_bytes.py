"""Malformed bytes with a valid signature: header and payload must each be a plain JSON object."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.auth.forge import Forge
    from tests.auth.tokens.sender import TokenSender

pytestmark = pytest.mark.in_process  # the reason of a refusal is in the log

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
    "NaN in an unused claim": lambda h, p: (h, p[:-1] + b', "x": NaN}'),
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
    sender: TokenSender, forge: Forge, name: str
) -> None:
    token = forge.seal(*RAW[name](forge.header({}), forge.payload({})))

    assert sender.refusal(f"Bearer {token}") == "token-malformed"
