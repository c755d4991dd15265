"""``token``: print a session token for the local service."""

from __future__ import annotations

import argparse
import re
from typing import TYPE_CHECKING

from futuretracker.commands.local import running
from futuretracker.commands.local.issuer import LIFETIME, LOCAL, Issuer, UnusableKey
from futuretracker.config.clerk import MAX_LIFETIME
from futuretracker.config.cors import example_of
from futuretracker.config.environment import given
from futuretracker.config.table import SETTINGS
from futuretracker.config.urls import split

if TYPE_CHECKING:
    from collections.abc import Mapping

OTHER_KEYS = "The running service takes its tokens from Clerk, so it would refuse one from here."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the user and the lifetime of the token."""
    parser.add_argument(
        "--user", required=True, type=_user, help="the user's id: user_ and letters or digits"
    )
    parser.add_argument(
        "--ttl",
        type=_seconds,
        default=LIFETIME,
        help=f"lifetime in seconds (default: {LIFETIME}, which is 12 hours)",
    )


def run(options: argparse.Namespace) -> int | str:
    """Sign a token with the local key, and print it."""
    try:
        issuer = Issuer(LOCAL / "issuer.pem")
    except UnusableKey as error:
        return str(error)
    service = running.settings()
    if service and service.get("CLERK_JWT_PUBLIC_KEY") != issuer.public_key:
        return OTHER_KEYS
    settings = service or given()
    ttl = lifetime(settings, options.ttl)
    print(issuer.token(options.user, ttl=ttl, azp=azp_of(settings)))  # noqa: T201 - the command's output
    return 0


def lifetime(settings: Mapping[str, str], wanted: int = LIFETIME) -> int:
    """Return the lifetime that a service with these settings accepts: the wanted one, or less."""
    return min(wanted, int(settings.get("CLERK_MAX_TOKEN_LIFETIME", MAX_LIFETIME)))


def azp_of(settings: Mapping[str, str]) -> str:
    """Return an origin for the ``azp`` claim that a service with these settings accepts."""
    parties = settings.get("CLERK_AUTHORIZED_PARTIES") or settings.get("CORS_ORIGIN")
    listed = split(parties or SETTINGS["CORS_ORIGIN"].default)
    return example_of(listed[0]) if listed else ""


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
