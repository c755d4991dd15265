"""Users' rows: policies apply to the service, and no other role has access."""

from __future__ import annotations

from typing import TYPE_CHECKING

from futuretracker.checks.finding import error, ok, warning
from futuretracker.checks.items.database import MIGRATE, connection
from futuretracker.database.queries.security import (
    select_definer_functions,
    select_grants,
    select_row_security,
    select_temporary,
)
from futuretracker.database.roles import ROLE, TABLES

if TYPE_CHECKING:
    from futuretracker.checks.finding import Finding
    from futuretracker.checks.subject import Subject

MIGRATIONS = "futuretracker_migrations"  # not forced: its owner must write to it
OF_USERS = frozenset(
    {
        *("users", "opportunities", "opportunity_rounds", "trash"),
        *("audit_log", "api_keys", "idempotency_keys", "account_deletions"),
    }
)
# The roles of Supabase's Data API. Through them users could bypass this service.
DATA_API = ("anon", "authenticated")


def enabled(subject: Subject) -> Finding:
    """Check row level security and its policies on every table of the service."""
    with connection(subject.config.database.primary) as conn:
        found = select_row_security(conn, tables=[*TABLES, MIGRATIONS], role=ROLE)
    flaws = [
        f"{name} is missing" for name in {*TABLES, MIGRATIONS} - {table.table for table in found}
    ]
    for table in found:
        if not table.enabled:
            flaws.append(f"not enabled on {table.table}")
        elif not table.forced and table.table != MIGRATIONS:
            flaws.append(f"not forced on {table.table}")
        if table.table in OF_USERS and not table.bound:
            flaws.append(f"no restrictive policy applies to {ROLE} on {table.table}")
    if flaws:
        return error(
            f"Row level security: {'; '.join(sorted(flaws))}.",
            f"{MIGRATE} Dropped policies are in futuretracker/database/migrations/.",
        )
    return ok(f"Enabled and forced on all {len(TABLES)} tables, with policies for {ROLE}.")


def grants(subject: Subject) -> Finding:
    """Find grants on the service's tables and functions to other roles."""
    with connection(subject.config.database.primary) as conn:
        found = select_grants(conn, tables=[*TABLES, MIGRATIONS], role=ROLE, grantees=DATA_API)
    if found:
        return error(
            f"Granted: {', '.join(f'{name} to {grantee}' for grantee, name in found)}.",
            "Run revoke all on each of them from that role, in Supabase's SQL editor.",
        )
    return ok("public, anon and authenticated have no grant on the service's tables and functions.")


def definer_functions(subject: Subject) -> Finding:
    """Check that no function with its owner's rights looks up names in ``pg_temp`` first.

    Without TEMPORARY on the database the role cannot put anything there. That is a second line of
    defence, so a grant of it alone is a warning.
    """
    with connection(subject.config.database.primary) as conn:
        functions = select_definer_functions(conn, role=ROLE)
        database, holders = select_temporary(conn, role=ROLE)
    unsafe = [name for name, path in functions if not _searches_pg_temp_last(path)]
    found = "SECURITY DEFINER without a search_path that ends in pg_temp: " + ", ".join(unsafe)
    granted = f"TEMPORARY on database {database} is granted to {' and '.join(holders)}."
    revoke = (
        f"As the owner of the database: revoke temporary on database {database} from"
        f" {', '.join(holders)}."
    )
    if unsafe:
        return error(
            f"{found}. {granted}" if holders else f"{found}.",
            f"{MIGRATE} For each function that is still named: alter function ... set search_path ="
            " pg_catalog, pg_temp; name the schemas it needs before pg_temp."
            + (f" {revoke}" if holders else ""),
        )
    if holders:
        return warning(granted, revoke)
    return ok(
        f"All {len(functions)} SECURITY DEFINER functions search pg_temp last, and {ROLE} cannot"
        " create temporary objects."
    )


def _searches_pg_temp_last(path: str) -> bool:
    """Tell whether pg_temp is the last schema of the path, and only there."""
    *before, last = (schema.strip() for schema in path.split(","))
    return last == "pg_temp" and "pg_temp" not in before
