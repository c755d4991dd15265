"""What the checks inspect: the settings, even invalid ones."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Self, TypeVar

from futuretracker.checks.finding import Undecided
from futuretracker.config import Config
from futuretracker.config.checks import CheckSettings
from futuretracker.config.environment import ConfigError, given

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

Read = TypeVar("Read")
NOT_USABLE = "The settings are not usable."
SETTINGS_ITEM = "environment-complete"


@dataclass(frozen=True, kw_only=True)
class Subject:
    """The settings of the service and of the checks.

    ``config_or_none`` and ``settings_or_none`` are None if the settings are not usable.
    ``problems`` says why. ``given`` holds all variables that are set. ``http_port`` is the port of
    the public host without TLS.
    """

    given: Mapping[str, str] = field(repr=False)
    problems: tuple[str, ...]
    config_or_none: Config | None
    settings_or_none: CheckSettings | None
    http_port: int = 80

    @classmethod
    def from_env(cls, dotenv: str = ".env") -> Self:
        """Read the environment, then ``dotenv``."""
        problems: list[str] = []
        return cls(
            given=_read(lambda: given(dotenv), problems) or {},
            config_or_none=_read(lambda: Config.from_env(dotenv), problems),
            settings_or_none=_read(lambda: CheckSettings.from_env(dotenv), problems),
            problems=tuple(dict.fromkeys(problems)),
        )

    def value(self, name: str) -> str:
        """Return the text of a setting, directly or from its file; empty if it is not set."""
        with suppress(OSError, UnicodeDecodeError):
            if file := self.given.get(f"{name}_FILE"):
                return Path(file).read_text().strip()
        return self.given.get(name, "")

    @property
    def config(self) -> Config:
        """The settings of the service; raise Undecided if they are not usable."""
        if self.config_or_none is None:
            raise Undecided(NOT_USABLE, "See environment-complete.", cause=SETTINGS_ITEM)
        return self.config_or_none

    @property
    def settings(self) -> CheckSettings:
        """The settings of the checks; raise Undecided if they are not usable."""
        if self.settings_or_none is None:
            raise Undecided(NOT_USABLE, "See environment-complete.", cause=SETTINGS_ITEM)
        return self.settings_or_none

    @property
    def public_url(self) -> str:
        """The URL that clients use; raise Undecided if it is not set."""
        if not self.settings.public_url:
            raise Undecided(
                "PUBLIC_URL is not set.",
                "Set it to the URL that clients use, such as https://api.example.com.",
                cause="https",
            )
        return self.settings.public_url


def _read(read: Callable[[], Read], problems: list[str]) -> Read | None:
    try:
        return read()
    except ConfigError as problem:
        problems += problem.problems
    return None
