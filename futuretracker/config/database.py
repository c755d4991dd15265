"""Readers of the database's settings: which servers there are, and how they are spoken to."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import psycopg
from marshmallow import ValidationError
from marshmallow.validate import OneOf, Range
from psycopg.conninfo import conninfo_to_dict, make_conninfo

if TYPE_CHECKING:
    from environs import Env

POOLERS = ("auto", "transaction", "none")
SUPAVISOR = "6543"  # the port of Supabase's pooler for transactions
WINDOW = 10  # seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A Postgres, or the pooler in front of it; ``setting`` is what names it.

    Behind a transaction pooler each statement may meet another session.
    """

    setting: str
    url: str = field(repr=False)
    transaction_pooler: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseSettings:
    """The Postgres that is written to, and a replica for reads.

    ``window`` is for how many seconds who has written reads from the primary.
    """

    primary: Server
    replica: Server | None
    window: int


def read_database(env: Env) -> DatabaseSettings:
    """Read where Postgres is, and its replica where there is one."""
    pooler = env.str("DATABASE_POOLER", "auto", validate=OneOf(POOLERS)) or "auto"
    primary = read_database_url(env, "DATABASE_URL", pooler)
    replica = read_database_url(env, "DATABASE_REPLICA_URL", pooler, needed=False)
    return DatabaseSettings(
        primary=primary,
        replica=replica if replica.url else None,
        window=env.int("DATABASE_REPLICA_WINDOW", WINDOW, validate=Range(2, 300)) or WINDOW,
    )


def read_database_url(
    env: Env, setting: str, pooler: str = "none", *, needed: bool = True
) -> Server:
    """Read a Postgres URL, and hold a host that is not local to a verified certificate."""

    def check(url: str) -> None:
        if not url and not needed:
            return
        try:
            parts = conninfo_to_dict(url)
        except psycopg.ProgrammingError:
            # Not the driver's text: it may quote the password.
            raise ValidationError("is no Postgres URL") from None
        if not is_local(parts.get("host")) and parts.get("sslmode", "verify-full") != "verify-full":
            raise ValidationError("a host that is not local needs sslmode=verify-full")
        if _is_transaction_pooler(parts, pooler) and "-c" in str(parts.get("options")):
            raise ValidationError(
                "a transaction pooler keeps no parameters of a session (options=-c ...);"
                " set them for the role: alter role ... set ..."
            )

    # A setting that is missing or failed its check comes back as None: the start will be refused.
    given = env.str(setting, validate=check) if needed else env.str(setting, "", validate=check)
    url = given or ""
    parts = conninfo_to_dict(url)
    if not is_local(parts.get("host")):
        verified: dict[str, Any] = {"sslmode": "verify-full", "sslrootcert": "system"}
        url = make_conninfo(**{**verified, **parts})
    return Server(
        setting=setting, url=url, transaction_pooler=_is_transaction_pooler(parts, pooler)
    )


def _is_transaction_pooler(parts: dict[str, Any], pooler: str) -> bool:
    """Follow the setting; by itself it tells Supavisor's port for transactions."""
    if pooler == "auto":
        return str(parts.get("port")) == SUPAVISOR
    return pooler == "transaction"


def is_local(host: object) -> bool:
    """Tell whether a connection to this host, or to none, stays on this machine."""
    return not host or str(host).startswith("/") or host in {"localhost", "127.0.0.1", "::1"}
