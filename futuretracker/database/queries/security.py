"""Row level security and grants, read from Postgres' catalogs, which every role may read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from psycopg import Connection


class RowSecurity(NamedTuple):
    """The row level security of a table.

    ``enabled``: it is on. ``forced``: it also applies to the owner. ``bound``: a restrictive policy
    for the role reads the user that the statement has set.
    """

    table: str
    enabled: bool
    forced: bool
    bound: bool


def select_row_security(
    conn: Connection[Any], *, tables: Sequence[str], role: str
) -> list[RowSecurity]:
    """Return the row level security of those tables that exist, and of their partitions."""
    cursor = conn.execute(
        """
        select c.relname, c.relrowsecurity, c.relforcerowsecurity, exists (
            select from pg_policy as p
            where p.polrelid = c.oid and not p.polpermissive
                and %(role)s in (select rolname from pg_roles where oid = any(p.polroles))
                and concat(
                    pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid)
                ) like '%%current_setting(''app.%%'
        )
        from pg_class as c left join pg_inherits as i on i.inhrelid = c.oid
        where c.relnamespace = 'public'::regnamespace and (c.relname = any(%(tables)s)
            or (select relname from pg_class where oid = i.inhparent) = any(%(tables)s))
        order by c.relname
        """,
        {"tables": list(tables), "role": role},
    )
    return [RowSecurity(*row) for row in cursor]


def select_grants(
    conn: Connection[Any], *, tables: Sequence[str], role: str, grantees: Sequence[str]
) -> list[tuple[str, str]]:
    """Return the privileges that the grantees, or public, have on the service's objects.

    The objects are the tables, their columns, partitions and sequences, views of them in any schema
    (a view reads with its owner's privileges), the functions ``futuretracker_*`` and the service's
    role. Each entry is a grantee and the name of an object.
    """
    cursor = conn.execute(
        """
        with recursive relations (oid) as (
            select oid from pg_class
            where relnamespace = 'public'::regnamespace and relname = any(%(tables)s)
            union
            -- partitions and sequences of the table, and views, which depend on it by their rule
            select coalesce(w.ev_class, d.objid)
            from relations as r
            join pg_depend as d on d.refobjid = r.oid and d.refclassid = 'pg_class'::regclass
            left join pg_rewrite as w on d.classid = 'pg_rewrite'::regclass and w.oid = d.objid
            where w.oid is not null or d.classid = 'pg_class'::regclass and d.deptype in ('a', 'i')
        ), lists (name, entries) as (
            select relname::text, relacl from relations natural join pg_class
            union all
            select concat(c.relname, '.', a.attname), a.attacl
            from relations natural join pg_class as c join pg_attribute as a on a.attrelid = c.oid
            union all
            select concat(proname, '()'), coalesce(proacl, acldefault('f', proowner)) from pg_proc
            where pronamespace = 'public'::regnamespace and proname like 'futuretracker\\_%%'
        )
        select distinct coalesce(r.rolname, 'public'), lists.name
        from lists cross join aclexplode(lists.entries) as entry
        left join pg_roles as r on r.oid = entry.grantee
        where entry.grantee = 0 or r.rolname = any(%(grantees)s)
        union
        select m.rolname, concat('the role ', ours.rolname)
        from pg_roles as m join pg_roles as ours on ours.rolname = %(role)s
        where m.rolname = any(%(grantees)s) and pg_has_role(m.oid, ours.oid, 'member')
        order by 1, 2
        """,
        {"tables": list(tables), "role": role, "grantees": list(grantees)},
    )
    return cursor.fetchall()


def select_definer_functions(conn: Connection[Any], *, role: str) -> list[tuple[str, str]]:
    """Return the SECURITY DEFINER functions in ``public``, and those the role may call elsewhere.

    An entry is the function's signature and its ``search_path``, which is empty if it has none.
    """
    cursor = conn.execute(
        """
        select p.oid::regprocedure::text, coalesce((
            select substr(setting, length('search_path=') + 1)
            from unnest(p.proconfig) as setting where starts_with(setting, 'search_path=')
        ), '')
        from pg_proc as p
        where p.prosecdef and (p.pronamespace = 'public'::regnamespace or exists (
            select from pg_roles as r
            where r.rolname = %(role)s and has_schema_privilege(r.oid, p.pronamespace, 'usage')
                and has_function_privilege(r.oid, p.oid, 'execute')
        ))
        order by 1
        """,
        {"role": role},
    )
    return cursor.fetchall()


def select_temporary(conn: Connection[Any], *, role: str) -> tuple[str, list[str]]:
    """Return the database's name, and which of public and the role have TEMPORARY on it."""
    row = conn.execute(
        """
        select quote_ident(d.datname), array(
            select coalesce(r.rolname, 'public')::text
            from aclexplode(coalesce(d.datacl, acldefault('d', d.datdba))) as entry
            left join pg_roles as r on r.oid = entry.grantee
            where entry.privilege_type = 'TEMPORARY'
                and (entry.grantee = 0 or r.rolname = %(role)s)
            order by 1
        )
        from pg_database as d where d.datname = current_database()
        """,
        {"role": role},
    ).fetchone()
    assert row is not None  # noqa: S101 - a connection has a database
    return row[0], row[1]
