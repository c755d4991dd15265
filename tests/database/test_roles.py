"""Production refuses a database role that could see more than one user's rows."""

from __future__ import annotations

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from futuretracker.database.roles import UnsafeRole, check_role
from tests.support import servers

PASSWORD = "hunter2-in-the-url"
BYPASSES = "which is or can become a superuser or a role with BYPASSRLS"
OWNS = "which owns or can own the tables"
REMEDY = (
    ": it would not keep users apart. Run 'python -m futuretracker migrate', which creates the role"
    " futuretracker_api and enables row level security, give the role a password in Supabase's SQL"
    " editor (alter role futuretracker_api password '...'), and put it into DATABASE_URL."
)


def test_production_does_not_start_as_a_role_that_sees_everything(
    settings: dict[str, str], owner_url: str
) -> None:
    url = make_conninfo(owner_url, password=PASSWORD)
    refused = servers.refused_start({**settings, "DATABASE_URL": url})

    assert refused.returncode != 0
    assert refused.stderr == (f"DATABASE_URL connects as 'postgres', {BYPASSES}{REMEDY}\n")
    assert "Booting worker" not in refused.stdout
    assert PASSWORD not in refused.stdout
    assert "Traceback" not in refused.stdout


OTHER = "create role o; alter table users owner to o"
UNSAFE = {
    "superuser": ("create role r superuser", BYPASSES),
    "bypassrls": ("create role r bypassrls", BYPASSES),
    "owner": ("create role r; alter table opportunities owner to r", OWNS),
    "owner of the audit": ("create role r; alter table audit_log owner to r", OWNS),
    "member of the owner": (f"{OTHER}; create role r in role o", OWNS),
    "member of a superuser": ("create role s superuser; create role r in role s", BYPASSES),
    "member who has to ask": (f"{OTHER}; create role r; grant o to r with inherit false", OWNS),
}


@pytest.mark.parametrize("kind", UNSAFE)
def test_a_role_to_which_no_policy_applies_is_refused(owner_url: str, kind: str) -> None:
    statements, flaw = UNSAFE[kind]
    with psycopg.connect(owner_url) as conn, conn.transaction(force_rollback=True):
        for statement in statements.split(";"):
            conn.execute(statement.encode())
        conn.execute("set local role r")
        with pytest.raises(UnsafeRole) as refusal:
            check_role(conn)
        conn.execute("set local role futuretracker_api")
        check_role(conn)

    assert str(refusal.value) == f"DATABASE_URL connects as 'r', {flaw}{REMEDY}"


@pytest.mark.parametrize("statement", ["disable", "no force"])
@pytest.mark.parametrize(
    "table",
    [
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
    ],
)
def test_the_right_role_is_refused_if_a_table_does_not_enforce_its_policies(
    owner_url: str, table: str, statement: str
) -> None:
    with psycopg.connect(owner_url) as conn, conn.transaction(force_rollback=True):
        conn.execute(f"alter table {table} {statement} row level security".encode())
        conn.execute("set local role futuretracker_api")
        with pytest.raises(UnsafeRole, match="not enabled and forced on every table"):
            check_role(conn)
