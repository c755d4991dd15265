"""Users' rows: what a broken database looks like to the checks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from psycopg.conninfo import conninfo_to_dict

from futuretracker.checks.finding import Verdict
from futuretracker.database.roles import TABLES
from tests.database.queries.test_definer_functions import DEFINERS

if TYPE_CHECKING:
    from collections.abc import Callable

    from futuretracker.checks.finding import Finding
    from tests.checks.conftest import Database

DATA_API = """
    do $$ begin create role anon; exception when duplicate_object then null; end $$;
    do $$ begin create role authenticated; exception when duplicate_object then null; end $$;
"""


@pytest.fixture
def look_at(database: Database, find: Callable[..., Finding]) -> Callable[[str, str], Finding]:
    """Break a database with statements and look at it as the service: ``look_at(id, sql)``."""
    database.execute(DATA_API)

    def look_at(item_id: str, statements: str) -> Finding:
        database.execute(statements)
        return find(item_id, DATABASE_URL=database.service_url)

    return look_at


def test_a_migrated_database_is_ok(look_at: Callable[[str, str], Finding]) -> None:
    rows, grants = look_at("row-level-security", ""), look_at("data-api-grants", "")

    assert (rows.verdict, grants.verdict) == (Verdict.OK, Verdict.OK)
    assert f"all {len(TABLES)} tables" in rows.found


@pytest.mark.parametrize("table", TABLES)
def test_row_level_security_that_is_off_on_one_table_is_an_error(
    look_at: Callable[[str, str], Finding], table: str
) -> None:
    finding = look_at("row-level-security", f"alter table {table} disable row level security")

    assert finding.verdict == Verdict.ERROR
    assert f"not enabled on {table}." in finding.found


def test_row_level_security_that_does_not_bind_the_owner_is_an_error(
    look_at: Callable[[str, str], Finding],
) -> None:
    finding = look_at("row-level-security", "alter table users no force row level security")

    assert finding.verdict == Verdict.ERROR
    assert finding.found == "Row level security: not forced on users."


@pytest.mark.parametrize(
    "statements",
    [
        "drop policy api_owner_only on opportunities",
        "alter policy api_owner_only on opportunities using (true)",
        "alter policy api_owner_only on opportunities to anon",
    ],
)
def test_a_policy_that_lets_go_of_the_role_is_an_error(
    look_at: Callable[[str, str], Finding], statements: str
) -> None:
    finding = look_at("row-level-security", statements)

    assert finding.verdict == Verdict.ERROR
    assert "no restrictive policy applies to futuretracker_api on opportunities" in finding.found


def test_a_table_that_is_gone_is_an_error(look_at: Callable[[str, str], Finding]) -> None:
    finding = look_at("row-level-security", "drop table opportunity_rounds cascade")

    assert finding.verdict == Verdict.ERROR
    assert "opportunity_rounds is missing" in finding.found


@pytest.mark.parametrize(
    ("statement", "found"),
    [
        ("grant select on users to anon", "users to anon"),
        ("grant insert on opportunities to authenticated", "opportunities to authenticated"),
        ("grant select on audit_log to public", "audit_log to public"),
        ("grant select (email) on users to anon", "users.email to anon"),
        ("grant usage on sequence audit_log_id_seq to anon", "audit_log_id_seq to anon"),
        ("grant insert on futuretracker_migrations to anon", "futuretracker_migrations to anon"),
        (
            "grant execute on function futuretracker_is_new to public",
            "futuretracker_is_new() to public",
        ),
        (
            "grant execute on function futuretracker_erase to authenticated",
            "futuretracker_erase() to authenticated",
        ),
        (
            "create function futuretracker_new() returns int language sql as 'select 1'",
            "futuretracker_new() to public",
        ),
        ("create view v as select * from users; grant select on v to anon", "v to anon"),
        (
            """create schema other; create view other.v as select id from opportunities;
            create view other.w as select * from other.v; grant select on other.w to anon""",
            "w to anon",
        ),
        (
            "create materialized view m as select * from audit_log; grant select on m to public",
            "m to public",
        ),
    ],
)
def test_a_grant_to_anybody_but_the_service_is_an_error(
    look_at: Callable[[str, str], Finding], statement: str, found: str
) -> None:
    finding = look_at("data-api-grants", statement)

    assert finding.verdict == Verdict.ERROR
    assert finding.found == f"Granted: {found}."


def test_a_data_api_that_may_become_the_service_is_an_error(
    look_at: Callable[[str, str], Finding], database: Database
) -> None:
    try:
        finding = look_at("data-api-grants", "grant futuretracker_api to anon")
    finally:
        database.execute("revoke futuretracker_api from anon")

    assert (finding.verdict, finding.found) == (
        Verdict.ERROR,
        "Granted: the role futuretracker_api to anon.",
    )


def test_a_table_of_somebody_elses_may_be_granted_to_whom_they_like(
    look_at: Callable[[str, str], Finding],
) -> None:
    finding = look_at("data-api-grants", "create table theirs (); grant all on theirs to anon")

    assert finding.verdict == Verdict.OK


DEFINER = "create function {} returns int language sql security definer {} as 'select 1'"
UNSAFE = "SECURITY DEFINER without a search_path that ends in pg_temp: "


def test_the_definer_functions_of_the_migrations_are_ok(
    look_at: Callable[[str, str], Finding],
) -> None:
    finding = look_at("definer-functions", "")

    assert finding.verdict == Verdict.OK
    assert finding.found == (
        f"All {len(DEFINERS)} SECURITY DEFINER functions search pg_temp last, and"
        " futuretracker_api cannot create temporary objects."
    )


@pytest.mark.parametrize(
    "path",
    [
        "",
        "set search_path = ''",
        "set search_path = pg_catalog",
        "set search_path = pg_temp, pg_catalog",
        "set search_path = pg_temp, pg_catalog, pg_temp",
        "set search_path = 'pg_catalog, pg_temp'",
        "set work_mem = '4MB'",
    ],
)
def test_a_definer_function_that_may_search_pg_temp_first_is_an_error(
    look_at: Callable[[str, str], Finding], path: str
) -> None:
    finding = look_at("definer-functions", DEFINER.format("theirs()", path))

    assert (finding.verdict, finding.found) == (Verdict.ERROR, f"{UNSAFE}theirs().")
    assert "alter function ... set search_path = pg_catalog, pg_temp;" in finding.remedy
    assert "revoke" not in finding.remedy


@pytest.mark.parametrize("path", ["pg_temp", "pg_catalog, public, pg_temp"])
def test_a_definer_function_that_searches_pg_temp_last_is_ok(
    look_at: Callable[[str, str], Finding], path: str
) -> None:
    statement = DEFINER.format("theirs()", f"set work_mem = '4MB' set search_path = {path}")

    assert look_at("definer-functions", statement).verdict == Verdict.OK


def test_a_definer_function_in_another_schema_counts_if_the_role_may_call_it(
    look_at: Callable[[str, str], Finding],
) -> None:
    create = "create schema theirs;" + DEFINER.format("theirs.it()", "")
    hidden = look_at("definer-functions", create)
    seen = look_at("definer-functions", "grant usage on schema theirs to futuretracker_api")

    assert hidden.verdict == Verdict.OK
    assert (seen.verdict, seen.found) == (Verdict.ERROR, f"{UNSAFE}theirs.it().")


@pytest.mark.parametrize("grantee", ["public", "futuretracker_api"])
def test_a_grant_of_temporary_objects_is_a_warning(
    look_at: Callable[[str, str], Finding], database: Database, grantee: str
) -> None:
    name = conninfo_to_dict(database.owner_url)["dbname"]
    finding = look_at("definer-functions", f"grant temporary on database {name} to {grantee}")

    assert (finding.verdict, finding.found, finding.remedy) == (
        Verdict.WARNING,
        f"TEMPORARY on database {name} is granted to {grantee}.",
        f"As the owner of the database: revoke temporary on database {name} from {grantee}.",
    )


def test_the_database_before_the_migration_is_an_error_that_names_all_of_it(
    look_at: Callable[[str, str], Finding], database: Database
) -> None:
    name = conninfo_to_dict(database.owner_url)["dbname"]
    finding = look_at(
        "definer-functions",
        f"grant temporary on database {name} to public;"
        "alter function futuretracker_is_new set search_path = ''",
    )

    assert (finding.verdict, finding.found) == (
        Verdict.ERROR,
        f"{UNSAFE}futuretracker_is_new(text). TEMPORARY on database {name} is granted to public.",
    )
    assert "migrate" in finding.remedy
    assert f"revoke temporary on database {name} from public." in finding.remedy
