"""Settings of ``backup``, ``restore`` and ``drill``."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Self

from futuretracker.config.age import read_identities, read_recipients
from futuretracker.config.database import SUPAVISOR, read_server
from futuretracker.config.environment import environment
from futuretracker.config.metrics import read_backup_directory

if TYPE_CHECKING:
    from pyrage.x25519 import Identity, Recipient

    from futuretracker.config.database import Server
    from futuretracker.config.environment import Environment


@dataclass(frozen=True, slots=True, kw_only=True)
class Keep:
    """The number of daily, weekly and monthly backups to keep."""

    daily: int
    weekly: int
    monthly: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupSettings:
    """What ``backup`` needs.

    ``programs`` is the folder of Postgres' programs, or None for those on PATH.
    """

    server: Server
    programs: Path | None
    directory: Path
    recipients: tuple[Recipient, ...]
    keep: Keep

    @classmethod
    def from_env(cls, dotenv: str = ".env") -> Self:
        """Read the environment, then ``dotenv``; raise ConfigError with every problem at once."""
        with environment(dotenv) as env:
            own = env.is_set("BACKUP_DATABASE_URL")
            return cls(
                server=_read_direct(
                    env, "BACKUP_DATABASE_URL" if own else "MIGRATION_DATABASE_URL"
                ),
                programs=_read_programs(env),
                directory=read_backup_directory(env),
                recipients=read_recipients(env),
                keep=Keep(
                    daily=env.number("BACKUP_KEEP_DAILY", 1, 1000),
                    weekly=env.number("BACKUP_KEEP_WEEKLY", 0, 1000),
                    monthly=env.number("BACKUP_KEEP_MONTHLY", 0, 1000),
                ),
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class RestoreSettings:
    """What ``restore`` needs: the empty database, Postgres' programs, the keys of backups."""

    server: Server
    programs: Path | None
    identities: tuple[Identity, ...] = field(repr=False)

    @classmethod
    def from_env(cls, dotenv: str = ".env") -> Self:
        """Read the environment, then ``dotenv``; raise ConfigError with every problem at once."""
        with environment(dotenv) as env:
            return cls(
                server=_read_direct(env, "RESTORE_DATABASE_URL"),
                programs=_read_programs(env),
                identities=read_identities(env),
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class DrillSettings:
    """What ``drill`` needs: the folder of backups, Postgres' programs, the keys of backups."""

    programs: Path | None
    directory: Path
    identities: tuple[Identity, ...] = field(repr=False)

    @classmethod
    def from_env(cls, dotenv: str = ".env") -> Self:
        """Read the environment, then ``dotenv``; raise ConfigError with every problem at once."""
        with environment(dotenv) as env:
            return cls(
                programs=_read_programs(env),
                directory=read_backup_directory(env),
                identities=read_identities(env),
            )


def _read_direct(env: Environment, setting: str) -> Server:
    """Read the URL of a Postgres without a transaction pooler, which cannot hold a snapshot."""
    server = read_server(env, setting)
    if SUPAVISOR in server.ports:
        env.problem(
            setting,
            "port 6543 is a pooler in transaction mode, which cannot hold a snapshot; use the"
            " direct connection, or the pooler in session mode on port 5432",
        )
    return server


def _read_programs(env: Environment) -> Path | None:
    folder = env.text("POSTGRES_BIN")
    return Path(folder) if folder else None
