"""The table ``opportunities``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, LiteralString, NamedTuple

from futuretracker.database.queries.columns import only_value
from futuretracker.database.queries.owner import OWNED, SET_USER

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from uuid import UUID

    from psycopg import Connection

    from futuretracker.database.queries.audit import AuditEntry


# The fields that a new opportunity may lack.
OPTIONAL: Final[Mapping[str, object]] = dict.fromkeys(
    ("description", "link", "deadline", "category", "notes", "campus_mode", "applied_on")
)
# The columns that an update may set. Every update also sets ``applied_on``, which depends on the
# category.
UPDATABLE: Final[Sequence[LiteralString]] = (
    "title", "description", "link", "deadline", "category", "status", "notes", "campus_mode",
)  # fmt: skip


AUDIT_UPDATE: Final[LiteralString] = """audited as (
            insert into audit_log
                (user_id, actor, action, resource_id, details, request_id, client)
            select user_id, %(actor)s, 'UPDATE_OPPORTUNITY', id, %(details)s::jsonb,
                %(request_id)s, %(client)s
            from written
        )"""


class Compared(NamedTuple):
    """The updated opportunity as JSON; or None, and the fields that differ from the stored ones."""

    row: bytes | None
    differing: Sequence[str]


class Written(NamedTuple):
    """An inserted opportunity: its id, and the row as JSON."""

    id: str
    row: bytes


def select_opportunity(
    conn: Connection[Any], *, user_id: UUID, row_id: UUID, columns: LiteralString
) -> bytes | None:
    """Return one opportunity as JSON, or None."""
    cursor = conn.execute(
        f"""
        select row_to_json(o)::text
        from (
            select {columns} from opportunities
            where {OWNED} and id = %(row_id)s
        ) as o
        """,
        {"user_id": user_id, "row_id": row_id},
    )
    return only_value(cursor)


def insert_opportunity(
    conn: Connection[Any],
    *,
    audit: AuditEntry,
    values: Mapping[str, object],
    columns: LiteralString,
) -> Written:
    """Insert an opportunity and its audit entry.

    Raise ForeignKeyViolation if the user does not exist any more.
    """
    cursor = conn.execute(
        f"""
        with written as (
            insert into opportunities
                (user_id, title, description, link, deadline, category, status, notes,
                campus_mode, applied_on)
            select %(user_id)s, %(title)s, %(description)s, %(link)s, %(deadline)s, %(category)s,
                %(status)s, %(notes)s, %(campus_mode)s, %(applied_on)s
            where {SET_USER}
            returning {columns}
        ), audited as (
            insert into audit_log
                (user_id, actor, action, resource_id, details, request_id, client)
            select user_id, %(actor)s, 'CREATE_OPPORTUNITY', id, %(details)s::jsonb,
                %(request_id)s, %(client)s
            from written
        )
        select id::text, row_to_json(written)::text from written
        """,
        {**OPTIONAL, **values, **audit.parameters()},
    )
    row = cursor.fetchone()
    assert row is not None  # noqa: S101 - an insert that does not raise returns its row
    return Written(row[0], row[1].encode())


def update_opportunity(
    conn: Connection[Any],
    *,
    audit: AuditEntry,
    row_id: UUID,
    values: Mapping[str, object],
    columns: LiteralString,
) -> bytes | None:
    """Update the fields in ``values``; return the opportunity as JSON, or None.

    Other columns are not set at all, so that Postgres computes the search words again only if the
    update sets a text.
    """
    cursor = conn.execute(
        f"""
        with written as (
            update opportunities set {_assignments(values)}
            where {OWNED} and id = %(row_id)s
            returning {columns}
        ), {AUDIT_UPDATE}
        select row_to_json(written)::text from written
        """,
        {**values, **audit.parameters(), "row_id": row_id},
    )
    return only_value(cursor)


def update_if_stored(  # noqa: PLR0913 - as above, and what is compared
    conn: Connection[Any],
    *,
    audit: AuditEntry,
    row_id: UUID,
    values: Mapping[str, object],
    columns: LiteralString,
    stored: Mapping[str, str | None],
) -> Compared:
    """Update the fields in ``values`` if those in ``stored`` have these texts.

    A text that is None differs from every stored one. All differ if there is no such opportunity.
    The row is locked before it is compared, so that no other change comes in between.
    """
    cursor = conn.execute(
        f"""
        with locked as (
            select id as locked_id, array(
                select name
                from unnest(%(names)s::text[], %(texts)s::text[])
                    with ordinality as sent (name, text, place)
                where coalesce(
                    to_jsonb((select shown from (select {columns}) as shown)) ->> name <> text, true
                )
                order by place
            ) as differing
            from opportunities
            where {OWNED} and id = %(row_id)s
            for update
        ), written as (
            update opportunities set {_assignments(values)}
            from locked
            where {OWNED} and id = locked_id and differing = '{{}}'
            returning {columns}
        ), {AUDIT_UPDATE}
        select (select row_to_json(written)::text from written), differing from locked
        """,
        {
            **values,
            **audit.parameters(),
            "row_id": row_id,
            "names": list(stored),
            "texts": list(stored.values()),
        },
    )
    found = cursor.fetchone()
    if found is None:
        return Compared(None, list(stored))
    row, differing = found
    return Compared(row and row.encode(), differing)


def _assignments(values: Mapping[str, object]) -> LiteralString:
    given = "".join(f"{name} = %({name})s, " for name in UPDATABLE if name in values)
    category = "%(category)s::text" if "category" in values else "category"
    applied_on = "%(applied_on)s::date" if "applied_on" in values else "applied_on"
    return f"""{given}
                applied_on = case when {category} = 'internship' then {applied_on} end,
                updated_at = now()"""


def delete_opportunity(conn: Connection[Any], *, audit: AuditEntry, row_id: UUID) -> str | None:
    """Delete an opportunity; return its title, which the audit entry also keeps, or None."""
    cursor = conn.execute(
        f"""
        with written as (
            delete from opportunities
            where {OWNED} and id = %(row_id)s
            returning id, user_id, title
        ), audited as (
            insert into audit_log
                (user_id, actor, action, resource_id, details, request_id, client)
            select user_id, %(actor)s, 'DELETE_OPPORTUNITY', id,
                %(details)s::jsonb || jsonb_build_object('title', title), %(request_id)s,
                %(client)s
            from written
        )
        select title from written
        """,
        {**audit.parameters(), "row_id": row_id},
    )
    row = cursor.fetchone()
    return row[0] if row else None
