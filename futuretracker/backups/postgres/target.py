"""Check the database that a backup is restored into, and prepare it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from psycopg import sql

from futuretracker.backups.problem import BackupProblem
from futuretracker.database.roles import ROLE, WATCH_ROLE

if TYPE_CHECKING:
    from collections.abc import Iterable

    import psycopg
    from psycopg.sql import Composable

    from futuretracker.backups.contents.manifest import Manifest

    Connection = psycopg.Connection[Any]

# The attributes that migrations 3 and 23 set.
ROLE_ATTRIBUTES = "login noinherit nocreatedb nocreaterole"
# Those of the service's role are in the manifest, and these in migration 23.
WATCH_SETTINGS = (
    "TimeZone=UTC",
    "statement_timeout=30s",
    "lock_timeout=5s",
    "idle_in_transaction_session_timeout=30s",
)
FOUND = """
select c.relname::text from pg_class as c
where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p', 'v', 'm', 'S', 'f')
    and not exists (
        select from pg_depend as d
        where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e'
    )
union all
select p.proname || '()' from pg_proc as p
where p.pronamespace = 'public'::regnamespace and p.proname like 'futuretracker%'
order by 1
"""
# Default privileges apply to every new object: on Supabase the Data API roles get all rights. The
# service revokes those, but a dump does not contain a REVOKE of what was never granted.
DEFAULTS = """
select
    format('alter default privileges %s revoke %s on %s from %s', place, what, kind, whom),
    format('alter default privileges %s grant %s on %s to %s', place, what, kind, whom)
from pg_default_acl as d, aclexplode(d.defaclacl) as acl, lateral (select
    case when d.defaclnamespace = 0 then '' else 'in schema public' end as place,
    acl.privilege_type || '' as what,
    case d.defaclobjtype when 'r' then 'tables' when 'S' then 'sequences' else 'functions' end
        as kind,
    case acl.grantee when 0 then 'public' else acl.grantee::regrole::text end as whom
) as words
where d.defaclrole = current_user::regrole and acl.grantee <> d.defaclrole
    and d.defaclnamespace in (0, 'public'::regnamespace) and d.defaclobjtype in ('r', 'S', 'f')
"""
# A dump contains no grants on the database itself, and a restore does not run migration 0011 again.
# Only the owner of the database can revoke this one; else `check --deploy` reports it.
NO_TEMPORARY = """
do $$
begin
    if (
        select pg_has_role(datdba, 'usage') from pg_database where datname = current_database()
    ) then
        execute format('revoke temporary on database %I from public', current_database());
    end if;
end
$$"""


def check_target(conn: Connection, manifest: Manifest, setting: str) -> None:
    """Raise BackupProblem if the database is not empty, or if its Postgres is too old."""
    found = [row[0] for row in conn.execute(FOUND)]
    if found:
        others = f" and {len(found) - 1} more" if len(found) > 1 else ""
        raise BackupProblem(
            f"The database behind {setting} is not empty ({found[0]}{others}). A restore never"
            " overwrites data: create a new database, restore into it, then set DATABASE_URL to it."
        )
    major = conn.info.server_version // 10_000
    if major < manifest.postgres:
        raise BackupProblem(
            f"The database behind {setting} runs Postgres {major}, but the backup comes from"
            f" Postgres {manifest.postgres}: restore into that version or a newer one."
        )


def surrounding_sql(conn: Connection, manifest: Manifest) -> tuple[bytes, bytes]:
    """Return the SQL to run before and after the dump, in the same transaction.

    Before the dump: create the roles that it names, and turn default privileges off. After it: turn
    them on again, let the owner's policies apply to the owner of the restored tables, and forbid
    temporary objects. The last statement commits, so input that ends early restores nothing.
    """
    defaults = conn.execute(DEFAULTS).fetchall()
    before = [*_roles(conn, manifest), *(sql.SQL(off) for off, _ in defaults)]
    after = [*(sql.SQL(on) for _, on in defaults), *_policies(manifest)]
    after.append(sql.SQL(NO_TEMPORARY))
    return b"begin;\n" + _script(conn, before), _script(conn, after) + b"commit;\n"


def _roles(conn: Connection, manifest: Manifest) -> Iterable[Composable]:
    there = {row[0] for row in conn.execute("select rolname from pg_roles")}
    settings_of = {ROLE: manifest.settings, WATCH_ROLE: WATCH_SETTINGS}
    for name in manifest.roles:
        if name in there:
            continue
        if name not in settings_of:
            yield sql.SQL("create role {} nologin").format(sql.Identifier(name))
            continue
        yield sql.SQL("create role {} " + ROLE_ATTRIBUTES).format(sql.Identifier(name))
        for setting in settings_of[name]:
            key, _, value = setting.partition("=")
            yield sql.SQL("alter role {} set {} = {}").format(
                sql.Identifier(name), sql.Identifier(key), sql.Literal(value)
            )


def _policies(manifest: Manifest) -> Iterable[Composable]:
    for table, policy in manifest.owner_policies:
        yield sql.SQL("alter policy {} on public.{} to current_user").format(
            sql.Identifier(policy), sql.Identifier(table)
        )


def _script(conn: Connection, statements: Iterable[Composable]) -> bytes:
    return "".join(f"{statement.as_string(conn)};\n" for statement in statements).encode()
