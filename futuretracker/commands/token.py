"""``token``: print a session token for the local service."""

from __future__ import annotations

import argparse
import re
from typing import TYPE_CHECKING

from futuretracker.commands.local.issuer import LOCAL, Issuer, UnusableKey
from futuretracker.config.clerk import MAX_LIFETIME
from futuretracker.config.environment import given
from futuretracker.config.table import SETTINGS

if TYPE_CHECKING:
    from collections.abc import Mapping


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the user and the lifetime of the token."""
    parser.add_argument(
        "--user", required=True, type=_user, help="the user's id: user_ and letters or digits"
    )
    parser.add_argument(
        "--ttl", type=_seconds, default=3600, help="lifetime in seconds (default: 3600)"
    )


def run(options: argparse.Namespace) -> int | str:
    """Sign a token with the local key, and print it."""
    try:
        issuer = Issuer(LOCAL / "issuer.pem")
    except UnusableKey as error:
        return str(error)
    print(issuer.token(options.user, ttl=options.ttl, azp=azp_of(given())))  # noqa: T201 - the command's output
    return 0


def azp_of(settings: Mapping[str, str]) -> str:
    """Return an origin for the ``azp`` claim that a service with these settings accepts."""
    parties = settings.get("CLERK_AUTHORIZED_PARTIES") or settings.get("CORS_ORIGIN")
    return (parties or SETTINGS["CORS_ORIGIN"].default).split(",")[0].strip()


def _user(text: str) -> str:
    if not re.fullmatch(r"user_[A-Za-z0-9]{1,128}", text):
        message = "must be user_ and then letters or digits, such as user_alice"
        raise argparse.ArgumentTypeError(message)
    return text


def _seconds(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and 1 <= int(text) <= MAX_LIFETIME):
        message = f"must be a number of seconds from 1 to {MAX_LIFETIME}"
        raise argparse.ArgumentTypeError(message)
    return int(text)
