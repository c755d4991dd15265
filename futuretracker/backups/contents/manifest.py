"""The manifest: a file beside each backup that says what a restore must bring back."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from futuretracker.backups.contents.content import Content
from futuretracker.backups.problem import BackupProblem
from futuretracker.database.roles import ROLE

if TYPE_CHECKING:
    import psycopg

FORMAT = 1
# What JSON of any other shape raises. int() raises OverflowError for Python's "Infinity".
PROBLEMS = (ValueError, KeyError, TypeError, AttributeError, RecursionError, OverflowError)
# The owners of the objects, and every other role that a grant or a policy names. Postgres'
# predefined roles exist everywhere, so they are left out.
ROLES = """
with owners as (
    select relowner as role from pg_class where relnamespace = 'public'::regnamespace
    union select proowner from pg_proc where pronamespace = 'public'::regnamespace
), named as (
    select grantee as role from pg_class, aclexplode(relacl)
    where relnamespace = 'public'::regnamespace
    union select grantee from pg_class as c join pg_attribute as a on a.attrelid = c.oid,
        aclexplode(a.attacl) where c.relnamespace = 'public'::regnamespace
    union select grantee from pg_proc, aclexplode(proacl)
    where pronamespace = 'public'::regnamespace
    union select grantee from pg_namespace, aclexplode(nspacl) where nspname = 'public'
    union select unnest(p.polroles) from pg_policy as p join pg_class as c on c.oid = p.polrelid
    where c.relnamespace = 'public'::regnamespace
)
select r.rolname, exists (select from owners where role = r.oid)
from pg_roles as r
where r.rolname !~ '^pg_' and r.oid in (select role from owners union select role from named)
order by 1
"""
# These policies let the owner's functions read rows.
OWNER_POLICIES = """
select c.relname, p.polname
from pg_policy as p join pg_class as c on c.oid = p.polrelid
where c.relnamespace = 'public'::regnamespace and p.polroles = array[c.relowner]
order by 1, 2
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """The content of a database, and the roles that its dump refers to but does not contain.

    ``postgres`` is the server's major version. ``settings`` belong to the service's role.
    ``owner_policies`` holds pairs of a table and a policy that applies to the table's owner.
    """

    postgres: int
    content: Content
    owners: tuple[str, ...]
    roles: tuple[str, ...]
    settings: tuple[str, ...]
    owner_policies: tuple[tuple[str, str], ...]

    @classmethod
    def read(cls, conn: psycopg.Connection[Any]) -> Manifest:
        """Read the manifest as the connection's transaction sees the database."""
        content = Content.read(conn)
        roles = conn.execute(ROLES).fetchall()
        found = conn.execute("select rolconfig from pg_roles where rolname = %s", [ROLE]).fetchone()
        return cls(
            postgres=conn.info.server_version // 10_000,
            content=content,
            owners=tuple(name for name, owns in roles if owns),
            roles=tuple(name for name, _ in roles),
            settings=tuple(found[0] or ()) if found else (),
            owner_policies=tuple(conn.execute(OWNER_POLICIES).fetchall()),
        )

    @classmethod
    def parse(cls, text: bytes, name: str) -> Manifest:
        """Parse what ``text`` returned; raise BackupProblem if it is not a manifest."""
        try:
            fields = json.loads(text)
            if fields["format"] > FORMAT:
                raise BackupProblem(f"{name} was written by a newer version of this program.")
            if fields["format"] != FORMAT:
                raise BackupProblem(f"{name} has an unknown format: {fields['format']!r}.")
            return cls(
                postgres=int(fields["postgres"]),
                content=Content.from_json(fields["content"]),
                owners=tuple(fields["owners"]),
                roles=tuple(fields["roles"]),
                settings=tuple(fields["settings"]),
                owner_policies=tuple((table, policy) for table, policy in fields["owner_policies"]),
            )
        except PROBLEMS as error:
            raise BackupProblem(f"{name} is not the manifest of a backup.") from error

    def text(self) -> bytes:
        """Return the manifest as JSON."""
        fields = {
            "format": FORMAT,
            "postgres": self.postgres,
            "content": self.content.to_json(),
            "owners": self.owners,
            "roles": self.roles,
            "settings": self.settings,
            "owner_policies": self.owner_policies,
        }
        return json.dumps(fields, indent=1).encode() + b"\n"
