"""Postgres: it answers, it keeps users apart, and it is up to date."""

from __future__ import annotations

from contextlib import contextmanager
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

WITHIN = 2  # seconds for a connection; libpq takes no less
# What no later try will mend; libpq gives a failed connection no SQLSTATE.
FOR_GOOD = (
    "authentication failed",
    "does not exist",
    "no such database",  # PgBouncer's words
    "pg_hba.conf",
    "certificate",
    "permitted",
)
MIGRATE = "Run 'python -m futuretracker migrate' as the tables' owner."


@contextmanager
def connection(server: Server) -> Iterator[BoundedConnection]:
    """Connect as the service does; raise Failed when refused, Undecided without an answer."""
    try:
        with BoundedConnection.connect(
            server.url,
            autocommit=True,
            connect_timeout=WITHIN,
            prepare_threshold=None,
            application_name="futuretracker check",
        ) as conn:
            yield conn
    except psycopg.OperationalError as problem:
        reason = _reason(problem)
        if any(sign in reason for sign in FOR_GOOD):
            mend = f"Look at {server.setting}: role, password, name, sslrootcert."
            raise Failed(f"{server.setting} is refused: {reason}.", mend) from problem
        raise Undecided(
            f"The database behind {server.setting} does not answer: {reason}.",
            "Look whether it runs and can be reached from here.",
        ) from problem


def servers(subject: Subject) -> list[Server]:
    """Return the primary, and the replica where there is one."""
    database = subject.config.database
    return [database.primary, database.replica] if database.replica else [database.primary]


def reachable(subject: Subject) -> Finding:
    """Make one round trip to each server; without the primary there is nothing to start for."""
    for server in servers(subject):
        try:
            with connection(server) as conn:
                select_one(conn)
        except Undecided as problem:
            if server is subject.config.database.primary:
                return error(problem.finding.found, problem.finding.remedy)
            raise
    return ok("The database answers.")


def role(subject: Subject) -> Finding:
    """Hold the role to what production asks of it."""
    for server in servers(subject):
        with connection(server) as conn:
            try:
                check_role(conn, server.setting)
            except UnsafeRole as problem:
                found = f"{server.setting} connects as a role {problem.flaw}."
                mend = (
                    "Put the role futuretracker_api into it; migrate makes that (see the README)."
                )
                is_strict = subject.config.environment == "production"
                return error(found, mend) if is_strict else warning(found, mend)
    return ok("Row level security binds the service's role.")


def migrated(subject: Subject) -> Finding:
    """Compare the files with what the database says it has been given."""
    with connection(subject.config.database.primary) as conn:
        try:
            applied = select_applied(conn)
        except psycopg.ProgrammingError:  # before the migration that lets the role see
            return error("Migrations are pending; the database is older than 0008.", MIGRATE)
    pending = [name for name, _ in migrations() if name not in applied]
    if pending:
        return error(f"Pending: {', '.join(pending)}.", MIGRATE)
    return ok(f"All {len(applied)} migrations are applied.")


def encrypted(subject: Subject) -> Finding:
    """See that nobody on the way can read, or pretend to be Postgres."""
    for server in servers(subject):
        if server.is_local:
            continue
        if server.parameters.get("sslmode") != "verify-full":
            return error(
                f"{server.setting} leads to another host, and its certificate is not verified.",
                f"Put sslmode=verify-full and sslrootcert=... into {server.setting}.",
            )
        with connection(server):  # libpq makes none that is not as the mode says
            pass
    return ok("Every connection stays on this host, or is encrypted and its certificate verified.")


def _reason(problem: psycopg.OperationalError) -> str:
    """Return the line that says why: the last host's, where several were tried.

    libpq names hosts, roles and databases, and no password.
    """
    lines = [line.strip(" -\t") for line in str(problem).splitlines() if line.strip()]
    telling = [line for line in lines if "failed" in line or "FATAL" in line] or lines[:1]
    return telling[-1].rstrip(".") if telling else type(problem).__name__
