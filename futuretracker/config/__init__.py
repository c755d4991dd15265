"""The settings of the service: read once from the environment, checked together, frozen."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

from futuretracker.config.clerk import ClerkSettings, read_clerk
from futuretracker.config.cors import read_allowed_headers, read_origins
from futuretracker.config.database import DatabaseSettings, read_database, read_server
from futuretracker.config.environment import environment
from futuretracker.config.metrics import MetricsSettings, read_metrics
from futuretracker.config.rate_limits import RateLimit, read_rate_limit
from futuretracker.config.store import read_store_url
from futuretracker.config.urls import read_authority, read_contacts, read_source

if TYPE_CHECKING:
    import datetime as dt

ENVIRONMENTS = ("production", "development", "test")
WORKERS = ("event-loop", "stock")


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """Every setting of the service. Its repr leaves secrets out."""

    environment: str
    host: str
    port: int
    workers: int
    worker: str  # one of WORKERS
    threads: int
    statements: int  # the number of reads, and of writes, that a worker runs at the same time
    cors_origins: tuple[str, ...]  # or patterns of ``config.cors``
    cors_headers: tuple[str, ...]  # further request headers that pages may send
    trusted_proxies: int
    api_sunset: dt.date | None
    require_if_match: bool
    trash_days: int
    account_deletion_days: int
    source_url: str  # "" if there is none
    security_contact: tuple[str, ...]
    authority: str  # the host that signed requests must name, or "" if they are refused
    clerk: ClerkSettings
    database: DatabaseSettings
    store_url: str = field(repr=False)
    metrics: MetricsSettings
    general: RateLimit
    write: RateLimit
    user_general: RateLimit
    user_write: RateLimit
    key_general: RateLimit
    key_write: RateLimit
    user_slowed: RateLimit

    @property
    def connections(self) -> int:
        """The number of connections to Postgres that are enough for a worker's requests."""
        return 2 * self.statements + self.threads

    @classmethod
    def from_env(cls, dotenv: str = ".env") -> Self:
        """Read the environment, then ``dotenv`` for settings that the environment lacks.

        Raise ConfigError with every problem at once.
        """
        with environment(dotenv) as env:
            origins = read_origins(env, "CORS_ORIGIN")
            port = env.number("PORT", 1, 65535)
            workers = env.number("WEB_CONCURRENCY", 1, 512)
            return cls(
                environment=env.choice("FUTURETRACKER_ENV", ENVIRONMENTS),
                host=env.text("HOST"),
                port=port,
                workers=workers,
                worker=env.choice("WORKER", WORKERS),
                threads=env.number("THREADS", 1, 64),
                statements=env.number("STATEMENTS", 1, 64),
                cors_origins=origins,
                cors_headers=read_allowed_headers(env),
                trusted_proxies=env.number("TRUSTED_PROXIES", 0, 10),
                api_sunset=env.day("API_SUNSET"),
                require_if_match=env.flag("REQUIRE_IF_MATCH"),
                trash_days=env.number("TRASH_DAYS", 1, 3650),
                account_deletion_days=env.number("ACCOUNT_DELETION_DAYS", 1, 90),
                source_url=read_source(env),
                security_contact=read_contacts(env),
                authority=read_authority(env, port),
                clerk=read_clerk(env, origins),
                database=read_database(env),
                store_url=read_store_url(env, workers),
                metrics=read_metrics(env, port),
                general=read_rate_limit(env, "RATE_LIMIT_GENERAL", "general"),
                write=read_rate_limit(env, "RATE_LIMIT_WRITE", "write"),
                user_general=read_rate_limit(env, "RATE_LIMIT_USER_GENERAL", "user-general"),
                user_write=read_rate_limit(env, "RATE_LIMIT_USER_WRITE", "user-write"),
                key_general=read_rate_limit(env, "RATE_LIMIT_KEY_GENERAL", "key-general"),
                key_write=read_rate_limit(env, "RATE_LIMIT_KEY_WRITE", "key-write"),
                user_slowed=read_rate_limit(env, "RATE_LIMIT_USER_SLOWED", "user-slowed"),
            )


def migration_database_url(dotenv: str = ".env") -> str:
    """Return the URL of the tables' owner, which only ``migrate`` uses."""
    with environment(dotenv) as env:
        return read_server(env, "MIGRATION_DATABASE_URL").url
