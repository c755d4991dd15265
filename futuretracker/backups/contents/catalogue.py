"""Queries that describe the schema ``public``."""

from __future__ import annotations

# With these settings every session renders values as the same text.
SESSION = """
set local timezone = 'UTC';
set local datestyle = 'ISO, YMD';
set local intervalstyle = 'postgres';
set local extra_float_digits = 1;
set local bytea_output = 'hex';
set local search_path = '';
set local statement_timeout = 0;
set local idle_in_transaction_session_timeout = 0;
set local lock_timeout = '60s';
"""
# pg_dump leaves out the objects of an extension: restoring the extension creates them.
OURS = """
    c.relnamespace = 'public'::regnamespace and not exists (
        select from pg_depend as d
        where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e'
    )
"""
# Generated columns are left out: Postgres computes them again, and a newer version may compute them
# differently.
#
# A partitioned table is listed with the rows of its partitions, and with the weakest of their
# row level securities.
TABLES = f"""
select c.relname, case c.relkind when 'p' then '' else 'only' end,
    (
        select case when bool_and(s.relforcerowsecurity and s.relrowsecurity) then 'forced'
            when bool_and(s.relrowsecurity) then 'enabled' else 'off' end
        from pg_class as s
        where s.oid = c.oid or s.relispartition and exists (
            select from pg_inherits where inhparent = c.oid and inhrelid = s.oid
        )
    ),
    array(
        select a.attname::text from pg_attribute as a
        where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
        order by a.attnum
    )
from pg_class as c where c.relkind in ('r', 'p') and not c.relispartition and {OURS} order by 1
"""
# The sum does not depend on the order of the rows. Each row contributes 60 bits of its SHA-256,
# which fit a bigint.
ROWS = """
select count(*), coalesce(sum(
    ('x' || left(encode(sha256(convert_to(row({columns})::text, 'UTF8')), 'hex'), 15))
        ::bit(60)::bigint
), 0)::text
from {only} public.{table}
"""
# The owner's own privileges are left out, because the restored tables may have another owner. So is
# MAINTAIN: it is new in Postgres 17, where ALL includes it.
GRANTS = f"""
with acls as (
    select c.relname::text as name, c.relowner as owner, acl.*
    from pg_class as c, aclexplode(c.relacl) as acl
    where c.relkind in ('r', 'p', 'v', 'm', 'S') and {OURS}
    union all
    select format('%s (%s)', c.relname, a.attname), c.relowner, acl.*
    from pg_class as c join pg_attribute as a on a.attrelid = c.oid and not a.attisdropped,
        aclexplode(a.attacl) as acl
    where {OURS}
    union all
    select p.oid::regprocedure::text, p.proowner, acl.*
    from pg_proc as p, aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) as acl
    where p.pronamespace = 'public'::regnamespace and not exists (
        select from pg_depend as d
        where d.classid = 'pg_proc'::regclass and d.objid = p.oid and d.deptype = 'e'
    )
)
select distinct format('%s on %s to %s', privilege_type, name,
    case grantee when 0 then 'public' else pg_get_userbyid(grantee) end)
from acls where grantee <> owner and privilege_type <> 'MAINTAIN' order by 1
"""
POLICIES = f"""
select format('%s on %s: %s %s to %s', p.polname, c.relname,
    case when p.polpermissive then 'permissive' else 'restrictive' end, p.polcmd,
    (
        select string_agg(case role when c.relowner then 'the owner' when 0 then 'public'
            else pg_get_userbyid(role) end, ', ' order by role = c.relowner, role::regrole::text)
        from unnest(p.polroles) as role
    ))
from pg_policy as p join pg_class as c on c.oid = p.polrelid where {OURS} order by 1
"""
