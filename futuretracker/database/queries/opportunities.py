"""The table ``opportunities``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, LiteralString, NamedTuple

from futuretracker.database.queries.changes import execute_change
from futuretracker.database.queries.columns import ORIGINAL, tagged
from futuretracker.database.queries.differences import fields_as_json
from futuretracker.database.queries.duplicates import possible_duplicates
from futuretracker.database.queries.owner import OWNED, SET_USER
from futuretracker.database.queries.statuses import SENT_TO_ORIGINAL, applied_on
from futuretracker.database.queries.versions import ALWAYS, HOLDS, VERSION, Tagged

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from uuid import UUID

    from psycopg import Connection

    from futuretracker.database.queries.audit import AuditEntry
    from futuretracker.database.queries.versions import Condition


# The columns that a client sets.
FIELDS: Final[Sequence[LiteralString]] = (
    "title", "description", "link", "deadline", "category", "status", "notes", "campus_mode",
    "applied_on", "company", "location", "pay", "contact", "tags", "time_zone",
)  # fmt: skip
# What a new opportunity has in the fields that it lacks.
OPTIONAL: Final[Mapping[str, object]] = {**dict.fromkeys(FIELDS), "tags": []}
# The columns that an update may set. Every update also sets ``applied_on``, which depends on the
# category and the status.
UPDATABLE: Final[Sequence[LiteralString]] = tuple(name for name in FIELDS if name != "applied_on")
_COLUMNS: Final[LiteralString] = ", ".join(FIELDS)
_VALUES: Final[LiteralString] = ", ".join(f"%({name})s" for name in FIELDS)


NOTHING: Final[Mapping[str, str | None]] = {}
IN_TRASH: Final[LiteralString] = f"exists (select from trash where {OWNED} and id = %(row_id)s)"
AUDIT_UPDATE: Final[LiteralString] = """audited as (
            insert into audit_log
                (user_id, actor, action, resource_id, details, request_id, client, changes)
            select user_id, %(actor)s, 'UPDATE_OPPORTUNITY', id, %(details)s::jsonb,
                %(request_id)s, %(client)s, futuretracker_changes(before, after)
            from written
        )"""


class Compared(NamedTuple):
    """The updated opportunity; or None, whether the condition holds, and the fields that differ."""

    row: Tagged | None
    holds: bool
    differing: Sequence[str]


class Written(NamedTuple):
    """An inserted opportunity: its id, its version, the row as JSON, and those that it may repeat.

    ``duplicates`` is a JSON array; None if there is none, or nobody has asked for them.
    """

    id: str
    version: str
    row: bytes
    duplicates: bytes | None = None


class Removed(NamedTuple):
    """The title of the deleted opportunity; or None, and whether it exists."""

    title: str | None
    exists: bool


def as_json(columns: LiteralString) -> LiteralString:
    """Return an expression: the row of a table as JSON with these columns."""
    return f"(select row_to_json(shown)::text from (select {columns}) as shown)"


def select_opportunity(
    conn: Connection[Any],
    *,
    user_id: UUID,
    row_id: UUID,
    columns: LiteralString,
    condition: Condition = ALWAYS,
) -> Tagged | None:
    """Return one opportunity, or None. It has no body if the condition does not hold."""
    row = as_json(columns)
    if condition is not ALWAYS:
        row = f"case when {HOLDS} then {row} end"
    cursor = conn.execute(
        f"""
        select {VERSION}::text, {row}
        from opportunities
        where {OWNED} and id = %(row_id)s
        """,
        {**condition.parameters(), "user_id": user_id, "row_id": row_id},
    )
    return tagged(cursor)


def insert_opportunity(  # noqa: PLR0913 - each is a part of the request
    conn: Connection[Any],
    *,
    audit: AuditEntry,
    values: Mapping[str, object],
    columns: LiteralString,
    row_id: UUID | None = None,
    compares: bool = False,
) -> Written | None:
    """Insert an opportunity and its audit entry.

    If it ``compares``, also return opportunities of the user that the new one may repeat.
    Return None if ``row_id`` is taken, by whomever, or in the user's trash. Without it, the
    database makes an id. Raise ForeignKeyViolation if the user does not exist any more.
    """
    id_: LiteralString = "%(row_id)s" if row_id else "gen_random_uuid()"
    unless_taken: LiteralString = "on conflict (id) do nothing" if row_id else ""
    unless_kept: LiteralString = f"and not {IN_TRASH}" if row_id else ""
    duplicates: LiteralString = possible_duplicates(values) if compares else "null"
    cursor = execute_change(
        conn,
        f"""
        written as (
            insert into opportunities (id, user_id, {_COLUMNS})
            select {id_}, %(user_id)s, {_VALUES}
            where {SET_USER} {unless_kept}
            {unless_taken}
            returning id, user_id, {VERSION} as version, {as_json(columns)} as row
        ), audited as (
            insert into audit_log
                (user_id, actor, action, resource_id, details, request_id, client)
            select user_id, %(actor)s, 'CREATE_OPPORTUNITY', id, %(details)s::jsonb,
                %(request_id)s, %(client)s
            from written
        )
        """,
        f"select id::text, version::text, row, {duplicates} as duplicates from written",
        {**OPTIONAL, **values, **audit.parameters(), "row_id": row_id},
    )
    found = cursor.fetchone()
    if found is None:
        return None
    new_id, version, row, repeated = found
    return Written(new_id, version, row.encode(), repeated and repeated.encode())


def update_opportunity(
    conn: Connection[Any],
    *,
    audit: AuditEntry,
    row_id: UUID,
    values: Mapping[str, object],
    columns: LiteralString,
) -> Tagged | None:
    """Update the fields in ``values``; return the opportunity, or None.

    Other columns are not set at all, so that Postgres computes the search words again only if the
    update sets a text.
    """
    cursor = execute_change(
        conn,
        f"""
        locked as (
            select id as locked_id, {changing(values)} as before from opportunities
            where {OWNED} and id = %(row_id)s
            for update
        ), written as (
            update opportunities set {_assignments(values, columns)}
            from locked
            where {OWNED} and id = locked_id
            returning id, user_id, {VERSION} as version, {as_json(columns)} as row,
                before, {changing(values)} as after
        ), {AUDIT_UPDATE}
        """,
        "select version::text, row from written",
        {**values, **audit.parameters(), "row_id": row_id},
    )
    return tagged(cursor)


def update_if(  # noqa: PLR0913 - as above, and what is compared
    conn: Connection[Any],
    *,
    audit: AuditEntry,
    row_id: UUID,
    values: Mapping[str, object],
    columns: LiteralString,
    stored: Mapping[str, str | None] = NOTHING,
    condition: Condition = ALWAYS,
) -> Compared | None:
    """Update the fields in ``values`` if the condition holds, and ``stored`` has the stored texts.

    A text that is None differs from every stored one. Return None if there is no such opportunity.
    The row is locked before it is compared, so that no other change comes in between.
    """
    cursor = execute_change(
        conn,
        f"""
        locked as (
            select id as locked_id, {changing(values)} as before, {HOLDS} as holds, array(
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
            update opportunities set {_assignments(values, columns)}
            from locked
            where {OWNED} and id = locked_id and holds and differing = '{{}}'
            returning id, user_id, {VERSION} as version, {as_json(columns)} as row,
                before, {changing(values)} as after
        ), {AUDIT_UPDATE}
        """,
        "select version::text, row, holds, differing from locked left join written on true",
        {
            **values,
            **audit.parameters(),
            **condition.parameters(),
            "row_id": row_id,
            "names": list(stored),
            "texts": list(stored.values()),
        },
    )
    found = cursor.fetchone()
    if found is None:
        return None
    version, row, holds, differing = found
    return Compared(Tagged(version, row.encode()) if row else None, holds, differing)


def changing(values: Collection[str]) -> LiteralString:
    """Return the SQL of the fields, as JSON, that an update of ``values`` may change."""
    return fields_as_json(name for name in FIELDS if name in values or name == "applied_on")


def _assignments(values: Mapping[str, object], columns: LiteralString) -> LiteralString:
    is_original = columns is ORIGINAL
    sent: dict[str, LiteralString] = {name: f"%({name})s" for name in UPDATABLE if name in values}
    if is_original and "status" in values:
        sent["status"] = SENT_TO_ORIGINAL
    if not is_original and values.get("deadline") and _has_no_deadline(values):
        sent["deadline"] = "case when category = 'internship' then deadline end"
    given = "".join(f"{name} = {sent[name]}, " for name in UPDATABLE if name in sent)
    category = "%(category)s::text" if "category" in values else "category"
    day: LiteralString = "%(applied_on)s::date" if "applied_on" in values else "applied_on"
    if "status" in values:
        day = applied_on(day, "status", SENT_TO_ORIGINAL if is_original else "%(status)s::text")
    return f"""{given}
                applied_on = case when {category} = 'internship' then {day} end,
                updated_at = now()"""


def _has_no_deadline(values: Mapping[str, object]) -> bool:
    """Return whether a deadline that is sent has no effect: an internship keeps the stored one."""
    return values.get("category") == "internship" and values.get("status") != "saved"


def delete_opportunity(
    conn: Connection[Any], *, audit: AuditEntry, row_id: UUID, condition: Condition = ALWAYS
) -> Removed:
    """Move an opportunity to the trash if the condition holds. The audit entry keeps its title.

    A trigger puts it there.
    """
    cursor = execute_change(
        conn,
        f"""
        locked as (
            select id as locked_id, {HOLDS} as holds from opportunities
            where {OWNED} and id = %(row_id)s
            for update
        ), written as (
            delete from opportunities using locked
            where {OWNED} and id = locked_id and holds
            returning id, user_id, title
        ), audited as (
            insert into audit_log
                (user_id, actor, action, resource_id, details, request_id, client)
            select user_id, %(actor)s, 'DELETE_OPPORTUNITY', id,
                %(details)s::jsonb || jsonb_build_object('title', title), %(request_id)s,
                %(client)s
            from written
        )
        """,
        "select title from locked left join written on true",
        {**audit.parameters(), **condition.parameters(), "row_id": row_id},
    )
    row = cursor.fetchone()
    return Removed(row and row[0], exists=row is not None)
