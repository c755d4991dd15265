"""Check the service's role in Postgres: row level security must apply to it."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import psycopg

from futuretracker.database.connection import BoundedConnection

if TYPE_CHECKING:
    from futuretracker.config import Config

log = logging.getLogger(__name__)

ROLE = "futuretracker_api"
WATCH_ROLE = "futuretracker_watch"
TABLES = (
    "users",
    "opportunities",
    "opportunity_rounds",
    "audit_log",
    "revocations",
    "clerk_events",
    "erasures",
    "api_keys",
    "trash",
    "prune_runs",
    "idempotency_keys",
    "account_deletions",
    "slowed_users",
    "anomaly_actions",
    "anomaly_findings",
    "watch_inbox",
    "watch_profiles",
    "watch_sources",
    "watch_state",
)
FLAWS = (
    "which is or can become a superuser or a role with BYPASSRLS",
    "which owns or can own the tables",
    "where row level security is not enabled and forced on every table",
)


class UnsafeRole(Exception):
    """The role could see the rows of every user; the message says how to set up the right role."""

    def __init__(self, role: str, flaw: str, setting: str) -> None:
        self.flaw = flaw
        super().__init__(
            f"{setting} connects as '{role}', {flaw}: it would not keep users apart."
            f" Run 'python -m futuretracker migrate', which creates the role {ROLE} and enables row"
            f" level security, give the role a password in Supabase's SQL editor (alter role {ROLE}"
            f" password '...'), and put it into {setting}."
        )


def check_database(config: Config) -> None:
    """Check the role of each database at the start of the service, in production only.

    Raise UnsafeRole. An unavailable database does not prevent the start: the pool checks each new
    connection again.
    """
    if config.environment != "production":
        return
    for server in filter(None, (config.database.primary, config.database.replica)):
        try:
            with BoundedConnection.connect(server.url, connect_timeout=5) as conn:
                check_role(conn, server.setting)
        except psycopg.OperationalError as error:
            cause = {"cause": type(error).__name__, "setting": server.setting}
            log.warning("database unavailable", extra=cause)


def check_role(conn: psycopg.Connection[Any], setting: str = "DATABASE_URL") -> None:
    """Raise UnsafeRole unless row level security applies to the connection's role.

    The roles that it is a member of count as well, because it can switch to them, and so do the
    partitions of the tables.
    """
    row = conn.execute(
        """
        select current_user,
            exists (
                select from pg_roles where (rolsuper or rolbypassrls)
                    and pg_has_role(current_user, oid, 'member')
            ),
            coalesce(bool_or(pg_has_role(current_user, c.relowner, 'member')), false),
            coalesce(bool_or(not (c.relrowsecurity and c.relforcerowsecurity)), false)
        from pg_class as c left join pg_inherits as i on i.inhrelid = c.oid
        where c.relnamespace = 'public'::regnamespace and (c.relname = any(%(tables)s)
            or (select relname from pg_class where oid = i.inhparent) = any(%(tables)s))
        """,
        {"tables": list(TABLES)},
    ).fetchone()
    assert row is not None  # noqa: S101 - an aggregate always has a row
    role, *results = row
    for flaw, holds in zip(FLAWS, results, strict=True):
        if holds:
            raise UnsafeRole(role, flaw, setting)
