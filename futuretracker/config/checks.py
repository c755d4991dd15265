"""The settings that ``check`` alone reads: the service from outside, and what watches it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

from marshmallow import ValidationError

from futuretracker.config.environment import open_env, seal
from futuretracker.config.metrics import read_metrics

if TYPE_CHECKING:
    from pathlib import Path

_URL = re.compile(r"https://([a-z0-9.-]+|\[[0-9a-f:.]+\])(:[0-9]{1,5})?", re.ASCII).fullmatch


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckSettings:
    """What a check of the deployment asks beyond the service's own settings.

    ``public_url`` is ``https://host`` without a slash at its end, or empty; ``token`` a session
    token of the operator's, or empty.
    """

    public_url: str
    token: str = field(repr=False)
    backup_directory: Path
    metrics_port: int
    metrics_token: str = field(repr=False)

    @classmethod
    def from_env(cls, dotenv: str = ".env") -> Self:
        """Read the environment, then ``dotenv``; raise ConfigError with every problem at once."""

        def check_url(url: str) -> None:
            if url and not _URL(url.rstrip("/")):
                raise ValidationError("must be an https:// URL without a path")

        env = open_env(dotenv)
        metrics = read_metrics(env, None)
        settings = cls(
            public_url=(env.str("PUBLIC_URL", "", validate=check_url) or "").rstrip("/"),
            token=(env.str("CHECK_TOKEN", "") or "").strip(),
            backup_directory=metrics.backups,
            metrics_port=metrics.port or 0,
            metrics_token=metrics.token or "",
        )
        seal(env)
        return settings
