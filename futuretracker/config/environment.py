"""Read the environment and the ``.env`` file, and collect every problem."""

from __future__ import annotations

import os
from typing import Any, cast

from dotenv import dotenv_values
from environs import EnvValidationError, FileAwareEnv

NOT_SET = "Environment variable not set."


REQUIRED = {
    "DATABASE_URL": "missing: the Postgres URL of the role futuretracker_api",
    "MIGRATION_DATABASE_URL": "missing: the Postgres URL of the tables' owner",
    "RESTORE_DATABASE_URL": "missing: the Postgres URL of an empty database's owner",
    "CLERK_ISSUER": "missing, like CLERK_PUBLISHABLE_KEY: one of them says whose tokens to trust",
}


class ConfigError(Exception):
    """The environment does not make a working service; the message names every problem."""

    def __init__(self, problems: list[str]) -> None:
        self.problems = problems
        super().__init__("The settings are not usable:\n" + "\n".join(f"  - {p}" for p in problems))


class _Env(FileAwareEnv):
    """Says like any other problem that a ``NAME_FILE`` cannot be read."""

    def _get_value(self, env_key: str, default: Any) -> Any:
        try:
            return super()._get_value(env_key, default)
        except (ValueError, OSError) as error:
            raise ConfigError([f"{env_key}_FILE names no file that can be read"]) from error


def given(dotenv: str = ".env") -> dict[str, str]:
    """Return the environment as it is, and ``dotenv`` for what it leaves out; nothing empty."""
    try:
        settings = {**dotenv_values(dotenv), **os.environ}
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError([f"{dotenv} cannot be read as UTF-8 text"]) from error
    return {name: value for name, value in settings.items() if value}


def open_env(dotenv: str) -> FileAwareEnv:
    """Collect errors instead of stopping at the first; ``NAME_FILE`` may point at a secret."""
    env = _Env(eager=False, strip_whitespace=True)  # a file ends with a new line
    given(dotenv)  # says so where it cannot be read
    env.read_env(dotenv, recurse=False)
    return env


def seal(env: FileAwareEnv) -> None:
    """Raise ConfigError with everything that was found wrong."""
    try:
        env.seal()
    except EnvValidationError as error:
        messages = cast("dict[str, list[str]]", error.error_messages)
        raise ConfigError(
            [
                f"{name}: {REQUIRED[name] if texts == [NOT_SET] else ' '.join(texts).rstrip('.')}"
                for name, texts in messages.items()
            ]
        ) from None
