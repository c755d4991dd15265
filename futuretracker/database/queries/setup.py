"""How Postgres is set up for the service's role, read from its catalogs and settings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from psycopg import Connection


class Room(NamedTuple):
    """How many connections Postgres accepts. A limit is None if there is none.

    ``total`` leaves out the connections that are reserved for superusers. ``others`` is the number
    of connections that other roles have open.
    """

    total: int
    role_limit: int | None
    database_limit: int | None
    others: int

    @property
    def for_the_role(self) -> int:
        """The number of connections that the role can have at the same time."""
        limits = (self.total - self.others, self.role_limit, self.database_limit)
        return max(0, min(limit for limit in limits if limit is not None))


def select_timeouts(conn: Connection[Any], *, names: Sequence[str]) -> dict[str, int]:
    """Return settings of the session in milliseconds; 0 means no limit."""
    cursor = conn.execute(
        "select name, setting::integer from pg_settings where name = any(%s)", [list(names)]
    )
    return dict(cursor.fetchall())


def select_missing_privileges(
    conn: Connection[Any], *, needed: Mapping[str, Sequence[str]], functions: Sequence[str]
) -> list[str]:
    """Return what the session's role may not do, as ``insert on audit_log``.

    ``needed`` are privileges by table; one column is enough. A table with row level security also
    needs a permissive policy, because without one Postgres refuses every row.
    """
    pairs = [(table, privilege) for table, names in needed.items() for privilege in names]
    cursor = conn.execute(
        """
        with wanted as (
            select n as position, name, privilege, to_regclass('public.' || name)::oid as oid
            from unnest(%(tables)s::text[], %(privileges)s::text[])
                with ordinality as w (name, privilege, n)
        ), granted as (
            select *, coalesce(has_table_privilege(oid, privilege) or case privilege
                when 'delete' then false else has_any_column_privilege(oid, privilege) end, false)
                as is_granted,
                exists (
                    select from pg_class as c where c.oid = wanted.oid and (
                        not c.relrowsecurity
                        or exists (
                            select from pg_policy as p
                            where p.polrelid = c.oid and p.polpermissive
                                and p.polcmd in ('*', case privilege when 'select' then 'r'
                                    when 'insert' then 'a' when 'update' then 'w' else 'd' end)
                                and exists (
                                    select from unnest(p.polroles) as r (oid)
                                    where r.oid = 0 or pg_has_role(r.oid, 'usage')
                                )
                        )
                    )
                ) as is_allowed
            from wanted
        )
        select position, case when is_granted then privilege || ' by a policy on ' || name
            else privilege || ' on ' || name end
        from granted where not (is_granted and is_allowed)
        union all
        select 1000, 'execute on ' || f.name from unnest(%(functions)s::text[]) as f (name)
        where not exists (
            select from pg_proc as p
            where p.pronamespace = 'public'::regnamespace and p.proname = f.name
                and has_function_privilege(p.oid, 'execute')
        )
        order by 1, 2
        """,
        {
            "tables": [table for table, _ in pairs],
            "privileges": [privilege for _, privilege in pairs],
            "functions": list(functions),
        },
    )
    return [what for _, what in cursor]


def select_triggers(conn: Connection[Any], *, tables: Sequence[str]) -> dict[str, bool]:
    """Return the triggers of the tables and their partitions, and whether each is enabled.

    Postgres checks a foreign key with triggers of its own: they have the name of the constraint.
    """
    cursor = conn.execute(
        """
        select concat(coalesce(k.conname, t.tgname), ' on ', c.relname), bool_and(
            t.tgenabled = 'A'
            or t.tgenabled = 'O' and current_setting('session_replication_role') <> 'replica'
        )
        from pg_trigger as t join pg_class as c on c.oid = t.tgrelid
        left join pg_constraint as k on k.oid = t.tgconstraint
        left join pg_inherits as i on i.inhrelid = c.oid
        where c.relnamespace = 'public'::regnamespace and (c.relname = any(%(tables)s)
            or (select relname from pg_class where oid = i.inhparent) = any(%(tables)s))
        group by 1 order by 1
        """,
        {"tables": list(tables)},
    )
    return dict(cursor.fetchall())


def select_room(conn: Connection[Any]) -> Room:
    """Return how many connections Postgres accepts from the session's role."""
    row = conn.execute(
        """
        select current_setting('max_connections')::integer
                - current_setting('superuser_reserved_connections')::integer
                - coalesce(current_setting('reserved_connections', true)::integer, 0),
            nullif(r.rolconnlimit, -1), nullif(d.datconnlimit, -1),
            (
                select count(*) from pg_stat_activity
                where datid is not null and usesysid <> r.oid  -- clients, no background workers
            )
        from pg_roles as r, pg_database as d
        where r.rolname = current_user and d.datname = current_database()
        """
    ).fetchone()
    assert row is not None  # noqa: S101 - the role and the database exist
    return Room(*row)
