"""What is checked: the settings as they are here, whether they are usable or not."""

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


@dataclass(frozen=True, kw_only=True)
class Subject:
    """The service's settings and the checks' own; None where they are not usable.

    ``given`` is every name with its value, ``problems`` what is wrong with them, ``http_port``
    where the public host answers without TLS.
    """

    given: Mapping[str, str] = field(repr=False)
    problems: tuple[str, ...]
    loaded: Config | None
    around: CheckSettings | None
    http_port: int = 80

    @classmethod
    def from_env(cls, dotenv: str = ".env") -> Self:
        """Read the environment, then ``dotenv``."""
        problems: list[str] = []
        return cls(
            given=_read(lambda: given(dotenv), problems) or {},
            loaded=_read(lambda: Config.from_env(dotenv), problems),
            around=_read(lambda: CheckSettings.from_env(dotenv), problems),
            problems=tuple(dict.fromkeys(problems)),
        )

    def value(self, name: str) -> str:
        """Return a setting as it was given, by itself or in a file; empty where it was not."""
        with suppress(OSError, UnicodeDecodeError):
            if file := self.given.get(f"{name}_FILE"):
                return Path(file).read_text().strip()
        return self.given.get(name, "")

    @property
    def config(self) -> Config:
        """The service's settings; raise Undecided where they are not usable."""
        if self.loaded is None:
            raise Undecided("The settings are not usable.", "See environment-complete.")
        return self.loaded

    @property
    def settings(self) -> CheckSettings:
        """The checks' own settings; raise Undecided where they are not usable."""
        if self.around is None:
            raise Undecided("The settings are not usable.", "See environment-complete.")
        return self.around

    @property
    def public_url(self) -> str:
        """The service from outside; raise Undecided where nobody has named it."""
        if not self.settings.public_url:
            raise Undecided(
                "PUBLIC_URL is not set.", "Set it to where clients ask, https://api.example.com."
            )
        return self.settings.public_url


def _read(read: Callable[[], Read], problems: list[str]) -> Read | None:
    try:
        return read()
    except ConfigError as problem:
        problems += problem.problems
    return None
