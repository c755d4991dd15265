"""Arguments that name a session or a user of Clerk."""

from __future__ import annotations

import argparse

from futuretracker.auth.tokens import SESSION, USER


def session_id(text: str) -> str:
    """Return the argument if it is a session's id, otherwise raise argparse's error."""
    if not SESSION(text):
        message = "must be a session's id, such as sess_2abc"
        raise argparse.ArgumentTypeError(message)
    return text


def user_id(text: str) -> str:
    """Return the argument if it is a user's id, otherwise raise argparse's error."""
    if not USER(text):
        message = "must be a user's id, such as user_2abc"
        raise argparse.ArgumentTypeError(message)
    return text
