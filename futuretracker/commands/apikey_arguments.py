"""The arguments of ``apikey``. The API's own schema checks those of a new key."""

from __future__ import annotations

import argparse
import json
import re
from pathlib import Path
from typing import Any, Final

from marshmallow import ValidationError

from futuretracker.api.schemas.api_keys import SCOPES, NewApiKey
from futuretracker.api.schemas.field_errors import errors_of
from futuretracker.auth.api_keys.format import PATTERN
from futuretracker.commands.output import add_json
from futuretracker.commands.subjects import user_id

LONGEST_FILE: Final = 10_000  # characters of a public key; an ed25519 key has about a hundred
# The field of the API for each option of a new key.
OPTIONS: Final = {
    "name": "--name",
    "scopes": "--scope",
    "expiresAt": "--expires",
    "allowedNetworks": "--network",
    "publicKey": "--public-key",
    "signedOnly": "--signed-only",
}
_KEY = re.compile(rf"(?:ft_(?:live|dev|test)_)?(?P<id>[0-9A-Za-z]{{12}})|{PATTERN}").fullmatch


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the actions, each with its options."""
    actions = parser.add_subparsers(dest="action", metavar="action", required=True)
    create = actions.add_parser("create", help="create a key, and print its secret once")
    create.set_defaults(refuse=create.error)
    _add_user(create)
    _add_rights(create)
    _add_kind(create)
    listing = actions.add_parser("list", help="print the keys of a user, also those that expired")
    _add_user(listing)
    revoke = actions.add_parser("revoke", help="delete a key")
    revoke.add_argument(
        "--key", type=_key_id, required=True, help="the id of the key, or its whole text"
    )
    revoke.add_argument(
        "--user", type=user_id, help="the owner, user_...; needed only if the key has expired"
    )
    for action in (create, listing, revoke):
        add_json(action)


def values_of(options: argparse.Namespace) -> dict[str, Any]:
    """Return the values of a new key; exit with 2 and a message if the API would refuse them."""
    given = {name: getattr(options, name) for name in OPTIONS}
    schema = NewApiKey()
    try:
        values: dict[str, Any] = schema.load({k: v for k, v in given.items() if v is not None})
    except ValidationError as error:
        found = errors_of(schema, error)
        # Some messages begin with the name of the field, which the option replaces.
        problems = {OPTIONS[n]: e.message.removeprefix(n).lstrip(": ") for n, e in found.items()}
        options.refuse("; ".join(f"argument {each}: {why}" for each, why in problems.items()))
    return values


def _add_user(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--user", type=user_id, required=True, help="the owner's id, user_...")


def _add_rights(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--name", required=True, help="a name, to recognize the key by")
    parser.add_argument(
        "--scope",
        dest="scopes",
        action="append",
        choices=SCOPES,
        required=True,
        help="what the key may do; can be repeated",
    )
    parser.add_argument(
        "--expires",
        dest="expiresAt",
        metavar="TIME",
        help="a date, or a time with its offset from UTC, at most a year from now (default: never)",
    )
    parser.add_argument(
        "--network",
        dest="allowedNetworks",
        action="append",
        metavar="NETWORK",
        help="a network that the key works from, such as 203.0.113.0/24; can be repeated"
        " (default: everywhere)",
    )


def _add_kind(parser: argparse.ArgumentParser) -> None:
    kind = parser.add_mutually_exclusive_group()
    kind.add_argument(
        "--public-key",
        dest="publicKey",
        type=_public_key,
        metavar="FILE",
        help="an ed25519 public key, PEM or JWK; the key has no secret and only signs requests",
    )
    kind.add_argument(
        "--signed-only",
        dest="signedOnly",
        action="store_const",
        const=True,
        help="the secret only signs requests, and is never sent",
    )


def _key_id(text: str) -> str:
    match = _KEY(text)
    if match is None:
        message = "must be the id of a key, such as 4fYq8ZtT2bNc, or its text"
        raise argparse.ArgumentTypeError(message)
    return match["id"] or text.split("_")[2]


def _public_key(path: str) -> object:
    """Return the content of a file: the text of a PEM, or the object of a JWK."""
    try:
        with Path(path).open(encoding="utf-8") as file:
            text = file.read(LONGEST_FILE)
        return json.loads(text) if text.lstrip().startswith("{") else text
    except OSError as error:
        message = f"{path} cannot be read: {error.strerror}"
        raise argparse.ArgumentTypeError(message) from error
    except (ValueError, RecursionError) as error:
        message = f"{path} is no public key, neither PEM nor JWK"
        raise argparse.ArgumentTypeError(message) from error
