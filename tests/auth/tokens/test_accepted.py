"""Tokens that are accepted, and the user that each identifies."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import pytest

from tests.auth.forge import NOT_THERE, ORIGIN, Forge, In
from tests.auth.tokens.conftest import EXTENSION
from tests.auth.tokens.sender import TokenSender

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from flask import Flask


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
        pytest.param(
            {"act": {"iss": "https://dashboard.clerk.com", "sub": "user_support"}},
            {},
            id="impersonated from Clerk's dashboard",
        ),
        pytest.param({"act": {"sub": "user_support"}}, {}, id="impersonated through Clerk's API"),
        pytest.param(
            {"act": {"sub": "user_support", "reason": ["ticket", 7], "act": {"sub": 1}}},
            {},
            id="impersonated, with members that the service ignores",
        ),
        pytest.param({"email": ["not", "an", "address"]}, {}, id="a custom claim of any type"),
        pytest.param({"sub": "user_" + "a" * 128}, {}, id="a long sub"),
    ],
)
def test_a_session_token_is_accepted(
    sender: TokenSender, forge: Forge, claims: Mapping[str, Any], header: Mapping[str, Any]
) -> None:
    token = forge.token(claims, header)
    response = sender.send(f"Bearer {token}")

    assert response.status_code == 200, response.text
    assert response.json["userId"].startswith("user_")
    assert not [record for record in sender.caplog.records if record.msg == "AUTH"]
    sender.expect_no_secret_in_the_log(token)


@pytest.mark.in_process
def test_a_token_may_have_4096_bytes(sender: TokenSender, forge: Forge) -> None:
    # Base64 has no length of 4n+1, but header and payload together can have every length.
    made = (
        forge.token({"pad": "x" * size}, {"kid": "k" * kid})
        for size in range(2490, 2515)
        for kid in (1, 2, 3)
    )
    tokens = {len(token): token for token in made}

    assert sender.send(f"Bearer {tokens[4096]}").status_code == 200
    assert sender.refusal(f"Bearer {tokens[4097]}") == "token-malformed"


@pytest.mark.in_process
def test_a_missing_or_empty_azp_is_accepted_if_the_setting_allows_it(
    build: Callable[..., Flask], caplog: pytest.LogCaptureFixture, forge: Forge
) -> None:
    caplog.set_level(logging.INFO, logger="futuretracker")
    sender = TokenSender(build(CLERK_ALLOW_MISSING_AZP="true").test_client(), caplog)

    for azp in (NOT_THERE, None, "", ORIGIN):
        assert sender.send(f"Bearer {forge.token({'azp': azp})}").status_code == 200
    for azp in (" ", "null", 0, False, [], {}, "https://evil.example"):
        assert sender.refusal(f"Bearer {forge.token({'azp': azp})}") == "token-invalid-azp"


@pytest.mark.in_process
def test_authorized_parties_replace_the_cors_origins(
    build: Callable[..., Flask], caplog: pytest.LogCaptureFixture, forge: Forge
) -> None:
    caplog.set_level(logging.INFO, logger="futuretracker")
    parties = "https://app.example.com, https://admin.example.com"
    sender = TokenSender(build(CLERK_AUTHORIZED_PARTIES=parties).test_client(), caplog)

    for azp in ("https://app.example.com", "https://admin.example.com"):
        assert sender.send(f"Bearer {forge.token({'azp': azp})}").status_code == 200
    assert sender.refusal(f"Bearer {forge.token({'azp': ORIGIN})}") == "token-invalid-azp"


@pytest.mark.in_process
@pytest.mark.parametrize("setting", ["CORS_ORIGIN", "CLERK_AUTHORIZED_PARTIES"])
def test_a_pattern_accepts_the_tokens_of_every_extension_of_its_browser(
    build: Callable[..., Flask], caplog: pytest.LogCaptureFixture, forge: Forge, setting: str
) -> None:
    caplog.set_level(logging.INFO, logger="futuretracker")
    listed = f"{ORIGIN},moz-extension://*"
    sender = TokenSender(build(**{setting: listed}).test_client(), caplog)
    uuid = "d1f7e7a0-6f0e-4c9e-9a54-3f7c0a4c1b2d"

    for azp in (ORIGIN, f"moz-extension://{uuid}"):
        assert sender.send(f"Bearer {forge.token({'azp': azp})}").status_code == 200
    for other in (
        *("moz-extension://*", f"moz-extension://{uuid}x", f"moz-extension://{uuid}/"),
        *(f"safari-web-extension://{uuid}", f"https://{uuid}", ["moz-extension://*"]),
    ):
        assert sender.refusal(f"Bearer {forge.token({'azp': other})}") == "token-invalid-azp"


def test_a_valid_e_mail_address_is_taken_from_the_token(sender: TokenSender, forge: Forge) -> None:
    def email_of(sub: str, email: object) -> object:
        response = sender.send(f"Bearer {forge.token({'sub': sub, 'email': email})}")
        assert response.status_code == 200
        return response.json["email"]

    assert email_of("user_mail1", "ada@example.com") == "ada@example.com"
    odd = ("a@b\0", "a@b\ud800", "a@\u202eb", 1, None, [], "nobody", "a@" + "b" * 320)
    for number, email in enumerate(odd):
        assert email_of(f"user_odd{number}", email) is None
