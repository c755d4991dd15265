"""The Authorization header: a token is accepted in this form and in no other place."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.auth.tokens.sender import INVALID, MISSING

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.auth.forge import Forge
    from tests.auth.tokens.sender import TokenSender
    from tests.support.servers import Service


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER", "bEARER"])
def test_the_scheme_is_case_insensitive(sender: TokenSender, forge: Forge, scheme: str) -> None:
    assert sender.send(f"{scheme} {forge.token()}").status_code == 200


@pytest.mark.parametrize("spaces", [2, 3, 500])
def test_several_spaces_may_precede_the_token(
    sender: TokenSender, forge: Forge, spaces: int
) -> None:
    header = f"Bearer{' ' * spaces}{forge.token()}"

    # The second time, the service remembers the session.
    assert [sender.send(header).status_code for _ in range(2)] == [200, 200]
    sender.expect_no_secret_in_the_log(header)


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
    "spaces alone": ("Bearer   ", INVALID, "token-malformed"),
    "a space and a tab": ("Bearer \t {token}", INVALID, "token-malformed"),
    "two spaces and a word": ("Bearer  x {token}", INVALID, "token-malformed"),
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
        # The bytes of a Cyrillic letter, as WSGI represents them.
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
@pytest.mark.in_process
def test_a_header_of_another_form_is_refused(sender: TokenSender, forge: Forge, name: str) -> None:
    shape, message, reason = SHAPES[name]
    token = forge.token()
    header, payload, signature = token.split(".")
    if shape is not None:
        shape = shape.format(token=token, header=header, payload=payload, signature=signature)

    assert sender.refusal(shape, message) == reason


@pytest.mark.in_process
def test_the_base64_alphabet_of_mime_is_refused(sender: TokenSender, forge: Forge) -> None:
    token = next(t for _ in range(100) if "-" in (t := forge.token()).rpartition(".")[2])
    head, _, signature = token.rpartition(".")

    assert sender.refusal(f"Bearer {head}.{signature.replace('-', '+')}") == "token-malformed"


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
@pytest.mark.in_process
def test_a_token_in_any_other_place_is_ignored(
    sender: TokenSender, forge: Forge, options: dict[str, Any]
) -> None:
    token = forge.token()
    filled = {
        name: {k: v.format(token=token) for k, v in value.items()}
        if isinstance(value, dict)
        else value.format(token=token)
        for name, value in options.items()
    }

    assert sender.refusal(None, MISSING, **filled) == "token-missing"
    sender.expect_no_secret_in_the_log(token)


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
            response = ask(*pair)
            assert response.startswith(b"HTTP/1.1 401 ")
            assert b'"error":"Unauthorized"' in response
    # With an underscore, a header may pass a proxy that removes headers with a dash.
    assert ask(good.replace("Authorization", "Authorization_")).startswith(b"HTTP/1.1 40")
    for line in service.lines():
        assert forge.token().partition(".")[0] not in json.dumps(line)
