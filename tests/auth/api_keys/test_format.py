"""The text of an API key: what a scanner recognises, and what is refused before any query."""

from __future__ import annotations

import hashlib
import re
import zlib
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from futuretracker.auth.api_keys.format import ALPHABET, PATTERN, checksum, make_key, parse_key
from futuretracker.web.errors import Unauthenticated

if TYPE_CHECKING:
    from collections.abc import Callable

PAGE = Path("docs/api/api-keys.md")


@pytest.mark.parametrize(
    ("environment", "env"), [("production", "live"), ("development", "dev"), ("test", "test")]
)
def test_a_new_key_has_the_documented_form(environment: str, env: str) -> None:
    key = make_key(environment)
    assert re.fullmatch(PATTERN, key.text)
    assert key.text.startswith(f"ft_{env}_{key.id}_")
    assert PATTERN in PAGE.read_text()


def test_the_secret_has_256_bits_of_which_the_service_knows_a_digest() -> None:
    key = make_key("test")
    secret = key.text.rpartition("_")[2][:43]
    number = 0
    for letter in secret:
        number = number * 62 + ALPHABET.index(letter)
    assert number < 2**256 < 62**43
    assert key.digest == hashlib.sha256(secret.encode()).digest()
    assert parse_key(key.text, "test") == (key.id, key.digest)


def test_keys_differ() -> None:
    keys = [make_key("test") for _ in range(1000)]
    assert len({key.id for key in keys}) == len({key.digest for key in keys}) == 1000


def test_a_new_secret_keeps_the_id() -> None:
    key = make_key("test")
    assert make_key("test", key.id).id == key.id
    assert make_key("test", key.id).digest != key.digest


def test_the_checksum_is_the_crc32_of_the_rest() -> None:
    body = make_key("test").text[:-6]
    number = zlib.crc32(body.encode())
    digits = ""
    while number:
        number, digit = divmod(number, 62)
        digits = ALPHABET[digit] + digits
    assert checksum(body) == digits.rjust(6, "0")


@pytest.mark.parametrize("position", range(len(make_key("test").text)))
def test_each_mistyped_letter_is_noticed(position: int) -> None:
    text = make_key("test").text
    wrong = "1" if text[position] == "0" else "0"
    with pytest.raises(Unauthenticated) as refused:
        parse_key(text[:position] + wrong + text[position + 1 :], "test")
    assert refused.value.reason in {"key-malformed", "key-checksum"}


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text[:-1],
        lambda text: text + "0",
        lambda text: text + "\n",
        lambda text: " " + text,
        lambda text: text.upper(),
        lambda text: text.replace("_", "-"),
        lambda text: text.replace("ft_test", "ft_prod"),
        lambda text: text.replace("ft_", "", 1),
        lambda text: text[:-6] + "é" * 6,
        lambda text: text[:-6] + "٠" * 6,  # a digit of another script
        lambda _: "ft_",
        lambda _: "",
    ],
)
def test_another_text_is_malformed(change: Callable[[str], str]) -> None:
    with pytest.raises(Unauthenticated) as refused:
        parse_key(change(make_key("test").text), "test")
    assert refused.value.reason == "key-malformed"


def test_a_key_of_another_environment_is_refused() -> None:
    with pytest.raises(Unauthenticated) as refused:
        parse_key(make_key("production").text, "test")
    assert refused.value.reason == "key-environment"
