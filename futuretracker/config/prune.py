"""Settings of ``prune``."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

from futuretracker.config.database import read_server
from futuretracker.config.environment import environment

if TYPE_CHECKING:
    from futuretracker.config.environment import Environment


@dataclass(frozen=True, slots=True, kw_only=True)
class PruneSettings:
    """The URL of the tables' owner, and for how many days the trash is kept."""

    url: str = field(repr=False)
    trash_days: int

    @classmethod
    def from_env(cls, dotenv: str = ".env") -> Self:
        """Read the environment, then ``dotenv``; raise ConfigError with every problem at once."""
        with environment(dotenv) as env:
            return cls(
                url=read_server(env, "MIGRATION_DATABASE_URL").url,
                trash_days=read_trash_days(env),
            )


def read_trash_days(env: Environment) -> int:
    """Return for how many days the trash is kept, which the service needs as well."""
    return env.number("TRASH_DAYS", 1, 3650)
