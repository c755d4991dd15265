"""The settings: read once from the environment, checked together, frozen."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self, cast

from dotenv import dotenv_values
from environs import EnvValidationError, FileAwareEnv
from marshmallow.validate import OneOf, Range

from futuretracker.database_settings import DatabaseSettings, read_database, read_database_url
from futuretracker.metrics_settings import MetricsSettings, read_metrics
from futuretracker.settings import (
    Budget,
    ClerkSettings,
    read_budget,
    read_clerk,
    read_origins,
)
from futuretracker.store_urls import check_redis_url, check_store_url

if TYPE_CHECKING:
    import datetime as dt

DEFAULT_STORE = "lmdb:///dev/shm/futuretracker"
DEFAULT_ORIGIN = "http://localhost:3000"
NOT_SET = "Environment variable not set."
REQUIRED = {
    "DATABASE_URL": "missing: the Postgres URL of the role futuretracker_api",
    "MIGRATION_DATABASE_URL": "missing: the Postgres URL of the tables' owner",
    "RESTORE_DATABASE_URL": "missing: the Postgres URL of an empty database's owner",
    "CLERK_ISSUER": "missing, like CLERK_PUBLISHABLE_KEY: one of them says whose tokens to trust",
}
ENVIRONMENTS = ("production", "development", "test")


class ConfigError(Exception):
    """The environment does not make a working service; the message names every problem."""

    def __init__(self, problems: list[str]) -> None:
        self.problems = problems
        super().__init__("The settings are not usable:\n" + "\n".join(f"  - {p}" for p in problems))


class _Env(FileAwareEnv):
    """Says like any other problem that a ``NAME_FILE`` cannot be read."""

    def _get_value(self, env_key: str, default: Any) -> Any:
        try:
            return super()._get_value(env_key, default)
        except (ValueError, OSError) as error:
            raise ConfigError([f"{env_key}_FILE names no file that can be read"]) from error


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """Every setting of the service. Secrets are left out of its repr."""

    environment: str
    host: str
    port: int
    workers: int
    threads: int
    statements: int  # of reads at a time, and of writes
    cors_origins: tuple[str, ...]
    trusted_proxies: int
    api_sunset: dt.date | None
    clerk: ClerkSettings
    database: DatabaseSettings
    store_url: str = field(repr=False)
    metrics: MetricsSettings
    general: Budget
    write: Budget
    user_general: Budget
    user_write: Budget

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
            threads=env.int("THREADS", 4, validate=Range(1, 64)),
            statements=env.int("STATEMENTS", 8, validate=Range(1, 64)),
            cors_origins=origins,
            trusted_proxies=env.int("TRUSTED_PROXIES", 1, validate=Range(0, 10)),
            api_sunset=env.date("API_SUNSET", None) if env.str("API_SUNSET", "") else None,
            clerk=read_clerk(env, origins),
            database=read_database(env),
            store_url=_read_store(env, workers),
            metrics=read_metrics(env, port),
            general=read_budget(env, "RATE_LIMIT_GENERAL", "general", "2000 per 15 minutes"),
            write=read_budget(env, "RATE_LIMIT_WRITE", "write", "1500 per 15 minutes"),
            user_general=read_budget(
                env, "RATE_LIMIT_USER_GENERAL", "user-general", "2000 per 15 minutes"
            ),
            user_write=read_budget(
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


def given(dotenv: str = ".env") -> dict[str, str]:
    """Return the environment as it is, and ``dotenv`` for what it leaves out; nothing empty."""
    try:
        settings = {**dotenv_values(dotenv), **os.environ}
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError([f"{dotenv} cannot be read as UTF-8 text"]) from error
    return {name: value for name, value in settings.items() if value}


def in_url(host: str) -> str:
    """Return a host as it stands before a port: an IPv6 address in brackets."""
    return f"[{host}]" if ":" in host else host


def open_env(dotenv: str) -> FileAwareEnv:
    """Collect errors instead of stopping at the first; ``NAME_FILE`` may point at a secret."""
    env = _Env(eager=False, strip_whitespace=True)  # a file ends with a new line
    given(dotenv)  # says so where it cannot be read
    env.read_env(dotenv, recurse=False)
    return env


def seal(env: FileAwareEnv) -> None:
    """Raise ConfigError with everything that was found wrong."""
    try:
        env.seal()
    except EnvValidationError as error:
        messages = cast("dict[str, list[str]]", error.error_messages)
        raise ConfigError(
            [
                f"{name}: {REQUIRED[name] if texts == [NOT_SET] else ' '.join(texts).rstrip('.')}"
                for name, texts in messages.items()
            ]
        ) from None


def _read_store(env: FileAwareEnv, workers: int) -> str:
    redis = env.str("REDIS_URL", "", validate=check_redis_url)
    store: str = env.str(
        "STORE_URL", DEFAULT_STORE, validate=lambda url: check_store_url(url, workers)
    )
    return redis or store
