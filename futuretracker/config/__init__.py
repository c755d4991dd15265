"""The settings: read once from the environment, checked together, frozen."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

from marshmallow.validate import OneOf, Range

from futuretracker.config.clerk import ClerkSettings, read_clerk
from futuretracker.config.database import DatabaseSettings, read_database, read_database_url
from futuretracker.config.environment import open_env, seal
from futuretracker.config.metrics import MetricsSettings, read_metrics
from futuretracker.config.rate_limits import RateLimit, read_rate_limit
from futuretracker.config.store import check_redis_url, check_store_url
from futuretracker.config.urls import read_origins

if TYPE_CHECKING:
    import datetime as dt

    from environs import FileAwareEnv

DEFAULT_STORE = "lmdb:///dev/shm/futuretracker"
DEFAULT_ORIGIN = "http://localhost:3000"
ENVIRONMENTS = ("production", "development", "test")
WORKERS = ("event-loop", "stock")


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """Every setting of the service. Secrets are left out of its repr."""

    environment: str
    host: str
    port: int
    workers: int
    worker: str  # one of WORKERS
    threads: int
    statements: int  # of reads at a time, and of writes
    cors_origins: tuple[str, ...]
    trusted_proxies: int
    api_sunset: dt.date | None
    clerk: ClerkSettings
    database: DatabaseSettings
    store_url: str = field(repr=False)
    metrics: MetricsSettings
    general: RateLimit
    write: RateLimit
    user_general: RateLimit
    user_write: RateLimit

    @property
    def connections(self) -> int:
        """How many a worker opens to Postgres at the most: nobody waits for another's."""
        return 2 * self.statements + self.threads

    @classmethod
    def from_env(cls, dotenv: str = ".env") -> Self:
        """Read the environment, then ``dotenv`` for what it leaves out.

        Raise ConfigError with every missing or malformed setting at once.
        """
        env = open_env(dotenv)
        origins = read_origins(env, "CORS_ORIGIN", DEFAULT_ORIGIN)
        workers = env.int("WEB_CONCURRENCY", 2, validate=Range(1, 512))
        port = env.int("PORT", 3001, validate=Range(1, 65535))
        config = cls(
            environment=env.str("FUTURETRACKER_ENV", "production", validate=OneOf(ENVIRONMENTS)),
            host=env.str("HOST", "127.0.0.1"),
            port=port,
            workers=workers,
            worker=env.str("WORKER", WORKERS[0], validate=OneOf(WORKERS)),
            threads=env.int("THREADS", 4, validate=Range(1, 64)),
            statements=env.int("STATEMENTS", 8, validate=Range(1, 64)),
            cors_origins=origins,
            trusted_proxies=env.int("TRUSTED_PROXIES", 1, validate=Range(0, 10)),
            api_sunset=env.date("API_SUNSET", None) if env.str("API_SUNSET", "") else None,
            clerk=read_clerk(env, origins),
            database=read_database(env),
            store_url=_read_store(env, workers),
            metrics=read_metrics(env, port),
            general=read_rate_limit(env, "RATE_LIMIT_GENERAL", "general", "2000 per 15 minutes"),
            write=read_rate_limit(env, "RATE_LIMIT_WRITE", "write", "1500 per 15 minutes"),
            user_general=read_rate_limit(
                env, "RATE_LIMIT_USER_GENERAL", "user-general", "2000 per 15 minutes"
            ),
            user_write=read_rate_limit(
                env, "RATE_LIMIT_USER_WRITE", "user-write", "1500 per 15 minutes"
            ),
        )
        seal(env)
        return config


def migration_database_url(dotenv: str = ".env") -> str:
    """Return the owner's URL, which ``migrate`` alone uses."""
    env = open_env(dotenv)
    server = read_database_url(env, "MIGRATION_DATABASE_URL")
    seal(env)
    return server.url


def _read_store(env: FileAwareEnv, workers: int) -> str:
    redis = env.str("REDIS_URL", "", validate=check_redis_url)
    store: str = env.str(
        "STORE_URL", DEFAULT_STORE, validate=lambda url: check_store_url(url, workers)
    )
    return redis or store
