"""The token's header: it cannot choose another algorithm, class of token or key."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives import serialization

from tests.auth.forge import NOT_THERE, Forge, b64

if TYPE_CHECKING:
    from tests.auth.tokens.sender import TokenSender

pytestmark = pytest.mark.in_process  # the reason of a refusal is in the log

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
def test_a_token_with_another_header_is_refused(
    sender: TokenSender, forge: Forge, name: str
) -> None:
    changes, reason = HEADERS[name]

    assert sender.refusal(f"Bearer {forge.token(header=changes)}") == reason


@pytest.mark.parametrize("member", ["jwk", "jku", "x5u", "x5c"])
def test_a_key_in_the_header_is_neither_used_nor_fetched(
    sender: TokenSender, stranger: Forge, member: str
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        url = f"https://127.0.0.1:{listener.getsockname()[1]}/keys"
        der = b64(stranger.public_bytes(serialization.Encoding.DER))
        brought = {"jwk": stranger.jwk(), "jku": url, "x5u": url, "x5c": [der]}
        token = stranger.token(header={member: brought[member]})

        assert sender.refusal(f"Bearer {token}") == "token-invalid-header"
        with pytest.raises(BlockingIOError):
            listener.accept()
