"""Clerk's events in the database: each is applied once, as a whole, to one user."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from psycopg import errors as pg
from psycopg.conninfo import make_conninfo

from futuretracker.commands.local.embedded_postgres import as_service
from futuretracker.database.migrate import migrate
from futuretracker.database.queries.columns import V1
from futuretracker.database.queries.erasures import begin_erasure, continue_erasure
from futuretracker.database.queries.opportunities import insert_opportunity
from futuretracker.database.queries.revocations import insert_revocation, select_restrictions
from futuretracker.database.queries.users import Profile, update_profile, upsert_user
from tests.conftest import numbers
from tests.database.queries.conftest import Owner
from tests.support.pooler import connect

if TYPE_CHECKING:
    from collections.abc import Iterator

Connection = psycopg.Connection[Any]
# These run with the privileges of their caller, under the policies.
INVOKERS = {
    "futuretracker_add_audit_partitions",
    "futuretracker_changes",
    "futuretracker_claim",
    "futuretracker_erase_idempotency_keys",
    "futuretracker_create_audit_partition",
    "futuretracker_erase_opportunities",
    "futuretracker_erase_trash",
    "futuretracker_kept_columns",
    "futuretracker_limit_api_keys",
    "futuretracker_redact_audit",
    "futuretracker_redact_changes",
    "futuretracker_replace_rounds",
    "futuretracker_restore",
    "futuretracker_rounds_now",
    "futuretracker_sweep",
}
# Each write calls it, and it names neither a table nor a type: it needs no search_path.
WITHOUT_PATH = {"futuretracker_changes"}
FUNCTIONS = {
    "futuretracker_act": False,
    "futuretracker_activity": True,
    "futuretracker_add_audit_partitions": False,
    "futuretracker_audit_action": False,
    "futuretracker_begin_due_erasures": True,
    "futuretracker_begin_erasure": True,
    "futuretracker_changes": True,
    "futuretracker_claim": True,
    "futuretracker_continue_erasure": True,
    "futuretracker_create_audit_partition": False,
    "futuretracker_delete_idempotency_keys": True,
    "futuretracker_erase": True,  # for the previous release
    "futuretracker_erase_idempotency_keys": False,
    "futuretracker_erase_opportunities": False,
    "futuretracker_erase_trash": False,
    "futuretracker_history": True,
    "futuretracker_is_new": False,
    "futuretracker_kept_columns": True,
    "futuretracker_limit_api_keys": False,
    "futuretracker_prune_trash": True,
    "futuretracker_pruned": True,
    "futuretracker_redact_audit": False,
    "futuretracker_redact_changes": False,
    "futuretracker_refresh": True,
    "futuretracker_refuse_revoked": False,
    "futuretracker_replace_rounds": True,
    "futuretracker_restore": True,
    "futuretracker_revoke": True,
    "futuretracker_rounds_now": True,
    "futuretracker_sweep": False,
    "futuretracker_to_trash": False,
    "futuretracker_undo": False,
}
# What anomaly detection may call.
OF_WATCH = {"futuretracker_act", "futuretracker_undo"}
SECRET = (
    *("revocations", "clerk_events", "erasures", "api_keys", "idempotency_keys", "slowed_users"),
    "account_deletions",
    *("anomaly_findings", "anomaly_actions", "watch_profiles", "watch_inbox"),
)
COUNTED = ("opportunities", "opportunity_rounds")
PROFILE = Profile("new@example.com", "New", None, datetime(2026, 11, 25, tzinfo=UTC))


def erase(conn: Connection, clerk_id: str, event: str | None = None) -> bool:
    name = event or f"msg_erase{next(numbers)}"
    is_new = begin_erasure(conn, event=name, clerk_id=clerk_id, seconds=60, request_id="request")
    while not continue_erasure(conn, clerk_id=clerk_id):
        pass
    return is_new


def left(owner: Connection, user: Owner) -> list[int]:
    """Return a user's number of opportunities, rounds and audit entries with details."""
    queries = [f"select count(*) from {table} where user_id = %s" for table in COUNTED]
    queries.append("select count(*) from audit_log where user_id = %s and details <> '{}'")
    counts = [owner.execute(query.encode(), [user.id]).fetchone() for query in queries]
    return [count[0] for count in counts if count]


@pytest.fixture
def second(service_url: str) -> Iterator[Connection]:
    with connect(service_url, autocommit=True) as conn:
        yield conn


def test_only_the_services_role_may_call_its_functions_and_nobody_the_others(
    owner: Connection,
) -> None:
    rows = owner.execute(
        "select proname, prosecdef, proconfig, pg_get_userbyid(proowner) = current_user,"
        " has_function_privilege('futuretracker_api', oid, 'execute'),"
        " coalesce(array_to_string(proacl, ' '), 'everybody') from pg_proc"
        " where proname like 'futuretracker%' order by 1"
    ).fetchall()

    assert {name: may for name, *_, may, _ in rows} == FUNCTIONS
    path = ["search_path=pg_catalog, pg_temp"]
    for name, definer, settings, owned, _, grants in rows:
        paths = [setting for setting in settings or () if setting.startswith("search_path=")]
        expected = [] if name in WITHOUT_PATH else path
        assert (definer, paths, owned) == (name not in INVOKERS, expected, True), name
        grantees = {grant.partition("=")[0] for grant in grants.split()}
        others = {"futuretracker_watch"} if name in OF_WATCH else {"futuretracker_api"}
        assert grantees <= {"postgres", *others}, name


@pytest.mark.parametrize(
    "statement",
    [
        "select futuretracker_is_new('x')",
        "select * from clerk_events",
        "insert into clerk_events (id) values ('x')",
        "delete from clerk_events",
        "insert into revocations values ('user', 'user_x', now())",
        "delete from revocations",
        "insert into erasures (clerk_id, request_id) values ('user_x', 'x')",
        "delete from erasures",
        "update erasures set user_id = null",
        "update revocations set expires_at = now()",
        "update users set full_name = 'x'",
        "update users set clerk_updated_at = now()",
    ],
)
def test_the_role_may_not_do_without_the_functions_what_they_do(
    role: Connection, statement: str
) -> None:
    with pytest.raises(pg.InsufficientPrivilege):
        role.execute(statement.encode())


def test_supabases_roles_lose_their_default_privileges(owner: Connection) -> None:
    owner.execute("create database events_supabase")
    url = make_conninfo(owner.info.dsn, dbname="events_supabase")
    others = ["anon", "authenticated", "service_role"]
    try:
        with psycopg.connect(url, autocommit=True) as conn:
            for name in others:
                conn.execute(
                    f"do $$ begin create role {name}; exception when duplicate_object then null;"
                    " end $$".encode()
                )
                for kind in ("functions", "tables"):
                    conn.execute(
                        (
                            "alter default privileges in schema public"
                            f" grant all on {kind} to {name}"
                        ).encode()
                    )
            migrate(url)
            for name in others:
                for function in FUNCTIONS:
                    may = conn.execute(
                        "select has_function_privilege(%s, oid, 'execute') from pg_proc"
                        " where proname = %s",
                        [name, function],
                    ).fetchone()
                    assert may == (False,), (name, function)
            for name in others[:2]:
                for table in SECRET:
                    may = conn.execute(
                        "select has_table_privilege(%s, %s, 'select, insert, update, delete')",
                        [name, table],
                    ).fetchone()
                    assert may == (False,), (name, table)
    finally:
        owner.execute("drop database events_supabase with (force)")


def test_an_owner_without_bypassrls_can_erase_as_well(owner: Connection) -> None:
    """On Supabase the owner has BYPASSRLS; elsewhere it may not."""
    owner.execute("create role plain_owner login createrole createdb")
    owner.execute("create database events_plain owner plain_owner")
    url = make_conninfo(owner.info.dsn, dbname="events_plain")
    try:
        with psycopg.connect(url, autocommit=True) as conn:
            conn.execute("alter schema public owner to plain_owner")
            conn.execute("grant futuretracker_api to plain_owner with admin true, inherit false")
        migrate(make_conninfo(url, user="plain_owner"))
        with (
            psycopg.connect(url, autocommit=True) as conn,
            psycopg.connect(as_service(url), autocommit=True) as role,
        ):
            user = Owner(role)
            assert left(conn, user) == [1, 1, 0]
            assert erase(role, user.clerk_id)
            assert left(conn, user) == [0, 0, 0]
            assert select_restrictions(role).refused == {user.clerk_id}
    finally:
        owner.execute("drop database events_plain with (force)")
        owner.execute("drop role plain_owner")


def test_an_event_delivered_twice_at_once_is_handled_once(
    role: Connection, second: Connection, a: Owner
) -> None:
    for number in range(10):
        together = threading.Barrier(2)

        def deliver(conn: Connection, number: int = number) -> bool:
            together.wait()  # noqa: B023 - waited for below
            return insert_revocation(
                conn, event=f"msg_twice{number}", kind="session", subject="sess_x", seconds=60
            )

        with ThreadPoolExecutor(2) as pool:
            assert sorted(pool.map(deliver, [role, second])) == [False, True]


def test_event_ids_are_kept_for_a_week(role: Connection, owner: Connection, a: Owner) -> None:
    def tell() -> bool:
        return update_profile(role, event="msg_week", clerk_id=a.clerk_id, profile=PROFILE)

    assert [tell(), tell()] == [True, False]
    age = "update clerk_events set received_at = now() - %s::interval where id = 'msg_week'"
    owner.execute(age.encode(), ["6 days 23 hours"])
    assert not tell()
    owner.execute(age.encode(), ["7 days 1 hour"])
    assert tell()


def test_a_webhook_removes_a_bounded_number_of_old_rows(
    role: Connection, owner: Connection, a: Owner
) -> None:
    """However many there are, it stays far below the statement_timeout of the role."""
    owner.execute(
        "insert into clerk_events (id, received_at)"
        " select 'msg_old' || n, now() - interval '8 days' from generate_series(1, 2500) as n"
    )
    owner.execute(
        "insert into revocations (kind, subject, expires_at)"
        " select 'session', 'sess_old' || n, now() - interval '1 hour'"
        " from generate_series(1, 2500) as n"
    )
    left = (
        "select (select count(*) from clerk_events where id like 'msg_old%'),"
        " (select count(*) from revocations where subject like 'sess_old%')"
    )
    seen = []
    for number in range(4):
        event = f"msg_bounded{number}"
        insert_revocation(role, event=event, kind="session", subject="sess_new", seconds=60)
        seen.append(owner.execute(left.encode()).fetchone())

    assert seen == [(1500, 1500), (500, 500), (0, 0), (0, 0)]


def test_a_profile_changes_only_its_user(
    role: Connection, owner: Connection, a: Owner, b: Owner
) -> None:
    update_profile(role, event="msg_alone", clerk_id=a.clerk_id, profile=PROFILE)
    emails = "select clerk_id, email from users where clerk_id = any(%s)"

    assert dict(owner.execute(emails.encode(), [[a.clerk_id, b.clerk_id]]).fetchall()) == {
        a.clerk_id: "new@example.com",
        b.clerk_id: f"{b.clerk_id}@example.com",
    }


# Concurrent changes.


@pytest.fixture(params=["cascade", "no action"])
def _deleting(request: pytest.FixtureRequest, owner: Connection) -> Iterator[None]:
    """The rules that an existing database may have for deleting a user with opportunities."""
    change = """
        alter table opportunities drop constraint opportunities_user_id_fkey,
            add constraint opportunities_user_id_fkey foreign key (user_id)
                references users (id) on delete {}
    """
    owner.execute(change.format(request.param).encode())
    yield
    owner.execute(change.format("cascade").encode())


@pytest.mark.usefixtures("_deleting")
def test_erasing_waits_for_an_opportunity_being_added_and_deletes_it(
    role: Connection, owner: Connection, service_url: str, a: Owner
) -> None:
    with connect(service_url, autocommit=False) as busy, ThreadPoolExecutor(1) as pool:
        insert_opportunity(
            busy, audit=a.audit, values={"title": "Late", "status": "applied"}, columns=V1
        )
        erasing = pool.submit(erase, role, a.clerk_id)
        time.sleep(0.1)
        assert not erasing.done()
        busy.commit()
        assert erasing.result(60)

    assert left(owner, a) == [0, 0, 0]


def test_erasing_waits_for_a_user_being_added_and_deletes_it(
    role: Connection, owner: Connection, service_url: str
) -> None:
    clerk_id = f"user_way{next(numbers)}"
    with connect(service_url, autocommit=False) as busy, ThreadPoolExecutor(1) as pool:
        assert upsert_user(busy, clerk_id=clerk_id, email=None)
        erasing = pool.submit(erase, role, clerk_id)
        time.sleep(0.1)
        assert not erasing.done()
        busy.commit()
        assert erasing.result(60)

    assert owner.execute("select from users where clerk_id = %s", [clerk_id]).fetchall() == []


def test_a_user_is_not_added_again_during_the_erasing(
    second: Connection, owner: Connection, service_url: str
) -> None:
    clerk_id = f"user_during{next(numbers)}"
    with connect(service_url, autocommit=False) as busy, ThreadPoolExecutor(1) as pool:
        assert erase(busy, clerk_id)
        seeing = pool.submit(upsert_user, second, clerk_id=clerk_id, email=None)
        time.sleep(0.1)
        assert not seeing.done()
        busy.commit()
        assert seeing.result(60) is None

    assert owner.execute("select from users where clerk_id = %s", [clerk_id]).fetchall() == []
