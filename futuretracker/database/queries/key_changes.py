"""The parts of the statements that read and change API keys."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, LiteralString

from futuretracker.database.queries.columns import time_of

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

# When the former secret ends, or null if there is none that is still valid.
FORMER_UNTIL: Final[LiteralString] = "(case when former_until > now() then former_until end)"
KEY: Final[LiteralString] = f"""id, name, %(prefix)s::text || id as prefix, scopes,
    algorithm is not null as "signedOnly", algorithm, networks::text[] as "allowedNetworks",
    {time_of("created_at", '"createdAt"')}, {time_of("expires_at", '"expiresAt"')},
    (
        select row_to_json(used) from (
            select {time_of("last_used_at", "at")}, host(last_used_address) as address,
                last_used_agent as "userAgent"
            where last_used_at is not null
        ) as used
    ) as "lastUsed", {time_of(FORMER_UNTIL, '"formerSecretValidUntil"')},
    {time_of("suspended_at", '"suspendedAt"')}"""
# These two come after ``written``, which returns the key with its ``former_version``.
AUDITED: Final[LiteralString] = """audited as (
            insert into audit_log
                (user_id, actor, action, resource_id, details, request_id, client)
            select user_id, %(actor)s, %(action)s, null,
                %(details)s::jsonb || jsonb_build_object('keyId', id, 'name', name),
                %(request_id)s, %(client)s
            from written
        )"""
# Processes remember the session of a key as ``key_<id>.<version>``, for less than 120 seconds. The
# statement must read ``revoked``, because Postgres does not run a query that nothing reads.
REVOKED: Final[LiteralString] = """revoked as materialized (
            select futuretracker_revoke(null, 'key', 'key_' || id || '.' || former_version, 120)
            from written
        )"""
_ASSIGNMENTS: Final[Mapping[str, LiteralString]] = {
    "name": "name = %(name)s,",
    "scopes": "scopes = %(scopes)s::text[],",
    "networks": "networks = %(networks)s::text[]::cidr[],",
    "expires_at": "expires_at = %(expires_at)s::timestamptz,",
}
# For each column that an update may only narrow: the field's name, if the new value is wider. A key
# without networks may be used from everywhere, and one without an end never expires.
_WIDER: Final[Mapping[str, LiteralString]] = {
    "scopes": "case when not scopes @> %(scopes)s::text[] then 'scopes' end",
    "networks": """case when cardinality(networks) > 0 and (
                    cardinality(%(networks)s::text[]) = 0 or exists (
                        select from unnest(%(networks)s::text[]::cidr[]) as new (network)
                        where not new.network <<= any(networks)
                    )
                ) then 'allowedNetworks' end""",
    "expires_at": """case when coalesce(%(expires_at)s::timestamptz, 'infinity')
                    > coalesce(expires_at, 'infinity') then 'expiresAt' end""",
}


def assignments(values: Collection[str]) -> LiteralString:
    """Return the assignments of those columns, each with a comma after it."""
    return " ".join(text for name, text in _ASSIGNMENTS.items() if name in values)


def wider(values: Collection[str]) -> LiteralString:
    """Return a list of expressions: a field's name if its new value is wider, else null."""
    return ", ".join(text for name, text in _WIDER.items() if name in values)
