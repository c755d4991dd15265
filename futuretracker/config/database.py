"""Settings of the database: the primary, a replica, and how each is reached."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from marshmallow import ValidationError

from futuretracker.config import conninfo

if TYPE_CHECKING:
    from futuretracker.config.environment import Environment

POOLERS = ("auto", "transaction", "none")
SUPAVISOR = "6543"  # the port of Supabase's pooler in transaction mode
VERIFIED = {"sslmode": "verify-full", "sslrootcert": "system"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A Postgres, or the pooler in front of it. ``setting`` is the name of its URL's setting.

    Behind a pooler in transaction mode each statement may run in another session.
    """

    setting: str
    url: str = field(repr=False)
    transaction_pooler: bool

    @property
    def parameters(self) -> dict[str, str]:
        """What libpq reads from the URL. It may hold a password."""
        return conninfo.parse(self.url)

    @property
    def is_local(self) -> bool:
        """Whether a connection stays on this host."""
        return conninfo.is_local(self.parameters)

    @property
    def ports(self) -> list[str]:
        """The ports in the URL, one for each host; an empty text means the default port."""
        return self.parameters.get("port", "").split(",")


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseSettings:
    """The primary, and a replica for reads if there is one.

    ``window``: after a write, a session reads from the primary for this many seconds.
    """

    primary: Server
    replica: Server | None
    window: int


def read_database(env: Environment) -> DatabaseSettings:
    """Read where Postgres and its replica are."""
    pooler = env.choice("DATABASE_POOLER", POOLERS)
    replica = env.is_set("DATABASE_REPLICA_URL")
    return DatabaseSettings(
        primary=read_server(env, "DATABASE_URL", pooler),
        replica=read_server(env, "DATABASE_REPLICA_URL", pooler) if replica else None,
        window=env.number("DATABASE_REPLICA_WINDOW", 2, 300),
    )


def read_server(env: Environment, setting: str, pooler: str = "none") -> Server:
    """Read a Postgres URL. A connection to another host must verify the certificate."""

    def check(url: str) -> None:
        parameters = _parse(url)
        sslmode = parameters.get("sslmode", "verify-full")
        if not conninfo.is_local(parameters) and sslmode != "verify-full":
            raise ValidationError("a host that is not local needs sslmode=verify-full")
        if _is_transaction_pooler(parameters, pooler) and "-c" in parameters.get("options", ""):
            raise ValidationError(
                "a pooler in transaction mode drops session parameters (options=-c ...); set them"
                " for the role instead: alter role ... set ..."
            )

    url = env.required(setting, check)
    parameters = conninfo.parse(url)
    if not conninfo.is_local(parameters):
        added = {key: value for key, value in VERIFIED.items() if key not in parameters}
        url = conninfo.with_parameters(url, added) if added else url
    pooled = _is_transaction_pooler(parameters, pooler)
    return Server(setting=setting, url=url, transaction_pooler=pooled)


def _parse(url: str) -> dict[str, str]:
    """Return libpq's parameters; raise ValidationError if the URL is malformed."""
    try:
        return conninfo.parse(url)
    except conninfo.UnknownParameter as error:
        if error.name:
            instead = " (DATABASE_POOLER tells about a pooler)" * (error.name == "pgbouncer")
            raise ValidationError(
                f"has the parameter {error.name}, which is not one of Postgres but of another"
                f" tool: remove it{instead}"
            ) from None
    except ValueError:
        pass
    raise ValidationError(
        "is not a valid Postgres URL, such as postgresql://user:password@host:5432/database"
        " (percent-encode special characters in the password)"
    )


def _is_transaction_pooler(parameters: dict[str, str], pooler: str) -> bool:
    """Follow DATABASE_POOLER; ``auto`` recognises Supavisor by its port."""
    if pooler == "auto":
        return SUPAVISOR in parameters.get("port", "").split(",")
    return pooler == "transaction"
