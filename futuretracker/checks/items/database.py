"""Postgres: it is available, the role is safe, migrations are applied, TLS is verified."""

from __future__ import annotations

from contextlib import contextmanager
from threading import BoundedSemaphore
from typing import TYPE_CHECKING

import psycopg

from futuretracker.checks.finding import Failed, Undecided, error, ok, warning
from futuretracker.database.connection import BoundedConnection
from futuretracker.database.migrate import migrations
from futuretracker.database.queries.health import select_one
from futuretracker.database.queries.migrations import select_applied
from futuretracker.database.roles import UnsafeRole, check_role

if TYPE_CHECKING:
    from collections.abc import Iterator

    from futuretracker.checks.finding import Finding
    from futuretracker.checks.subject import Subject
    from futuretracker.config.database import Server

WITHIN = 2  # seconds for a connection, the least that libpq accepts
# Texts of errors that no retry can fix. libpq sets no SQLSTATE if a connection fails.
PERMANENT = (
    "authentication failed",
    "does not exist",
    "no such database",  # PgBouncer's message
    "pg_hba.conf",
    "certificate",
    "permitted",
)
# Checks run at the same time, and the service needs its connections meanwhile.
_slots = BoundedSemaphore(3)
REACHABLE = "database-reachable"
MIGRATE = "Run 'python -m futuretracker migrate' as the tables' owner."


@contextmanager
def connection(server: Server) -> Iterator[BoundedConnection]:
    """Connect as the service does; raise Failed if refused, Undecided if unavailable."""
    try:
        with (
            _slots,
            BoundedConnection.connect(
                server.url,
                autocommit=True,
                connect_timeout=WITHIN,
                prepare_threshold=None,
                application_name="futuretracker check",
            ) as conn,
        ):
            yield conn
    except psycopg.OperationalError as problem:
        reason = _reason(problem)
        if any(sign in reason for sign in PERMANENT):
            fix = f"Check {server.setting}: role, password, database and sslrootcert."
            found = f"{server.setting} is refused: {reason}."
            raise Failed(found, fix, cause=REACHABLE) from problem
        raise Undecided(
            f"The database behind {server.setting} does not respond: {reason}.",
            "Check that it runs, and that this host can reach it.",
            cause=REACHABLE,
        ) from problem


def servers(subject: Subject) -> list[Server]:
    """Return the primary, and the replica if there is one."""
    database = subject.config.database
    return [database.primary, database.replica] if database.replica else [database.primary]


def reachable(subject: Subject) -> Finding:
    """Run a statement on each server; without the primary, the service returns 503.

    That is a warning: a start must not fail while the database is down, because the service would
    not be there when the database is up again.
    """
    for server in servers(subject):
        try:
            with connection(server) as conn:
                select_one(conn)
        except Undecided as problem:
            if server is subject.config.database.primary:
                return warning(problem.finding.found, problem.finding.remedy)
            raise
    return ok("The database is available.")


def role(subject: Subject) -> Finding:
    """Check that row level security applies to the role; outside production only warn."""
    for server in servers(subject):
        with connection(server) as conn:
            try:
                check_role(conn, server.setting)
            except UnsafeRole as problem:
                found = f"{server.setting} connects as a role {problem.flaw}."
                fix = "Use the role futuretracker_api, which the command migrate creates."
                is_strict = subject.config.environment == "production"
                return error(found, fix) if is_strict else warning(found, fix)
    return ok("Row level security applies to the service's role.")


def migrated(subject: Subject) -> Finding:
    """Compare the migrations with those that the database has."""
    with connection(subject.config.database.primary) as conn:
        try:
            applied = select_applied(conn)
        except psycopg.ProgrammingError:  # migration 0008 lets the role read the table
            return error("Migrations are pending; the database is older than 0008.", MIGRATE)
    pending = [name for name, _ in migrations() if name not in applied]
    if pending:
        return error(f"Pending: {', '.join(pending)}.", MIGRATE)
    return ok(f"All {len(applied)} migrations are applied.")


def encrypted(subject: Subject) -> Finding:
    """Check that each connection to another host is encrypted and verifies the certificate."""
    for server in servers(subject):
        if server.is_local:
            continue
        if server.parameters.get("sslmode") != "verify-full":
            return error(
                f"{server.setting} connects to another host without verifying its certificate.",
                f"Put sslmode=verify-full and sslrootcert=... into {server.setting}.",
            )
        with connection(server):  # libpq refuses a connection that does not match sslmode
            pass
    return ok("Every connection stays on this host, or is encrypted and its certificate verified.")


def _reason(problem: psycopg.OperationalError) -> str:
    """Return the line with the reason; the last one if libpq tried several hosts.

    libpq's messages name hosts, roles and databases, but no password.
    """
    lines = [line.strip(" -\t") for line in str(problem).splitlines() if line.strip()]
    telling = [line for line in lines if "failed" in line or "FATAL" in line] or lines[:1]
    return telling[-1].rstrip(".") if telling else type(problem).__name__
