"""How Postgres is set up: it accepts changes, has limits and triggers, and room for connections."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from futuretracker.checks.finding import error, ok, warning
from futuretracker.checks.items.database import MIGRATE, connection, servers
from futuretracker.checks.items.row_security import MIGRATIONS
from futuretracker.database.audit_partitions import select_coming_month, select_partitions
from futuretracker.database.connection import BoundedConnection
from futuretracker.database.migrate import migrations
from futuretracker.database.queries.health import select_read_only
from futuretracker.database.queries.setup import (
    select_missing_privileges,
    select_room,
    select_timeouts,
    select_triggers,
)
from futuretracker.database.roles import ROLE, TABLES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from futuretracker.checks.finding import Finding
    from futuretracker.checks.subject import Subject

# The settings of the role, and the longest useful value in milliseconds. After RESPONSE_WITHIN the
# service gives up, so a statement that Postgres continues only holds locks and a connection.
RESPONSE = int(BoundedConnection.RESPONSE_WITHIN * 1000)
TIMEOUTS: Final[Mapping[str, int]] = {
    "statement_timeout": RESPONSE,
    "lock_timeout": RESPONSE,
    "idle_in_transaction_session_timeout": 60_000,
}
# What the queries need. A test compares the functions with the grants of the migrations.
PRIVILEGES: Final[Mapping[str, tuple[str, ...]]] = {
    "users": ("select", "insert", "update"),
    "opportunities": ("select", "insert", "update", "delete"),
    "opportunity_rounds": ("select", "insert", "update", "delete"),
    "audit_log": ("insert",),
    "revocations": ("select",),
    "erasures": ("select",),
    "api_keys": ("select", "insert", "update", "delete"),
    "trash": ("select", "delete"),
    "prune_runs": ("select",),
    "idempotency_keys": ("select", "insert"),
    "account_deletions": ("select", "insert", "update", "delete"),
}
FUNCTIONS: Final = (
    "futuretracker_activity",
    "futuretracker_begin_due_erasures",
    "futuretracker_begin_erasure",
    "futuretracker_changes",
    "futuretracker_claim",
    "futuretracker_continue_erasure",
    "futuretracker_kept_columns",
    "futuretracker_delete_idempotency_keys",
    "futuretracker_history",
    "futuretracker_prune_trash",
    "futuretracker_pruned",
    "futuretracker_refresh",
    "futuretracker_replace_rounds",
    "futuretracker_restore",
    "futuretracker_revoke",
    "futuretracker_rounds_now",
    "searchable",
    "status_agrees",
)
_TRIGGER = re.compile(
    r"^\s*(create|drop)\s+(?:or\s+replace\s+)?(?:constraint\s+)?trigger\s+(?:if\s+exists\s+)?(\w+)",
    re.IGNORECASE | re.MULTILINE,
)


def writable(subject: Subject) -> Finding:
    """Check that the primary accepts changes."""
    server = subject.config.database.primary
    with connection(server) as conn:
        if select_read_only(conn):
            return error(
                "Postgres is read-only: every change is refused with a 503.",
                "End maintenance mode (python -m futuretracker maintenance off), or free its disk."
                f" A standby: change {server.setting}. See docs/operations/runbooks.md.",
            )
    return ok("Postgres accepts changes.")


def timeouts(subject: Subject) -> Finding:
    """Check that statements, locks and idle transactions have time limits."""
    for server in servers(subject):
        with connection(server) as conn:
            found = select_timeouts(conn, names=list(TIMEOUTS))
        fix = (
            f"As the owner: alter role {ROLE} set statement_timeout = '2s'; the same for"
            " lock_timeout = '500ms' and idle_in_transaction_session_timeout = '5s'. Then restart."
        )
        if off := [name for name in TIMEOUTS if not found.get(name)]:
            return error(f"No limit behind {server.setting}: {', '.join(off)}.", fix)
        if long := [f"{name} ({found[name]} ms)" for name in TIMEOUTS if _is_long(found, name)]:
            return warning(f"Too long behind {server.setting}: {', '.join(long)}.", fix)
    return ok("Statements, locks and idle transactions have time limits.")


def privileges(subject: Subject) -> Finding:
    """Check that the role may do what the queries do."""
    with connection(subject.config.database.primary) as conn:
        missing = select_missing_privileges(conn, needed=PRIVILEGES, functions=FUNCTIONS)
    if missing:
        return error(
            f"The role lacks: {', '.join(missing)}. Requests that need it fail.",
            "As the owner, grant each of them again, or create its policy again:"
            " futuretracker/database/migrations/ has the statements.",
        )
    return ok("The role may do everything that the service does.")


def triggers(subject: Subject) -> Finding:
    """Check that every trigger of the migrations exists, and that none is disabled."""
    with connection(subject.config.database.primary) as conn:
        found = select_triggers(conn, tables=[*TABLES, MIGRATIONS])
    names = {trigger.partition(" on ")[0] for trigger in found}
    missing = [name for name in _expected() if name not in names]
    disabled = [name for name, is_enabled in found.items() if not is_enabled]
    flaws = [
        f"{what}: {', '.join(those)}."
        for what, those in (("Disabled triggers", disabled), ("Missing triggers", missing))
        if those
    ]
    if flaws:
        return error(
            " ".join(flaws),
            "As the owner: alter table ... enable trigger ... (a foreign key: enable trigger all),"
            f" and alter role {ROLE} reset session_replication_role. Create a missing one as in"
            " futuretracker/database/migrations/. Rows that were written meanwhile may be wrong.",
        )
    return ok(f"All {len(found)} triggers are enabled.")


def audit_partitions(subject: Subject) -> Finding:
    """Check that audit entries of the next month have a partition, and the default one has none.

    An entry of a month without a partition is in the default partition. Nothing is lost, but those
    entries must be deleted one by one when they are too old.
    """
    with connection(subject.config.database.primary) as conn:
        found = select_partitions(conn)
        next_month = select_coming_month(conn, months=1)
    ends = max((partition.ends for partition in found if partition.ends), default=None)
    if ends is None:
        return warning("audit_log has no partitions.", MIGRATE)
    if ends <= next_month:
        return warning(
            f"audit_log has no partition for {next_month:%B %Y}.",
            "Enable futuretracker-audit.timer, or run 'python -m futuretracker audit prune' as the"
            " tables' owner: docs/operations/maintenance.md, Audit log.",
        )
    if any(partition.ends is None and partition.size for partition in found):
        return warning(
            "audit_log_default has entries, of months that had no partition.",
            "Enable futuretracker-audit.timer. 'audit prune' deletes them when they are too old.",
        )
    return ok(f"audit_log has partitions up to {ends:%Y-%m-%d}.")


def room(subject: Subject) -> Finding:
    """Compare the connections that Postgres accepts with those that the workers may open."""
    config = subject.config
    of_worker = config.connections + (1 if config.database.replica else 0)
    hosts = subject.settings.hosts
    needed = hosts * config.workers * of_worker
    for server in servers(subject):
        if server.transaction_pooler:
            continue
        with connection(server) as conn:
            found = select_room(conn)
        if found.for_the_role < needed:
            limits = [f"max_connections without the reserved ones {found.total}"]
            limits += [f"other roles use {found.others}"]
            for name, limit in (("role", found.role_limit), ("database", found.database_limit)):
                limits += [f"limit of the {name} {limit}"] if limit is not None else []
            return warning(
                f"The workers may open {needed} connections ({hosts} x {config.workers} x"
                f" {of_worker}), but {found.for_the_role} are possible behind {server.setting}:"
                f" {', '.join(limits)}. Requests then wait for a free one.",
                "Lower WEB_CONCURRENCY or STATEMENTS, raise the limit, or use a pooler:"
                " docs/operations/scaling.md, Connections.",
            )
    return ok(f"There is room for the {needed} connections that the workers may open.")


def _is_long(found: Mapping[str, int], name: str) -> bool:
    return found[name] > TIMEOUTS[name]


def _expected() -> list[str]:
    """Return the names of the triggers that the migrations create and do not drop again."""
    names: dict[str, bool] = {}
    for _, text in migrations():
        names |= {name: verb.lower() == "create" for verb, name in _TRIGGER.findall(text)}
    return [name for name, exists in names.items() if exists]
