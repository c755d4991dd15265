"""``apikey``: arguments that the API would refuse, public keys from files, and no database."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives import serialization as form
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from psycopg.conninfo import make_conninfo

from futuretracker.api.schemas.api_keys import JWK
from futuretracker.database.queries.api_keys import find_key
from tests.commands import refused, run
from tests.database.queries.conftest import Owner
from tests.support import servers

if TYPE_CHECKING:
    from pathlib import Path

    import psycopg

CREATE = ("create", "--user", "user_a", "--name", "Export", "--scope", "account:read")
KEY_ID = "must be the id of a key, such as 4fYq8ZtT2bNc, or its text"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ((), "the following arguments are required: action"),
        (("create",), "the following arguments are required: --user, --name, --scope"),
        (("list",), "the following arguments are required: --user"),
        (("list", "--user", "bob"), "argument --user: must be a user's id, such as user_2abc"),
        (("revoke", "--key", "abc"), f"argument --key: {KEY_ID}"),
        (("revoke", "--key", f"sk_live_{'a' * 12}"), f"argument --key: {KEY_ID}"),
        (("revoke", "--key", "a" * 12 + "\n"), f"argument --key: {KEY_ID}"),
        ((*CREATE, "--name", " "), "argument --name: Name is required and cannot be empty"),
        ((*CREATE, "--name", "a" * 101), "argument --name: Name cannot exceed 100 characters"),
        (
            (*CREATE, "--scope", "account:read"),
            "argument --scope: Scopes must not have the same value twice",
        ),
        ((*CREATE, "--expires", "2020-01-01"), "argument --expires: must be in the future"),
        (
            (*CREATE, "--expires", "2999-01-01", "--network", "10.0.0.1/8"),
            (
                "argument --expires: must be at most 366 days from now; argument --network:"
                " 10.0.0.1/8 is an address in a network; did you mean 10.0.0.0/8?"
            ),
        ),
        (
            (*CREATE, "--signed-only", "--public-key", "/dev/null"),
            "argument --public-key: not allowed with argument --signed-only",
        ),
    ],
)
def test_bad_arguments_are_one_sentence_about_the_usage(
    tmp_path: Path, arguments: tuple[str, ...], sentence: str
) -> None:
    result = run(tmp_path, "apikey", *arguments)

    assert (result.returncode, result.stdout) == (2, "")
    program = " ".join(["python -m futuretracker apikey", *arguments[:1]])
    assert result.stderr.splitlines()[-1] == f"{program}: error: {sentence}"


def pem(key: Ed25519PrivateKey) -> bytes:
    return key.public_key().public_bytes(form.Encoding.PEM, form.PublicFormat.SubjectPublicKeyInfo)


@pytest.mark.parametrize("kind", ["pem", "jwk"])
def test_a_public_key_comes_from_a_file(
    settings: dict[str, str], role: psycopg.Connection[Any], tmp_path: Path, kind: str
) -> None:
    a, private = Owner(role), Ed25519PrivateKey.generate()
    file = tmp_path / "key"
    file.write_bytes(pem(private) if kind == "pem" else json.dumps(JWK).encode())
    new = ("create", "--user", a.clerk_id, *CREATE[3:], "--public-key", str(file))
    key = json.loads(run(tmp_path, "apikey", *new, "--json", **settings).stdout)
    said = run(tmp_path, "apikey", *new, **settings).stdout

    assert (key["algorithm"], key["secret"]) == ("ed25519", None)
    if kind == "pem":
        raw = private.public_key().public_bytes_raw()
        assert find_key(role, key_id=key["id"]).public_key == raw
    assert said.endswith(
        f" of {a.clerk_id}. It has no secret: requests are signed with the private key.\n"
    )


def test_a_file_without_a_public_key_is_refused_and_not_printed(tmp_path: Path) -> None:
    private = Ed25519PrivateKey.generate().private_bytes(
        form.Encoding.PEM, form.PrivateFormat.PKCS8, form.NoEncryption()
    )
    contents = {
        "private": (private, "This is a private key, "),
        "text": (b"hello", "Public key must be an ed25519 public key"),
        "json": (b"{", "{} is no public key, neither PEM nor JWK"),
        "deep": (b'{"a":' * 1900, "{} is no public key, neither PEM nor JWK"),
        "bytes": (b"\xff", "{} is no public key, neither PEM nor JWK"),
        "missing": (None, "{} cannot be read: No such file or directory"),
    }
    for name, (content, sentence) in contents.items():
        file = tmp_path / name
        if content is not None:
            file.write_bytes(content)
        result = run(tmp_path, "apikey", *CREATE, "--public-key", str(file))

        assert (result.returncode, result.stdout) == (2, "")
        last = result.stderr.splitlines()[-1].partition("error: argument --public-key: ")[2]
        assert last.startswith(sentence.format(file))
        assert private.splitlines()[1].decode() not in result.stderr


def test_without_a_database_it_is_one_sentence_without_the_password(
    settings: dict[str, str], tmp_path: Path
) -> None:
    port = servers.free_port()
    settings["DATABASE_URL"] = f"postgresql://futuretracker_api:hunter22@127.0.0.1:{port}/postgres"

    refused(
        run(tmp_path, "apikey", *CREATE, **settings),
        "The database behind DATABASE_URL does not respond: connection failed: connection to"
        f' server at "127.0.0.1", port {port} failed: Connection refused',
    )


def test_a_database_that_is_not_up_to_date_is_one_sentence(
    settings: dict[str, str], owner: psycopg.Connection[Any], tmp_path: Path
) -> None:
    owner.execute("create database apikey_old")
    try:
        settings["DATABASE_URL"] = make_conninfo(settings["DATABASE_URL"], dbname="apikey_old")
        result = run(tmp_path, "apikey", "revoke", "--key", "a" * 12, **settings)
    finally:
        owner.execute("drop database apikey_old with (force)")

    refused(
        result,
        'The database behind DATABASE_URL rejected the statement: relation "api_keys" does not'
        " exist. Is it up to date? Run 'python -m futuretracker migrate'.",
    )


def test_it_touches_no_store(settings: dict[str, str], tmp_path: Path) -> None:
    """What it would make belongs to another user than the service's."""
    settings["STORE_URL"] = f"lmdb://{tmp_path / 'store'}"

    run(tmp_path, "apikey", "revoke", "--key", "a" * 12, **settings)
    assert list(tmp_path.iterdir()) == []
