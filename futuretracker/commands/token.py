"""``token``: print a session token for the local service."""

from __future__ import annotations

import argparse
import os
import re

from futuretracker.issuer import LOCAL, Issuer
from futuretracker.settings import MAX_LIFETIME


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Take the user and how long the token is to hold."""
    parser.add_argument("--user", required=True, type=_user, help="user_ and letters or digits")
    parser.add_argument("--ttl", type=_seconds, default=3600, help="seconds (default: 3600)")


def run(options: argparse.Namespace) -> int:
    """Sign and print."""
    print(Issuer(LOCAL / "issuer.pem").token(options.user, ttl=options.ttl, azp=local_azp()))  # noqa: T201 - a command's answer
    return 0


def local_azp() -> str:
    """Return the first origin that the service allows: its tokens name one."""
    return os.environ.get("CORS_ORIGIN", "http://localhost:3000").split(",")[0].strip()


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
