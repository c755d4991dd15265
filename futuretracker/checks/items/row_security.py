"""Users' rows: policies bind the service, and nobody else has a way to them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from futuretracker.checks.finding import error, ok
from futuretracker.checks.items.database import MIGRATE, connection
from futuretracker.database.queries.security import select_grants, select_row_security
from futuretracker.database.roles import ROLE, TABLES

if TYPE_CHECKING:
    from futuretracker.checks.finding import Finding
    from futuretracker.checks.subject import Subject

LEDGER = "futuretracker_migrations"  # its owner must be able to write it: not forced
OF_USERS = frozenset({"users", "opportunities", "opportunity_rounds", "audit_log"})
# Supabase's Data API acts as these two: a user could walk around this service.
DATA_API = ("anon", "authenticated")


def enabled(subject: Subject) -> Finding:
    """Look at every table of ours."""
    with connection(subject.config.database.primary) as conn:
        found = select_row_security(conn, tables=[*TABLES, LEDGER], role=ROLE)
    flaws = [f"{name} is missing" for name in {*TABLES, LEDGER} - {table.table for table in found}]
    for table in found:
        if not table.enabled:
            flaws.append(f"not enabled on {table.table}")
        elif not table.forced and table.table != LEDGER:
            flaws.append(f"not forced on {table.table}")
        if table.table in OF_USERS and not table.bound:
            flaws.append(f"no restrictive policy binds {ROLE} on {table.table}")
    if flaws:
        return error(
            f"Row level security: {'; '.join(sorted(flaws))}.",
            f"{MIGRATE} A policy that was dropped stands in futuretracker/database/migrations/.",
        )
    return ok(f"Enabled and forced on all {len(TABLES)} tables, with policies that bind {ROLE}.")


def grants(subject: Subject) -> Finding:
    """Look for whoever else may reach our tables and functions."""
    with connection(subject.config.database.primary) as conn:
        found = select_grants(conn, tables=[*TABLES, LEDGER], role=ROLE, grantees=DATA_API)
    if found:
        return error(
            f"Granted: {', '.join(f'{name} to {grantee}' for grantee, name in found)}.",
            "revoke all on each of them from that role, in Supabase's SQL editor.",
        )
    return ok("Neither public nor Supabase's anon and authenticated have a grant on what is ours.")
