"""Read settings from the environment and the ``.env`` file, and collect every problem."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

from dotenv import dotenv_values
from environs import EnvValidationError, FileAwareEnv
from marshmallow.validate import OneOf, Range

from futuretracker.config.spelling import meant, misspelt
from futuretracker.config.table import SETTINGS

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Iterator, Sequence

Value = TypeVar("Value")


class ConfigError(Exception):
    """The settings are not usable; the message names every problem."""

    def __init__(self, problems: list[str]) -> None:
        self.problems = problems
        super().__init__("The settings are not usable:\n" + "\n".join(f"  - {p}" for p in problems))


def given(dotenv: str = ".env") -> dict[str, str]:
    """Return every variable that is not empty; the environment wins over ``dotenv``."""
    variables = {**_in_file(dotenv), **os.environ}
    return {name: value for name, value in variables.items() if value}


@contextmanager
def environment(dotenv: str = ".env") -> Iterator[Environment]:
    """Yield a reader of settings; raise ConfigError at the end with every problem at once."""
    reader = Environment(dotenv)
    yield reader
    if reader.problems:
        raise ConfigError(reader.problems)


class Environment:
    """Reads the settings of the table by name.

    A wrong value becomes a problem, and the caller goes on with the default, so that one message
    can name all problems. ``NAME_FILE`` may name a file that holds the value of ``NAME``.
    """

    def __init__(self, dotenv: str) -> None:
        self._given = given(dotenv)
        self.problems = [
            f"{name} in {dotenv} is not a setting: did you mean {right}?"
            for name, right in misspelt(_in_file(dotenv), self._given)
        ]
        self._env = FileAwareEnv(strip_whitespace=True)  # a file ends with a new line
        self._env.read_env(dotenv, recurse=False)

    def problem(self, name: str, text: str) -> None:
        """Record what is wrong with a setting. ``text`` must not quote a secret."""
        self.problems.append(f"{name}: {text}")

    def is_set(self, name: str) -> bool:
        """Tell whether a setting is given, directly or in a file."""
        return name in self._given or f"{name}_FILE" in self._given

    def text(self, name: str, check: Callable[[str], None] | None = None) -> str:
        """Read a text; ``check`` raises ValidationError if it is malformed."""
        default = SETTINGS[name].default
        return self._read(self._env.str, name, default, validate=check)

    def required(self, name: str, check: Callable[[str], None] | None = None) -> str:
        """Read a text that must not be empty."""
        problems = len(self.problems)
        text = self.text(name, lambda text: check(text) if check and text else None)
        if not text and len(self.problems) == problems:
            near = meant(name, os.environ)
            hint = f" (the environment has {near}, which is not a setting)" if near else ""
            self.problem(name, f"missing; {SETTINGS[name].missing}{hint}")
        return text

    def number(self, name: str, low: int, high: int) -> int:
        """Read a whole number from ``low`` to ``high``."""
        wrong = f"must be a whole number from {low} to {high}"
        default = int(SETTINGS[name].default)
        return self._read(self._env.int, name, default, wrong, validate=Range(low, high))

    def flag(self, name: str) -> bool:
        """Read true or false."""
        default = SETTINGS[name].default == "true"
        return self._read(self._env.bool, name, default, "must be true or false")

    def choice(self, name: str, choices: Sequence[str]) -> str:
        """Read a text that must be one of ``choices``."""
        wrong = f"must be one of {', '.join(choices)}"
        default = SETTINGS[name].default
        return self._read(self._env.str, name, default, wrong, validate=OneOf(choices))

    def day(self, name: str) -> dt.date | None:
        """Read a date; None if the setting is absent or empty."""
        if not self.text(name):
            return None
        return self._read(self._env.date, name, None, "must be a date such as 2027-12-31")

    def _read(
        self, read: Callable[..., Any], name: str, default: Value, wrong: str = "", **options: Any
    ) -> Value:
        try:
            value: Value = read(name, default, **options)
        except EnvValidationError as error:
            self.problem(name, wrong or " ".join(error.error_messages))
        except (ValueError, OSError):  # environs could not read the file
            self.problem(f"{name}_FILE", "cannot be read as a UTF-8 text file")
        else:
            return value
        return default


def _in_file(dotenv: str) -> dict[str, str]:
    """Return the variables of a ``.env`` file, or none if there is no such file."""
    try:
        return {name: value or "" for name, value in dotenv_values(dotenv).items()}
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError([f"{dotenv} cannot be read as UTF-8 text"]) from error
