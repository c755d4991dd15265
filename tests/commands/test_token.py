"""``token``: what it prints opens the local service, and no other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import jwt
import pytest

from tests.commands import clone, dev, refused, run

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.commands import Dev

ALICE = ("token", "--user", "user_alice")


@pytest.fixture(scope="module")
def running() -> Iterator[Dev]:
    """A local service whose origins stand in .env alone."""
    dotenv = "CORS_ORIGIN=https://app.example.com,https://b.example.com\n"
    dotenv += "CLERK_MAX_TOKEN_LIFETIME=600\n"
    with clone() as folder:
        (folder / ".env").write_text(dotenv)
        with dev(folder) as running:
            yield running


def token(folder: Path, *arguments: str, **settings: str) -> str:
    result = run(folder, *ALICE, *arguments, **settings)
    assert (result.returncode, result.stderr) == (0, "")
    return result.stdout.strip()


def claims(text: str) -> dict[str, Any]:
    return jwt.decode(text, options={"verify_signature": False})


def test_its_token_works_on_the_local_service_whose_origins_are_set_in_dotenv(
    running: Dev,
) -> None:
    me = running.ask("GET", "/api/me", token=token(running.folder))

    assert (me.status, me.json["userId"]) == (200, "user_alice")


def test_the_token_of_the_greeting_works_there_as_well(running: Dev) -> None:
    assert running.ask("GET", "/api/me", token=running.bearer()).status == 200


def test_it_takes_the_settings_of_the_running_service(running: Dev) -> None:
    # Not those of this shell, for which the service was not started.
    own = token(running.folder, CORS_ORIGIN="https://elsewhere.example.com")

    assert claims(own)["azp"] == "https://app.example.com"
    assert claims(own)["exp"] - claims(own)["iat"] == 600
    assert (running.folder / ".local/service.json").stat().st_mode & 0o777 == 0o600


def test_a_token_of_another_key_is_refused(running: Dev, tmp_path: Path) -> None:
    # Made in another folder, where a key of its own is made for it.
    other = token(tmp_path, CORS_ORIGIN="https://app.example.com")
    response = running.ask("GET", "/api/me", token=other)

    assert response.status == 401
    assert response.json["message"].startswith("Invalid token: another key has signed it;")
    assert claims(other)["azp"] == claims(running.bearer())["azp"]


def test_the_ttl_is_12_hours_or_as_told_and_the_key_is_made_once_for_its_owner(
    tmp_path: Path,
) -> None:
    key = tmp_path / ".local" / "issuer.pem"
    usual = claims(token(tmp_path))
    first = key.read_bytes()
    day = claims(token(tmp_path, "--ttl", "86400"))

    assert [each["exp"] - each["iat"] for each in (usual, day)] == [43_200, 86_400]
    assert key.read_bytes() == first
    assert key.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("settings", "azp"),
    [
        ({}, "http://localhost:3000"),
        (
            {"CORS_ORIGIN": " https://a.example.com , https://b.example.com"},
            "https://a.example.com",
        ),
        (
            {
                "CORS_ORIGIN": "https://a.example.com",
                "CLERK_AUTHORIZED_PARTIES": "https://party.example.com",
            },
            "https://party.example.com",
        ),
        (
            {"CORS_ORIGIN": "moz-extension://*,https://a.example.com"},
            "moz-extension://00000000-0000-4000-8000-000000000000",
        ),
        ({"CORS_ORIGIN": ","}, ""),
    ],
)
def test_it_is_made_for_an_origin_that_the_service_accepts(
    tmp_path: Path, settings: dict[str, str], azp: str
) -> None:
    assert claims(token(tmp_path, **settings))["azp"] == azp


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ((), "the following arguments are required: --user"),
        *(
            (
                ("--user", user),
                "argument --user: must be user_ and then letters or digits, such as user_alice",
            )
            for user in ("alice", "user_alice\n")
        ),
        *(
            (
                ("--user", "user_alice", "--ttl", ttl),
                "argument --ttl: must be a number of seconds from 1 to 86400",
            )
            for ttl in ("0", "86401")
        ),
    ],
)
def test_bad_arguments_are_one_sentence_about_the_usage(
    tmp_path: Path, arguments: tuple[str, ...], sentence: str
) -> None:
    result = run(tmp_path, "token", *arguments)

    usage, *_, last = result.stderr.splitlines()
    assert (result.returncode, result.stdout) == (2, "")
    assert usage.startswith("usage: python -m futuretracker token ")
    assert last == f"python -m futuretracker token: error: {sentence}"
    assert not (tmp_path / ".local").exists()


def test_a_broken_key_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / ".local").mkdir()
    (tmp_path / ".local" / "issuer.pem").write_text("no key")

    refused(
        run(tmp_path, *ALICE),
        ".local/issuer.pem is not a usable RSA key; delete it, and a new one is created.",
    )
