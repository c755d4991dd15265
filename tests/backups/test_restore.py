"""A restored database equals the original, and the service runs on it."""

from __future__ import annotations

import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from futuretracker.commands.local import embedded_postgres
from tests.backups import Site, database, site
from tests.conftest import ORIGIN

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from futuretracker.commands.local.issuer import Issuer
    from tests.support.servers import Response, Service

DATA_API = ("anon", "authenticated", "service_role")
# The default privileges of a Supabase project on new objects of its owner.
AS_SUPABASE = "".join(
    f"alter default privileges in schema public grant all on {kind} to {', '.join(DATA_API)};"
    for kind in ("tables", "sequences", "functions")
)
GRANTED = """
select count(*) from information_schema.role_table_grants
where table_schema = 'public' and grantee in ('anon', 'authenticated')
"""
MAY_ERASE = """
select has_function_privilege('anon', 'futuretracker_erase(text, text, integer, text)', 'execute')
"""
DEFAULTS = "select defaclobjtype, defaclacl::text from pg_default_acl order by 1"


@pytest.fixture
def backup(kept: Site) -> Path:
    [file] = kept.directory.glob("*.dump")
    return file


@pytest.fixture
def cluster_roles(owner_url: str) -> Iterator[None]:
    """Create the roles of Supabase's Data API in the tests' Postgres."""
    with psycopg.connect(owner_url, autocommit=True) as conn:
        for role in DATA_API:
            conn.execute(f"create role {role}".encode())
        yield
        for role in DATA_API:
            conn.execute(f"drop role {role}".encode())


def restored(place: Site, backup: Path, target: str) -> None:
    done = place.run("restore", str(backup), RESTORE_DATABASE_URL=target)
    assert (done.returncode, done.stderr) == (0, "")


def rows(url: str, statement: str) -> list[Any]:
    with psycopg.connect(url) as conn:
        return conn.execute(statement.encode()).fetchall()


def test_the_output_names_the_restored_rows_and_the_next_step(
    kept: Site, backup: Path, target: str
) -> None:
    done = kept.run("restore", str(backup), RESTORE_DATABASE_URL=target)

    counts = ", ".join(f"{name} {n}" for name, n in kept.status()["backup"]["rows"].items())
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == (
        f"restored, and every row compared: {counts}\n"
        "Now give the role futuretracker_api a password there"
        " (alter role futuretracker_api password '...'), and set DATABASE_URL to that database.\n"
    )


def test_json_is_one_object(kept: Site, backup: Path, target: str) -> None:
    done = kept.run("restore", str(backup), "--json", RESTORE_DATABASE_URL=target)

    rows = kept.status()["backup"]["rows"]
    assert json.loads(done.stdout) == {"file": backup.name, "rows": rows}


def test_every_value_is_restored(kept: Site, backup: Path, target: str, source: str) -> None:
    restored(kept, backup, target)

    for table in (
        "users",
        "opportunities",
        "opportunity_rounds",
        "audit_log",
        "revocations",
        "erasures",
        "api_keys",
        "trash",
        "prune_runs",
        "idempotency_keys",
        "account_deletions",
    ):
        everything = f"select t::text from {table} as t order by 1"
        assert rows(target, everything) == rows(source, everything)


@pytest.fixture(scope="module")
def elsewhere(kept: Site) -> Iterator[str]:
    """Another Postgres, which holds only the restored backup; yield its owner's URL."""
    with TemporaryDirectory(prefix="futuretracker-") as name:
        Path(name).chmod(0o755)
        with embedded_postgres.postgres(Path(name, "data")) as url:
            [backup] = kept.directory.glob("*.dump")
            restored(kept, backup, url)
            yield url


@pytest.mark.parametrize("name", ["futuretracker_api", "futuretracker_watch"])
def test_a_role_is_created_with_its_settings_and_without_a_password(
    elsewhere: str, source: str, name: str
) -> None:
    role = (
        "select rolcanlogin, rolinherit, rolsuper, rolbypassrls, rolcreatedb, rolcreaterole,"
        f" rolconfig from pg_roles where rolname = '{name}'"
    )
    assert rows(elsewhere, role) == rows(source, role) != []
    password = f"select rolpassword from pg_authid where rolname = '{name}'"
    assert rows(elsewhere, password) == [(None,)]


def test_the_service_runs_on_it_and_separates_users(
    elsewhere: str, serve: Callable[..., Service], issuer: Issuer
) -> None:
    service = serve(DATABASE_URL=embedded_postgres.as_service(elsewhere))

    def ask(method: str, path: str, user: str, body: object = None) -> Response:
        token = issuer.token(user, ttl=600, azp=ORIGIN)
        return service.request(method, f"/api/v1/opportunities{path}", token=token, body=body)

    mine, theirs = (ask("GET", "?limit=100", user).json["items"] for user in ("user_a", "user_b"))
    assert [len(mine), len(theirs)] == [21, 21]
    assert {row["id"] for row in mine}.isdisjoint(row["id"] for row in theirs)
    assert ask("GET", f"/{mine[0]['id']}", "user_a").status == 200
    assert ask("GET", f"/{theirs[0]['id']}", "user_a").status == 404
    assert ask("DELETE", f"/{theirs[0]['id']}", "user_a").status == 404
    assert ask("PATCH", f"/{mine[0]['id']}", "user_a", {"notes": "after it"}).status == 200
    assert ask("POST", "", "user_c", {"title": "New here"}).status == 201


def test_temporary_objects_need_a_grant(kept: Site, backup: Path, target: str) -> None:
    temporary = "select has_database_privilege('public', current_database(), 'temporary')"
    assert rows(target, temporary) == [(True,)]
    restored(kept, backup, target)

    assert rows(target, temporary) == [(False,)]


def test_the_service_role_sees_no_rows_without_user(kept: Site, backup: Path, target: str) -> None:
    restored(kept, backup, target)

    assert rows(embedded_postgres.as_service(target), "select count(*) from opportunities") == [
        (0,)
    ]
    assert rows(target, "select count(*) from opportunities") == [(42,)]


@pytest.mark.usefixtures("cluster_roles")
def test_default_privileges_do_not_apply_to_restored_tables(
    kept: Site, backup: Path, target: str
) -> None:
    with psycopg.connect(target, autocommit=True) as conn:
        conn.execute(AS_SUPABASE.encode())
    before = rows(target, DEFAULTS)

    restored(kept, backup, target)

    assert rows(target, GRANTED) == [(0,)]
    assert rows(target, MAY_ERASE) == [(False,)]
    assert rows(target, DEFAULTS) == before
    with psycopg.connect(target, autocommit=True) as conn:
        conn.execute("drop owned by anon, authenticated, service_role")


@pytest.mark.usefixtures("cluster_roles")
def test_the_platforms_grants_are_restored(owner_url: str, target: str) -> None:
    with database(owner_url) as url, site(url) as place:
        with psycopg.connect(url, autocommit=True) as conn:
            conn.execute(AS_SUPABASE.encode())
        migrated = place.run("migrate", MIGRATION_DATABASE_URL=url)
        assert migrated.returncode == 0
        restored(place, place.back_up(), target)

    granted = "select has_table_privilege('service_role', 'users', 'truncate')"
    assert rows(target, granted) == [(True,)]
    assert rows(target, GRANTED) == [(0,)]
    with psycopg.connect(target, autocommit=True) as conn:
        conn.execute("drop owned by anon, authenticated, service_role")


def test_an_owner_with_another_name_and_no_superuser_rights_can_restore(
    kept: Site, backup: Path, owner_url: str
) -> None:
    with psycopg.connect(owner_url, autocommit=True) as conn:
        conn.execute("create role somebody login createrole")
        with database(owner_url, "create database {} owner somebody") as url:
            theirs = make_conninfo(url, user="somebody")
            restored(kept, backup, theirs)

            # These functions run as the owner, and row level security is forced on the owner.
            erase = "select futuretracker_erase('msg_y', 'user_a', 600, 'request')"
            assert rows(embedded_postgres.as_service(url), erase) == [(True,)]
            owners = "select distinct tableowner from pg_tables where schemaname = 'public'"
            assert rows(theirs, owners) == [("somebody",)]
        conn.execute("drop role somebody")


def test_a_pending_migration_can_be_applied_afterwards(
    kept: Site, backup: Path, target: str
) -> None:
    restored(kept, backup, target)

    done = kept.run("migrate", MIGRATION_DATABASE_URL=target)
    assert (done.returncode, done.stdout, done.stderr) == (0, "up to date\n", "")
