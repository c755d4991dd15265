"""Tokens that are accepted, and the user that each stands for."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import pytest

from tests.auth.forge import NOT_THERE, ORIGIN, Forge, In
from tests.auth.tokens.conftest import EXTENSION
from tests.auth.tokens.door import Door

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
        pytest.param({"email": ["not", "an", "address"]}, {}, id="a custom claim of any type"),
        pytest.param({"sub": "user_" + "a" * 128}, {}, id="a long sub"),
    ],
)
def test_a_session_token_is_accepted(
    door: Door, forge: Forge, claims: Mapping[str, Any], header: Mapping[str, Any]
) -> None:
    token = forge.token(claims, header)
    answer = door.knock(f"Bearer {token}")

    assert answer.status_code == 200, answer.text
    assert answer.json["userId"].startswith("user_")
    assert not [record for record in door.caplog.records if record.msg == "AUTH"]
    door.expect_no_secret_in_the_log(token)


def test_a_token_may_have_4096_bytes(door: Door, forge: Forge) -> None:
    # Base64 has no length of 4n+1, but header and payload together can have every length.
    made = (
        forge.token({"pad": "x" * size}, {"kid": "k" * kid})
        for size in range(2490, 2515)
        for kid in (1, 2, 3)
    )
    tokens = {len(token): token for token in made}

    assert door.knock(f"Bearer {tokens[4096]}").status_code == 200
    assert door.refuse(f"Bearer {tokens[4097]}") == "token-malformed"


@pytest.mark.in_process
def test_a_missing_azp_is_accepted_if_the_setting_allows_it(
    build: Callable[..., Flask], caplog: pytest.LogCaptureFixture, forge: Forge
) -> None:
    caplog.set_level(logging.INFO, logger="futuretracker")
    door = Door(build(CLERK_ALLOW_MISSING_AZP="true").test_client(), caplog)

    assert door.knock(f"Bearer {forge.token({'azp': NOT_THERE})}").status_code == 200
    for azp in (None, "", "https://evil.example"):
        assert door.refuse(f"Bearer {forge.token({'azp': azp})}") == "token-invalid-azp"


@pytest.mark.in_process
def test_authorized_parties_replace_the_cors_origins(
    build: Callable[..., Flask], caplog: pytest.LogCaptureFixture, forge: Forge
) -> None:
    caplog.set_level(logging.INFO, logger="futuretracker")
    parties = "https://app.example.com, https://admin.example.com"
    door = Door(build(CLERK_AUTHORIZED_PARTIES=parties).test_client(), caplog)

    for azp in ("https://app.example.com", "https://admin.example.com"):
        assert door.knock(f"Bearer {forge.token({'azp': azp})}").status_code == 200
    assert door.refuse(f"Bearer {forge.token({'azp': ORIGIN})}") == "token-invalid-azp"


def test_a_valid_e_mail_address_is_taken_from_the_token(door: Door, forge: Forge) -> None:
    def email_of(sub: str, email: object) -> object:
        answer = door.knock(f"Bearer {forge.token({'sub': sub, 'email': email})}")
        assert answer.status_code == 200
        return answer.json["email"]

    assert email_of("user_mail1", "ada@example.com") == "ada@example.com"
    odd = ("a@b\0", "a@b\ud800", "a@\u202eb", 1, None, [], "nobody", "a@" + "b" * 320)
    for number, email in enumerate(odd):
        assert email_of(f"user_odd{number}", email) is None
