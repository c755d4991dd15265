"""What Postgres' catalogs say about who may reach our tables; every role may read them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from psycopg import Connection


class RowSecurity(NamedTuple):
    """A table: is row level security on, on its owner too, and does a policy bind the role.

    ``bound`` is true where a restrictive policy for the role reads who the statement speaks for.
    """

    table: str
    enabled: bool
    forced: bool
    bound: bool


def select_row_security(
    conn: Connection[Any], *, tables: Sequence[str], role: str
) -> list[RowSecurity]:
    """Return how row level security stands on those of the tables that are there."""
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
        from pg_class as c
        where c.relnamespace = 'public'::regnamespace and c.relname = any(%(tables)s)
        order by c.relname
        """,
        {"tables": list(tables), "role": role},
    )
    return [RowSecurity(*row) for row in cursor]


def select_grants(
    conn: Connection[Any], *, tables: Sequence[str], grantees: Sequence[str]
) -> list[tuple[str, str]]:
    """Return who of the grantees, or of everybody (public), may do something with what is ours.

    That is the tables, their columns and sequences, and the functions ``futuretracker_*``; an entry
    is the grantee with what it reaches.
    """
    cursor = conn.execute(
        """
        with relations as (
            select c.oid, c.relname, c.relowner, c.relacl, c.relkind from pg_class as c
            where c.relnamespace = 'public'::regnamespace and (
                c.relname = any(%(tables)s) or c.relkind = 'S' and exists (
                    select from pg_depend as d join pg_class as t on t.oid = d.refobjid
                    where d.objid = c.oid and d.deptype in ('a', 'i')
                        and t.relnamespace = c.relnamespace and t.relname = any(%(tables)s)
                )
            )
        ), lists (name, entries) as (
            select relname::text, relacl from relations
            union all
            select concat(r.relname, '.', a.attname), a.attacl
            from relations as r join pg_attribute as a on a.attrelid = r.oid
            union all
            select concat(proname, '()'), coalesce(proacl, acldefault('f', proowner)) from pg_proc
            where pronamespace = 'public'::regnamespace and proname like 'futuretracker\\_%%'
        )
        select distinct coalesce(r.rolname, 'public'), lists.name
        from lists cross join aclexplode(lists.entries) as entry
        left join pg_roles as r on r.oid = entry.grantee
        where entry.grantee = 0 or r.rolname = any(%(grantees)s)
        order by 1, 2
        """,
        {"tables": list(tables), "grantees": list(grantees)},
    )
    return cursor.fetchall()
