"""Postgres that is set up wrongly: each breakage alone, on a real server."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from futuretracker.checks.checklist import ITEMS as CHECKLIST
from futuretracker.checks.finding import Verdict
from futuretracker.checks.items.database_setup import FUNCTIONS
from futuretracker.checks.runner import run
from futuretracker.commands.local import embedded_postgres
from futuretracker.database.migrate import migrate
from tests.checks.conftest import Database, subject_of
from tests.support.standby import standby

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from futuretracker.checks.finding import Finding

    Find = Callable[..., Finding]

ITEMS = (
    "database-writable",
    "database-timeouts",
    "database-privileges",
    "database-triggers",
    "audit-partitions",
    "database-room",
)
ROLE = "futuretracker_api"


@pytest.fixture(scope="module")
def alone() -> Iterator[Database]:
    """A whole server with 100 connections: its roles and settings may be changed."""
    with TemporaryDirectory(prefix="futuretracker-") as name:
        Path(name).chmod(0o755)
        with embedded_postgres.postgres(Path(name) / "data") as url:
            migrate(url)
            yield Database(url)


@pytest.mark.parametrize("item_id", ITEMS)
def test_a_migrated_database_is_ok(find: Find, alone: Database, item_id: str) -> None:
    assert find(item_id, DATABASE_URL=alone.service_url).verdict == Verdict.OK


def test_a_read_only_database_is_an_error(database: Database, find: Find) -> None:
    name = conninfo_to_dict(database.owner_url)["dbname"]
    database.execute(f"alter database {name} set default_transaction_read_only = on")
    finding = find("database-writable", DATABASE_URL=database.service_url)

    assert finding.verdict == Verdict.ERROR
    assert finding.found == "Postgres is read-only: every change is refused with a 503."


def test_a_standby_as_the_primary_is_an_error(alone: Database, find: Find) -> None:
    with standby(alone.owner_url) as follower:
        url = embedded_postgres.as_service(follower.url)
        finding = find("database-writable", DATABASE_URL=url)

    assert finding.verdict == Verdict.ERROR


@pytest.mark.parametrize(
    "name", ["statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout"]
)
@pytest.mark.parametrize(
    ("value", "verdict"), [("0", Verdict.ERROR), ("10min", Verdict.WARNING)], ids=["off", "long"]
)
def test_a_role_without_a_short_timeout_is_found(
    database: Database, find: Find, name: str, value: str, verdict: Verdict
) -> None:
    base = conninfo_to_dict(database.owner_url)["dbname"]
    database.execute(f"alter role {ROLE} in database {base} set {name} = '{value}'")
    finding = find("database-timeouts", DATABASE_URL=database.service_url)

    assert finding.verdict == verdict
    assert name in finding.found
    assert f"alter role {ROLE} set" in finding.remedy


@pytest.mark.parametrize(
    ("statement", "missing"),
    [
        (f"revoke insert on audit_log from {ROLE}", "insert on audit_log"),
        (f"revoke all on opportunity_rounds from {ROLE}", "delete on opportunity_rounds"),
        ("drop table opportunity_rounds cascade", "select on opportunity_rounds"),
        (f"revoke insert, delete on api_keys from {ROLE}", "delete on api_keys"),
        ("drop policy api_owner on audit_log", "insert by a policy on audit_log"),
        (
            f"revoke execute on function futuretracker_begin_erasure from {ROLE}",
            "execute on futuretracker_begin_erasure",
        ),
    ],
)
def test_a_role_that_may_not_do_its_work_is_an_error(
    database: Database, find: Find, statement: str, missing: str
) -> None:
    database.execute(statement)
    finding = find("database-privileges", DATABASE_URL=database.service_url)

    assert finding.verdict == Verdict.ERROR
    assert missing in finding.found


def test_a_grant_on_columns_is_enough(database: Database, find: Find) -> None:
    database.execute(
        f"revoke insert on audit_log from {ROLE};"
        f"grant insert (user_id, actor, action) on audit_log to {ROLE}"
    )

    assert find("database-privileges", DATABASE_URL=database.service_url).verdict == Verdict.OK


def test_the_functions_are_those_that_the_migrations_grant(database: Database) -> None:
    with psycopg.connect(database.owner_url) as conn:
        granted = conn.execute(
            "select proname from pg_proc, aclexplode(proacl)"
            " where pronamespace = 'public'::regnamespace and grantee = %s::regrole",
            [ROLE],
        ).fetchall()
    before = "futuretracker_erase"  # only the release before 0013 calls it

    assert {name for (name,) in granted} == {*FUNCTIONS, before}


def own_triggers(database: Database) -> list[tuple[str, str]]:
    with psycopg.connect(database.owner_url) as conn:
        return conn.execute(
            "select c.relname, t.tgname from pg_trigger as t join pg_class as c on c.oid = tgrelid"
            " where c.relnamespace = 'public'::regnamespace and not t.tgisinternal"
            " and t.tgparentid = 0"  # the trigger of a partition goes with that of its table
        ).fetchall()


def test_every_disabled_trigger_is_an_error(database: Database, find: Find) -> None:
    triggers = own_triggers(database)
    assert triggers
    for table, trigger in triggers:
        database.execute(f"alter table {table} disable trigger {trigger}")
        finding = find("database-triggers", DATABASE_URL=database.service_url)
        database.execute(f"alter table {table} enable replica trigger {trigger}")
        other = find("database-triggers", DATABASE_URL=database.service_url)
        database.execute(f"alter table {table} enable trigger {trigger}")

        assert finding.verdict == Verdict.ERROR
        assert finding.found.startswith(f"Disabled triggers: {trigger} on {table}")
        assert other == finding


def test_every_missing_trigger_is_an_error(database: Database, find: Find) -> None:
    for table, trigger in own_triggers(database):
        database.execute(f"drop trigger {trigger} on {table}")
        finding = find("database-triggers", DATABASE_URL=database.service_url)

        assert finding.verdict == Verdict.ERROR
        assert trigger in finding.found


def test_triggers_of_foreign_keys_count_too(database: Database, find: Find) -> None:
    database.execute("alter table opportunity_rounds disable trigger all")
    finding = find("database-triggers", DATABASE_URL=database.service_url)

    assert finding.verdict == Verdict.ERROR
    assert "fkey on opportunity_rounds" in finding.found


def test_a_role_that_skips_all_triggers_is_an_error(database: Database, find: Find) -> None:
    name = conninfo_to_dict(database.owner_url)["dbname"]
    setting = f"alter role {ROLE} in database {name} set session_replication_role = replica"
    database.execute(setting)

    assert find("database-triggers", DATABASE_URL=database.service_url).verdict == Verdict.ERROR


@pytest.mark.parametrize(
    ("limit", "undo", "told"),
    [
        ("alter database {} connection limit 12", "-1", "limit of the database 12"),
        (f"alter role {ROLE} connection limit 12", "-1", "limit of the role 12"),
    ],
)
def test_a_limit_below_the_pools_is_a_warning(
    alone: Database, find: Find, limit: str, undo: str, told: str
) -> None:
    statement = limit.format(conninfo_to_dict(alone.owner_url)["dbname"])
    alone.execute(statement)
    finding = find("database-room", DATABASE_URL=alone.service_url, WEB_CONCURRENCY="2")
    alone.execute(statement.replace("12", undo))

    assert finding.verdict == Verdict.WARNING
    assert "may open 40 connections (1 x 2 x 20), but 12 are possible" in finding.found
    assert told in finding.found


def test_the_checks_together_need_few_connections(
    alone: Database, settings: dict[str, str]
) -> None:
    """If Postgres lets few in, the item that says so must not be refused itself.

    A busy Postgres still counts connections that were just closed.
    """
    subject = subject_of({**settings, "DATABASE_URL": alone.service_url})
    items = [item._replace(within=60) for item in CHECKLIST if item.id.startswith("database-")]
    alone.execute(f"alter role {ROLE} connection limit 6")
    found = {result.item.id: result.finding.verdict for result in run(items, subject)}
    alone.execute(f"alter role {ROLE} connection limit -1")

    assert found == dict.fromkeys(found, Verdict.OK) | {"database-room": Verdict.WARNING}


def test_more_workers_or_hosts_than_postgres_lets_in_are_a_warning(
    alone: Database, find: Find
) -> None:
    def verdict(**settings: str) -> Verdict:
        return find("database-room", DATABASE_URL=alone.service_url, **settings).verdict

    assert verdict(WEB_CONCURRENCY="2", HOSTS="2") == Verdict.OK
    assert verdict(WEB_CONCURRENCY="2", HOSTS="3") == Verdict.WARNING
    assert verdict(WEB_CONCURRENCY="6") == Verdict.WARNING
    assert verdict(WEB_CONCURRENCY="6", DATABASE_POOLER="transaction") == Verdict.OK


def test_connections_of_other_roles_are_subtracted(alone: Database, find: Find) -> None:
    with psycopg.connect(alone.owner_url):
        finding = find("database-room", DATABASE_URL=alone.service_url, WEB_CONCURRENCY="6")

    assert "other roles use 1" in finding.found


ADOPTED = "alter table audit_log {} partition audit_log_first"
DROP_MONTHS = """
do $$ declare name text; begin
    for name in select inhrelid::regclass::text from pg_inherits
        where inhparent = 'audit_log'::regclass and inhrelid::regclass::text ~ '[0-9]'
    loop execute format('drop table %s', name); end loop;
end $$
"""
FAR = """
insert into audit_log (at, user_id, actor, action, request_id)
values ('9999-01-01', gen_random_uuid(), 'user', 'X', 'request')
"""


@pytest.mark.parametrize(
    ("statements", "found"),
    [
        ([DROP_MONTHS, ADOPTED.format("detach")], "audit_log has no partitions."),
        (
            [
                DROP_MONTHS,
                ADOPTED.format("detach"),
                ADOPTED.format("attach") + " for values from (minvalue) to ('2001-01-01')",
            ],
            "audit_log has no partition for ",
        ),
        (
            [FAR],
            "audit_log_default has entries, of months that had no partition.",
        ),
    ],
    ids=["none", "not the next month", "in the default partition"],
)
def test_audit_entries_without_a_partition_are_found(
    database: Database, find: Find, statements: list[str], found: str
) -> None:
    for statement in statements:
        database.execute(statement)
    finding = find("audit-partitions", DATABASE_URL=database.service_url)

    assert finding.verdict == Verdict.WARNING
    assert finding.found.startswith(found)
