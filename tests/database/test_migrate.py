"""Migrations of an empty database, of an existing FutureTracker, and twice."""

from __future__ import annotations

import argparse
import itertools
import json
import re
import threading
from typing import TYPE_CHECKING, Any
from uuid import UUID

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo

from futuretracker.commands import migrate as command
from futuretracker.database.migrate import migrate, migrations
from futuretracker.database.queries.analytics import ORIGINAL as PARTS
from futuretracker.database.queries.analytics import select_analytics
from futuretracker.database.queries.audit import AuditEntry
from futuretracker.database.queries.columns import ORIGINAL
from futuretracker.database.queries.opportunities import (
    insert_opportunity,
    update_opportunity,
)
from futuretracker.database.queries.pages import select_page
from futuretracker.database.queries.users import upsert_user
from tests.conftest import ROLE_NAME

if TYPE_CHECKING:
    from collections.abc import Iterator

databases = itertools.count(1)

# What the original Express service created on Supabase, with the roles of the Data API.
EXISTING = """
    do $$ begin create role anon; exception when duplicate_object then null; end $$;
    do $$ begin create role authenticated; exception when duplicate_object then null; end $$;
    create table users (
        id uuid primary key default gen_random_uuid(),
        clerk_id text unique not null,
        email text not null,
        full_name text,
        avatar_url text,
        created_at timestamptz default now(),
        updated_at timestamptz default now()
    );
    create table opportunities (
        id uuid primary key default gen_random_uuid(),
        user_id uuid not null references users (id) on delete cascade,
        title varchar(200) not null,
        description text,
        link text,
        deadline date,
        category varchar(20) check (category in ('internship', 'hackathon')),
        status varchar(20) default 'applied'
            check (status in ('applied', 'interviewed', 'shortlisted', 'selected', 'rejected')),
        notes text,
        created_at timestamptz default now(),
        updated_at timestamptz default now()
    );
    create index idx_opportunities_user_id on opportunities (user_id);
    grant all on users, opportunities to anon, authenticated;
    alter table opportunities enable row level security;
    create policy "Everybody may read" on opportunities for select using (true);
    insert into users (clerk_id, email, full_name)
    select 'user_old' || n, 'old' || n || '@example.com', 'Old ' || n from generate_series(1, 20) n;
    insert into opportunities (user_id, title, category, status, deadline)
    select u.id, 'Row ' || n || ' of ' || u.clerk_id, 'hackathon',
        case when n = 1 then null else 'shortlisted' end, '2026-02-28'
    from users as u, generate_series(1, 30) as n;
"""
# The columns that the migrations add.
ADDED = [
    "campus_mode",
    "applied_on",
    "current_round_number",
    "rejected_round_number",
    "rounds_status",
    "search",
    "search_text",
    "version",
    "company",
    "location",
    "pay",
    "contact",
    "tags",
    "time_zone",
    "link_key",
    "name_key",
]


@pytest.fixture
def database(owner_url: str) -> Iterator[str]:
    """The URL of an empty database, for its owner."""
    name = f"migrate_{next(databases)}"
    with psycopg.connect(owner_url, autocommit=True) as conn:
        conn.execute(sql.SQL("create database {}").format(sql.Identifier(name)))
    yield make_conninfo(owner_url, dbname=name)
    with psycopg.connect(owner_url, autocommit=True) as conn:
        conn.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))


def rows(url: str, query: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(url, autocommit=True) as conn:
        return conn.execute(query.encode()).fetchall()


def test_an_empty_database_gets_every_file_once(database: str) -> None:
    names = [name for name, _ in migrations()]

    assert migrate(database) == names
    assert migrate(database) == []
    assert rows(database, "select name from futuretracker_migrations order by name") == [
        (name,) for name in names
    ]


def test_files_are_numbered_without_a_gap() -> None:
    numbers = [int(name[:4]) for name, _ in migrations()]

    assert numbers == list(range(1, len(numbers) + 1))


def test_an_existing_database_is_adopted_and_keeps_every_row(database: str) -> None:
    with psycopg.connect(database, autocommit=True) as conn:
        conn.execute(EXISTING)
    everything = (
        "select to_jsonb(u) - 'clerk_updated_at' from users u order by id",
        f"select to_jsonb(o) - '{{{','.join(ADDED)}}}'::text[] from opportunities o order by id",
    )
    before = [rows(database, query) for query in everything]
    assert [len(found) for found in before] == [20, 600]

    migrate(database)

    assert [rows(database, query) for query in everything] == before
    empty = " and ".join(
        f"{name} is null" for name in ADDED if not name.startswith(("search", "tags"))
    )
    empty += " and tags = '{}'"
    assert rows(database, f"select count(*) from opportunities where {empty}") == [(600,)]


def test_an_adopted_database_serves_its_users_and_hides_them_from_each_other(database: str) -> None:
    with psycopg.connect(database, autocommit=True) as conn:
        conn.execute(EXISTING)
    migrate(database)

    with psycopg.connect(make_conninfo(database, user=ROLE_NAME), autocommit=True) as conn:
        known = upsert_user(conn, clerk_id="user_old7", email=None)
        new = upsert_user(conn, clerk_id="user_new", email=None)
        found = select_page(conn, user_id=known, columns=ORIGINAL, limit=100).items
        assert found.count(b"Row ") == found.count(b"of user_old7") == 30
        assert b'"status":null' not in found
        assert select_page(conn, user_id=new, columns=ORIGINAL, limit=100).items == b"[]"
        # The policy that lets everybody read still exists, but gives the service no access.
        assert conn.execute("select count(*) from opportunities").fetchone() == (0,)


DEFAULT_GRANTS = """
    alter default privileges in schema public grant all on tables to anon, authenticated;
    alter default privileges in schema public grant all on sequences to anon, authenticated;
"""


@pytest.mark.parametrize("default", ["", DEFAULT_GRANTS], ids=["granted once", "granted always"])
def test_the_data_api_of_supabase_loses_its_grants(database: str, default: str) -> None:
    with psycopg.connect(database, autocommit=True) as conn:
        conn.execute((EXISTING + default).encode())
    migrate(database)

    granted = """
        select c.relname, r.rolname, p.privilege
        from pg_class as c, pg_roles as r,
            (values ('select'), ('insert'), ('update'), ('delete')) as p (privilege)
        where c.relnamespace = 'public'::regnamespace and r.rolname in ('anon', 'authenticated')
            and case c.relkind
                when 'r' then has_table_privilege(r.oid, c.oid, p.privilege)
                when 'S' then has_sequence_privilege(r.oid, c.oid, 'usage')
                else false
            end
    """
    assert rows(database, granted) == []


# A minimal version of the two tables, and a strict one with other types.
MINIMAL = """
    create table users (id uuid primary key, clerk_id text not null unique);
    create table opportunities (
        id uuid primary key, user_id uuid not null references users (id), title text not null
    );
"""
STRICT = """
    create type status as enum ('applied', 'selected', 'rejected');
    create table users (
        id uuid primary key default gen_random_uuid(),
        clerk_id varchar(64) not null unique,
        email varchar(320) not null default '',
        full_name text not null default '',
        avatar_url text not null default '',
        created_at timestamp not null default now(),
        updated_at timestamp not null default now()
    );
    create table opportunities (
        id uuid primary key default gen_random_uuid(),
        user_id uuid not null references users (id) on delete cascade,
        title varchar(100) not null,
        description varchar(500) not null default '',
        link varchar(200) not null default '',
        deadline date,
        category varchar(20) not null default 'internship',
        status status not null default 'applied',
        notes text not null default '',
        created_at timestamp not null default now(),
        updated_at timestamp not null default now()
    );
    insert into users (clerk_id, created_at) values ('user_old1', '2026-01-02 03:04:05');
    insert into opportunities (user_id, title, status, created_at)
    select id, 'Old', 'selected', '2026-01-02 03:04:05.678901' from users;
"""


@pytest.mark.parametrize("existing", [MINIMAL, STRICT], ids=["minimal", "strict"])
def test_a_database_with_other_types_works_as_well(database: str, existing: str) -> None:
    with psycopg.connect(database, autocommit=True) as conn:
        conn.execute(existing.encode())
    migrate(database)

    with psycopg.connect(make_conninfo(database, user=ROLE_NAME), autocommit=True) as conn:
        user = upsert_user(conn, clerk_id="user_old1", email=None)
        if existing is STRICT:
            [old] = json.loads(select_page(conn, user_id=user, columns=ORIGINAL, limit=100).items)
            assert (old["title"], old["status"]) == ("Old", "selected")
            assert old["created_at"] == "2026-01-02T03:04:05.678901+00:00"
        audit = AuditEntry(user, "user_old1", "request", {}, "web")
        values = {"title": "x" * 200, "link": "x" * 500, "status": "interviewed"}
        row_id, _, row, _ = insert_opportunity(conn, audit=audit, values=values, columns=ORIGINAL)
        assert json.loads(row)["notes"] is None
        assert update_opportunity(
            conn, audit=audit, row_id=UUID(row_id), values={"category": None}, columns=ORIGINAL
        )
        counts = json.loads(select_analytics(conn, user_id=user, parts=PARTS).body)
        assert counts["statusCounts"]["interviewed"] == 1


def test_migration_0009_rewrites_no_table(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    files = migrations()
    monkeypatch.setattr("futuretracker.database.migrate.migrations", lambda: files[:8])
    with psycopg.connect(database, autocommit=True) as conn:
        conn.execute(EXISTING)
        migrate(database)
        conn.execute("update opportunities set notes = 'AI/ML, node.js' where title like '%7'")
    stored = (
        "select relname, relfilenode from pg_class where relnamespace = 'public'::regnamespace"
        " and relkind in ('r', 'i') and relname not like 'futuretracker_migrations%' order by 1"
    )
    words = "select id, search::text, ctid::text from opportunities order by id"
    before = rows(database, stored), rows(database, words)
    monkeypatch.setattr("futuretracker.database.migrate.migrations", lambda: files[:9])

    assert migrate(database) == [files[8][0]]
    assert (rows(database, stored), rows(database, words)) == before


def test_rows_can_be_written_if_public_may_not_execute_new_functions(database: str) -> None:
    with psycopg.connect(database, autocommit=True) as conn:
        conn.execute("alter default privileges revoke execute on functions from public")
    migrate(database)

    with psycopg.connect(make_conninfo(database, user=ROLE_NAME), autocommit=True) as conn:
        user = upsert_user(conn, clerk_id="user_new", email=None)
        audit, values = (
            AuditEntry(user, "user_new", "request", {}, "web"),
            {"title": "x", "status": "applied"},
        )
        assert insert_opportunity(conn, audit=audit, values=values, columns=ORIGINAL)


STATUSES = ["applied", "shortlisted", "interviewed", "selected", "ghosted", "rejected"]


def test_the_rule_for_a_status_and_its_rounds_equals_the_first_version_of_it(database: str) -> None:
    migrate(database)
    (first,) = re.findall(
        r"status_agrees_with_rounds check \(\n(.*?)\n\);",
        dict(migrations())["0004_version_1.sql"],
        re.DOTALL,
    )
    every = f"""
        from (values ('internship'), ('hackathon'), (null)) as c (category),
            unnest(array{STATUSES} || null::text) as status,
            unnest(array{STATUSES} || null::text) as rounds_status
        where rounds_status is distinct from 'ghosted'
    """
    differ = f"""
        select category, status, rounds_status {every}
            and coalesce({first}, true) is distinct from coalesce(
                rounds_status is null or status_agrees(category, status, rounds_status), true)
    """
    assert rows(database, f"select count(*) {every}") == [(3 * 7 * 6,)]
    assert rows(database, differ) == []
    constraint = "select from pg_constraint where conname = 'status_agrees_with_rounds'"
    assert rows(database, constraint) == []


def test_users_has_no_redundant_unique_index(database: str) -> None:
    migrate(database)

    unique = "select count(*) from pg_index where indrelid = 'users'::regclass and indisunique"
    assert rows(database, unique) == [(2,)]  # of the primary key and of clerk_id


def test_concurrent_migrations_apply_each_file_once(database: str) -> None:
    applied: list[str] = []
    threads = [threading.Thread(target=lambda: applied.extend(migrate(database))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(applied) == [name for name, _ in migrations()]


def test_a_file_that_fails_changes_nothing(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = [
        ("0001_fine.sql", "create table fine ()"),
        ("0002_broken.sql", "create table bad (); !"),
    ]
    monkeypatch.setattr("futuretracker.database.migrate.migrations", lambda: broken)

    with pytest.raises(psycopg.errors.SyntaxError):
        migrate(database)

    assert rows(database, "select tablename from pg_tables where tablename in ('fine', 'bad')") == [
        ("fine",)
    ]
    assert rows(database, "select name from futuretracker_migrations") == [("0001_fine.sql",)]


def options(*arguments: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    return parser.parse_args(arguments)


TEMPORARY = "select has_database_privilege('public', current_database(), 'temporary')"


def test_temporary_objects_are_for_those_who_have_a_grant(database: str) -> None:
    assert rows(database, TEMPORARY) == [(True,)]
    migrate(database)

    assert rows(database, TEMPORARY) == [(False,)]


def test_an_owner_of_the_tables_who_does_not_own_the_database_can_migrate(database: str) -> None:
    with psycopg.connect(database, autocommit=True) as conn:
        conn.execute("create role tables_owner login createrole createdb")
        try:
            conn.execute("grant create on schema public to tables_owner")
            conn.execute("grant futuretracker_api to tables_owner with admin true, inherit false")
            assert migrate(make_conninfo(database, user="tables_owner"))[-1] == migrations()[-1][0]
            # Only the owner of the database can revoke it.
            assert rows(database, TEMPORARY) == [(True,)]
        finally:
            conn.execute("drop owned by tables_owner")
            conn.execute("drop role tables_owner")


def test_the_command_prints_the_applied_files(
    database: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MIGRATION_DATABASE_URL", database)

    assert command.run(options()) == 0
    assert capsys.readouterr().out.startswith("applied 0001_")
    assert command.run(options()) == 0
    assert capsys.readouterr().out == "up to date\n"


def test_the_command_names_the_setting_of_an_unavailable_database(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("MIGRATION_DATABASE_URL", "postgresql://owner:secret@127.0.0.1:1/none")

    result = command.run(options())

    assert str(result).startswith("The database behind MIGRATION_DATABASE_URL does not respond")
    assert "secret" not in str(result)


def test_the_search_is_filled_in_steps_for_rows_that_exist(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A migration that was interrupted in the middle continues with the rows that are left."""
    files = migrations()
    fill = "0016_fill_search_text.sql"
    monkeypatch.setattr("futuretracker.database.migrate.migrations", lambda: files[:15])
    with psycopg.connect(database, autocommit=True) as conn:
        conn.execute(EXISTING)
        migrate(database)
        conn.execute("update opportunities set notes = 'Ärzte' where title like '%7'")
    empty = "select count(*) from opportunities where search_text is null"
    (before,) = rows(database, empty)
    steps = [(name, text.replace("limit 5000", "limit 7")) for name, text in files]
    monkeypatch.setattr("futuretracker.database.migrate.migrations", lambda: steps)

    assert fill in migrate(database)
    assert 7 < before[0] < 600
    assert rows(database, empty) == [(0,)]
    assert rows(
        database, "select count(*) from opportunities where strpos(search_text, 'arzte') > 0"
    ) == rows(database, "select count(*) from opportunities where notes = 'Ärzte'")
