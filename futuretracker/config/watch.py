"""Settings of ``watch``."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

from futuretracker.config.anomalies import ActionSettings, read_actions
from futuretracker.config.database import read_server
from futuretracker.config.environment import environment
from futuretracker.config.metrics import read_anomaly_directory

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchSettings:
    """The URL of the role futuretracker_watch, the folder of its counts, and what it may do."""

    url: str = field(repr=False)
    directory: Path
    actions: ActionSettings

    @classmethod
    def from_env(cls, dotenv: str = ".env") -> Self:
        """Read the environment, then ``dotenv``; raise ConfigError with every problem at once."""
        with environment(dotenv) as env:
            return cls(
                url=read_server(env, "WATCH_DATABASE_URL").url,
                directory=read_anomaly_directory(env),
                actions=read_actions(env),
            )
