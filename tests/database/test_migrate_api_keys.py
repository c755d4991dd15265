"""Migration 0019 beside a running service of the release before it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from psycopg import errors as pg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from futuretracker.database import migrate as module
from futuretracker.database.migrate import TIMEOUTS, MigrationBlocked, migrate, migrations
from futuretracker.database.queries.revocations import insert_revocation
from tests.conftest import ROLE_NAME, numbers
from tests.database.test_migrate import rows

if TYPE_CHECKING:
    from collections.abc import Iterator

Connection = psycopg.Connection[Any]
NAME = "0019_api_keys.sql"
FILES = dict(migrations())


@pytest.fixture
def before(owner_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The URL of a database that lacks the migration, for its owner."""
    name = f"migrate_api_keys_{next(numbers)}"
    files = [(file, text) for file, text in FILES.items() if file <= NAME]
    with psycopg.connect(owner_url, autocommit=True) as conn:
        conn.execute(sql.SQL("create database {}").format(sql.Identifier(name)))
        url = make_conninfo(owner_url, dbname=name)
        monkeypatch.setattr(module, "migrations", lambda: files[:-1])
        migrate(url)
        monkeypatch.setattr(module, "migrations", lambda: files)
        yield url
        conn.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))


def revoked(conn: Connection) -> set[str]:
    """Return what the release before it reads."""
    query = "select subject from revocations where expires_at > now()"
    return {subject for (subject,) in conn.execute(query)}


def test_the_release_before_it_runs_with_the_new_tables(before: str) -> None:
    with psycopg.connect(make_conninfo(before, user=ROLE_NAME), autocommit=True) as role:
        insert_revocation(role, event=None, kind="session", subject="sess_before", seconds=60)
        assert migrate(before) == [NAME]
        insert_revocation(role, event=None, kind="session", subject="sess_after", seconds=60)
        with role.transaction():
            role.execute("select set_config('app.user_id', gen_random_uuid()::text, true)")
            role.execute(
                "insert into audit_log (user_id, actor, action, request_id)"
                " values (current_setting('app.user_id')::uuid, 'user_x', 'CREATE', 'request')"
            )

        assert revoked(role) == {"sess_before", "sess_after"}
    assert rows(before, "select action, client from audit_log") == [("CREATE", None)]


def test_a_key_can_be_revoked_and_nothing_else_that_is_new(before: str) -> None:
    migrate(before)

    with psycopg.connect(make_conninfo(before, user=ROLE_NAME), autocommit=True) as role:
        role.execute("select futuretracker_revoke(null, 'key', 'key_x.1', 60)")
        with pytest.raises(pg.CheckViolation):
            role.execute("select futuretracker_revoke(null, 'table', 'key_x.2', 60)")
        assert revoked(role) == {"key_x.1"}


def test_while_a_session_reads_revocations_nothing_changes(before: str) -> None:
    with psycopg.connect(before) as reader:
        reader.execute("select from revocations")
        with pytest.raises(MigrationBlocked):
            migrate(before, patience=0)
        assert rows(before, "select to_regclass('api_keys')") == [(None,)]

    assert migrate(before) == [NAME]


def test_it_waits_for_revocations_for_a_shorter_time_than_requests_do(before: str) -> None:
    """Every process reads the table every two seconds, and would wait behind the migration."""
    held = (
        "select relation::regclass::text from pg_locks where pid = pg_backend_pid()"
        " and mode = 'AccessExclusiveLock' and relation in ("
        " 'users'::regclass, 'opportunities'::regclass, 'opportunity_rounds'::regclass,"
        " 'audit_log'::regclass, 'revocations'::regclass, 'erasures'::regclass) order by 1"
    )
    shorter = (
        "select current_setting('lock_timeout')::interval < substr(setting, 14)::interval"
        " from pg_roles, unnest(rolconfig) as setting"
        " where rolname = %s and setting like 'lock_timeout=%%'"
    )
    with psycopg.connect(before) as conn, conn.transaction(force_rollback=True):
        conn.execute(TIMEOUTS)
        text, _, last = FILES[NAME].rpartition("alter table revocations")
        conn.execute(text.encode())
        assert conn.execute(held.encode()).fetchall() == [("audit_log",)]
        assert conn.execute(shorter.encode(), [ROLE_NAME]).fetchone() == (True,)
        conn.execute(f"alter table revocations{last}".encode())
        assert conn.execute(held.encode()).fetchall() == [("audit_log",), ("revocations",)]
