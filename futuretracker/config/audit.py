"""Settings of ``audit``."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

from futuretracker.config.database import read_server
from futuretracker.config.environment import environment
from futuretracker.config.metrics import read_audit_directory

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditSettings:
    """The URL of the tables' owner, how many months of entries to keep, and the folder."""

    url: str = field(repr=False)
    keep_months: int
    directory: Path

    @classmethod
    def from_env(cls, dotenv: str = ".env") -> Self:
        """Read the environment, then ``dotenv``; raise ConfigError with every problem at once."""
        with environment(dotenv) as env:
            return cls(
                url=read_server(env, "MIGRATION_DATABASE_URL").url,
                keep_months=env.number("AUDIT_KEEP_MONTHS", 0, 1200),
                directory=read_audit_directory(env),
            )
