"""Settings of ``check``: where the service is reached, and what monitors it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

from futuretracker.config.environment import environment
from futuretracker.config.metrics import read_metrics
from futuretracker.config.urls import read_origin, read_public_url

if TYPE_CHECKING:
    from pathlib import Path

USER_AGENT = "futuretracker-check"  # /metrics ignores its scrapes


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckSettings:
    """What ``check`` needs in addition to the service's settings.

    ``public_url`` is ``https://host`` without a slash at the end, or empty; ``origin`` is this
    host's address and port behind Cloudflare, or None; ``token`` is a session token, or empty;
    ``hosts`` is the number of hosts that run the service.
    """

    public_url: str
    origin: tuple[str, int] | None
    token: str = field(repr=False)
    hosts: int
    backup_directory: Path
    anomaly_directory: Path
    metrics_port: int
    metrics_token: str = field(repr=False)

    @classmethod
    def from_env(cls, dotenv: str = ".env") -> Self:
        """Read the environment, then ``dotenv``; raise ConfigError with every problem at once."""
        with environment(dotenv) as env:
            metrics = read_metrics(env, None)
            return cls(
                public_url=read_public_url(env),
                origin=read_origin(env),
                token=env.text("CHECK_TOKEN").strip(),
                hosts=env.number("HOSTS", 1, 1000),
                backup_directory=metrics.backups,
                anomaly_directory=metrics.anomalies,
                metrics_port=metrics.port or 0,
                metrics_token=metrics.token or "",
            )
