"""The settings that ``backup``, ``restore`` and ``drill`` alone read."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Self

import psycopg
from marshmallow import ValidationError
from marshmallow.validate import Range
from psycopg.conninfo import conninfo_to_dict

from futuretracker.config.age import read_identities, read_recipients
from futuretracker.config.database import SUPAVISOR, read_database_url
from futuretracker.config.environment import open_env, seal
from futuretracker.config.metrics import read_backups

if TYPE_CHECKING:
    from environs import Env
    from pyrage.x25519 import Identity, Recipient

    from futuretracker.config.database import Server


@dataclass(frozen=True, slots=True, kw_only=True)
class Keep:
    """The last backup of so many days, weeks and months that have one."""

    daily: int
    weekly: int
    monthly: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupSettings:
    """What is backed up, with whose programs, for whom to read, and how long it is kept.

    ``programs`` is the folder of Postgres' own, or None for those on PATH.
    """

    server: Server
    programs: Path | None
    directory: Path
    recipients: tuple[Recipient, ...]
    keep: Keep

    @classmethod
    def from_env(cls, dotenv: str = ".env") -> Self:
        """Read the environment, then ``dotenv``; raise ConfigError with every problem at once."""
        env = open_env(dotenv)
        own = env.str("BACKUP_DATABASE_URL", "")
        settings = cls(
            server=_read_direct(env, "BACKUP_DATABASE_URL" if own else "MIGRATION_DATABASE_URL"),
            programs=_read_programs(env),
            directory=read_backups(env),
            recipients=read_recipients(env),
            keep=Keep(
                daily=env.int("BACKUP_KEEP_DAILY", 7, validate=Range(1, 1000)),
                weekly=env.int("BACKUP_KEEP_WEEKLY", 5, validate=Range(0, 1000)),
                monthly=env.int("BACKUP_KEEP_MONTHLY", 12, validate=Range(0, 1000)),
            ),
        )
        seal(env)
        return settings


@dataclass(frozen=True, slots=True, kw_only=True)
class RestoreSettings:
    """Where a backup is restored to, with whose programs, and what opens it."""

    server: Server
    programs: Path | None
    identities: tuple[Identity, ...] = field(repr=False)

    @classmethod
    def from_env(cls, dotenv: str = ".env") -> Self:
        """Read the environment, then ``dotenv``; raise ConfigError with every problem at once."""
        env = open_env(dotenv)
        settings = cls(
            server=_read_direct(env, "RESTORE_DATABASE_URL"),
            programs=_read_programs(env),
            identities=read_identities(env),
        )
        seal(env)
        return settings


@dataclass(frozen=True, slots=True, kw_only=True)
class DrillSettings:
    """Where backups lie, with whose programs they are tried, and what opens them."""

    programs: Path | None
    directory: Path
    identities: tuple[Identity, ...] = field(repr=False)

    @classmethod
    def from_env(cls, dotenv: str = ".env") -> Self:
        """Read the environment, then ``dotenv``; raise ConfigError with every problem at once."""
        env = open_env(dotenv)
        settings = cls(
            programs=_read_programs(env),
            directory=read_backups(env),
            identities=read_identities(env),
        )
        seal(env)
        return settings


def _read_direct(env: Env, setting: str) -> Server:
    """Read the URL of a Postgres that keeps a session: a snapshot is one's."""

    def check(url: str) -> None:
        try:
            port = str(conninfo_to_dict(url).get("port"))
        except psycopg.ProgrammingError:
            return  # said already
        if port == SUPAVISOR:
            raise ValidationError(
                "port 6543 is a pooler for transactions, which cannot hold a snapshot; take the"
                " direct connection, or the pooler for sessions on port 5432"
            )

    server = read_database_url(env, setting)
    env.str(setting, "", validate=check)
    return server


def _read_programs(env: Env) -> Path | None:
    folder: str | None = env.str("POSTGRES_BIN", "")
    return Path(folder) if folder else None
