"""The main refusals once more, without the log, so that they also run with ``--worker``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.auth.forge import NOT_THERE, Forge, In
from tests.auth.tokens.sender import EXPIRED, INVALID, MISSING

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.auth.tokens.sender import TokenSender

REFUSED: dict[str, tuple[Callable[[Forge, Forge], str | None], str]] = {
    "no header": (lambda _forge, _stranger: None, MISSING),
    "another scheme": (lambda forge, _: f"Basic {forge.token()}", MISSING),
    "two tokens": (lambda forge, _: f"Bearer {forge.token()}, Bearer {forge.token()}", INVALID),
    "expired": (lambda forge, _: f"Bearer {forge.token({'exp': In(-60)})}", EXPIRED),
    "no sid": (lambda forge, _: f"Bearer {forge.token({'sid': NOT_THERE})}", INVALID),
    "another origin": (lambda forge, _: f"Bearer {forge.token({'azp': 'https://a.b'})}", INVALID),
    "alg none": (lambda forge, _: f"Bearer {forge.token(header={'alg': 'none'})}", INVALID),
    "another key": (lambda _, stranger: f"Bearer {stranger.token()}", INVALID),
    "longer than 4096 bytes": (
        lambda forge, _: f"Bearer {forge.token({'pad': 'x' * 4096})}",
        INVALID,
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_refused_token_gets_a_401(
    sender: TokenSender, forge: Forge, stranger: Forge, name: str
) -> None:
    make, message = REFUSED[name]
    response = sender.send(make(forge, stranger))

    assert (response.status_code, response.json) == (
        401,
        {"error": "Unauthorized", "message": message},
    )
    assert response.headers["WWW-Authenticate"] == "Bearer"


def test_a_refused_token_does_not_affect_a_valid_one(sender: TokenSender, forge: Forge) -> None:
    for _ in range(2):
        assert sender.send("Bearer a.b.c").status_code == 401
        assert sender.send(f"Bearer {forge.token()}").status_code == 200


@pytest.mark.parametrize("name", REFUSED)
def test_the_challenge_of_v1_says_whether_a_token_was_refused(
    sender: TokenSender, forge: Forge, stranger: Forge, name: str
) -> None:
    make, message = REFUSED[name]
    response = sender.send(make(forge, stranger), path="/api/v1/me")
    error = f'error="invalid_token", error_description="{message}"'

    assert response.status_code == 401
    expected = "Bearer" if message == MISSING else f"Bearer {error}"
    assert response.headers["WWW-Authenticate"] == expected
