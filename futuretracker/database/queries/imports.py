"""Import opportunities: all rows of a file in one statement."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final, Literal, LiteralString, NamedTuple, TypeAlias

from futuretracker.database.connection import patience
from futuretracker.database.queries import import_rounds as rounds
from futuretracker.database.queries.batch import COLUMNS, VALUES, assignments
from futuretracker.database.queries.changes import execute_change
from futuretracker.database.queries.opportunities import changing
from futuretracker.database.queries.owner import OWNED, SET_USER
from futuretracker.database.queries.search import HASH_JOINS, execute_with

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from uuid import UUID

    from psycopg import Connection, Cursor

    from futuretracker.database.queries.audit import AuditEntry

Duplicates: TypeAlias = Literal["skip", "update", "keep"]
WITHIN: Final = 20.0  # seconds that an import may take, as one statement
_MILLISECONDS: Final[LiteralString] = "20000"
MARGIN: Final = 1.0  # seconds that the response may take beyond that

_ITEMS: Final[LiteralString] = f"""items as materialized (
        select place, line, id as given_id, gen_random_uuid() as new_id, "values" as new_values,
            changes as new_changes, "values" ->> 'link' as item_link,
            lower("values" ->> 'title') as item_title,
            lower(coalesce("values" ->> 'company', '')) as item_company,
            coalesce(created_at,
                now() - (count(*) over () - place) * interval '1 microsecond') as item_created,
            updated_at as item_updated, rounds as item_rounds
        from jsonb_to_recordset(%(rows)s::jsonb) as given (place int, line int, id uuid,
            "values" jsonb, changes jsonb, created_at timestamptz, updated_at timestamptz,
            rounds jsonb)
        where {SET_USER}
    )"""
# The opportunity that an item stands for, if there is one: by its id, else by its link, else by its
# title and company, unless both have links. Each join finds at most one for an item, so that equal
# titles do not multiply.
_MATCHED: Final[LiteralString] = f"""mine as materialized (
        select id as my_id, link as my_link, lower(title) as my_title,
            lower(coalesce(company, '')) as my_company
        from opportunities where {OWNED} and %(matches)s
    ), linked as (
        select my_link, min(my_id::text)::uuid as my_id from mine
        where my_link is not null group by my_link
    ), named as (
        select my_title, my_company, min(my_id::text)::uuid as any_id,
            min(my_id::text) filter (where my_link is null)::uuid as without_link
        from mine group by my_title, my_company
    ), candidates as (
        select place, my_id, 1 as rank from items join mine on my_id = given_id
        union all
        select place, my_id, 2 from items join linked on my_link = item_link
        union all
        select place, case when item_link is null then any_id else without_link end, 3
        from items join named on my_title = item_title and my_company = item_company
        where item_link is null or without_link is not null
    ), matched as materialized (
        select place as matched_place, my_id as matched_id,
            row_number() over (partition by my_id order by place) = 1 as is_first
        from (
            select distinct on (place) place, my_id from candidates order by place, rank, my_id
        ) as best
    )"""
# The history looks for the entry of a creation at the time when the opportunity was created, which
# a file may have set. So an import has an action of its own.
_AUDITED: Final[LiteralString] = """audited as (
        insert into audit_log
            (user_id, actor, action, resource_id, details, changes, request_id, client)
        select %(user_id)s, %(actor)s, 'IMPORT_OPPORTUNITY', id,
            %(details)s::jsonb || jsonb_build_object('title', title, 'category', category), null,
            %(request_id)s, %(client)s
        from inserted
        union all
        select %(user_id)s, %(actor)s, 'UPDATE_OPPORTUNITY', id, %(details)s::jsonb,
            differing, %(request_id)s, %(client)s
        from updated
"""


class Item(NamedTuple):
    """A row to import.

    ``values`` are those of a new opportunity. ``changes`` are those of one that is there already.
    ``rounds`` are all rounds of the opportunity, or None if they stay as they are. If ``values`` or
    ``changes`` lack a status, it follows from the rounds.
    """

    line: int
    id: UUID | None
    values: Mapping[str, object]
    changes: Mapping[str, object]
    created_at: str | None
    updated_at: str | None
    rounds: Sequence[Mapping[str, object]] | None = None


class Imported(NamedTuple):
    """How many rows became what, and the outcome of each row as JSON."""

    created: int
    updated: int
    skipped: int
    lines: bytes


def select_import(
    conn: Connection[Any], *, user_id: UUID, items: Sequence[Item], duplicates: Duplicates
) -> Imported:
    """Return what an import would do, and change nothing. A row that it would create has no id."""
    ctes: LiteralString = f"{_ITEMS}, {_MATCHED}"
    parameters = {"user_id": user_id, "is_dry": True}
    return _execute(conn, ctes, parameters, items, duplicates)


def execute_import(
    conn: Connection[Any], *, audit: AuditEntry, items: Sequence[Item], duplicates: Duplicates
) -> Imported:
    """Create an opportunity for each item, or update or skip one that is there already.

    All of it is one statement, each opportunity and each round with its audit entry. Rows are
    locked in the order of their ids. Raise ForeignKeyViolation if the user does not exist any more.
    """
    changed = {name for item in items for name in item.changes}
    ctes: LiteralString = f"{_ITEMS}, {_MATCHED}"
    if any(item.rounds is not None for item in items):
        inserted = _inserted(rounds.NEW_VALUES, rounds.FOLLOWING, rounds.JOIN)
        updated = _updated(changed | {"status"}, rounds.NEW_CHANGES, rounds.FOLLOWING, rounds.JOIN)
        ctes += f", {rounds.DERIVED}, {inserted}, {updated}, {rounds.REPLACED}"
        ctes += f", {_AUDITED}{rounds.AUDITED})"
    else:
        inserted, updated = _inserted("new_values"), _updated(changed, "new_changes")
        ctes += f", {inserted}, {updated}, {_AUDITED})"
    parameters = {**audit.parameters(), "is_dry": False}
    return _execute(conn, ctes, parameters, items, duplicates)


def _inserted(
    values: LiteralString, further: Sequence[LiteralString] = (), join: LiteralString = ""
) -> LiteralString:
    """Return the CTE that inserts ``values``, SQL of a jsonb, also into the ``further`` columns."""
    columns: LiteralString = "".join(f", {name}" for name in further)
    given: LiteralString = "".join(f", g.{name}" for name in further)
    return f"""inserted as (
        insert into opportunities (id, user_id, {COLUMNS}{columns}, created_at, updated_at)
        select new_id, %(user_id)s, {VALUES}{given}, item_created,
            greatest(item_created, coalesce(item_updated, item_created))
        from items left join matched on matched_place = place {join},
            jsonb_populate_record(null::opportunities, {values}) as g
        where {SET_USER} and matched_id is null
        returning id, title, category
    )"""


def _updated(
    names: Collection[str],
    values: LiteralString,
    further: Sequence[LiteralString] = (),
    join: LiteralString = "",
) -> LiteralString:
    """Return the CTEs that lock and update the opportunities that are there already."""
    return f"""locked as materialized (
        select id as locked_id, {changing(names)} as before from opportunities
        where {OWNED} and %(updates)s
            and id in (select matched_id from matched where is_first)
        order by id
        for update
    ), updated as (
        update opportunities
        set {assignments(names, values, further)}, updated_at = now()
        from items join matched on matched_place = place {join}, locked
        where {OWNED} and opportunities.id = locked_id and matched_id = locked_id and is_first
        returning id, futuretracker_changes(before, {changing(names)}) as differing
    )"""


def _result(is_updated: LiteralString) -> LiteralString:
    """Return the SQL of the outcome; ``is_updated`` is the condition of a row that was updated."""
    return f"""
    select count(*) filter (where status = 'created') as created,
        count(*) filter (where status = 'updated') as updated,
        count(*) filter (where status = 'skipped') as skipped,
        coalesce(json_agg(json_build_object('line', line, 'status', status, 'id', id)
            order by place), '[]')::text as lines
    from (
        select place, line, case when matched_id is not null then matched_id
                when not %(is_dry)s then new_id end as id,
            case when matched_id is null then 'created'
                when {is_updated} then 'updated' else 'skipped' end as status
        from items left join matched on matched_place = place
    ) as done
"""


def _execute(
    conn: Connection[Any],
    ctes: LiteralString,
    parameters: Mapping[str, object],
    items: Sequence[Item],
    duplicates: Duplicates,
) -> Imported:
    rows = [{**item._asdict(), "place": place} for place, item in enumerate(items)]
    values = {
        **parameters,
        "rows": json.dumps(rows, default=str),
        "matches": duplicates != "keep",
        "updates": duplicates == "update",
    }
    # A row that another request deletes meanwhile is not updated.
    result = _result(
        "%(updates)s and is_first"
        if parameters["is_dry"]
        else "is_first and matched_id in (select id from updated)"
    )
    row = execute_change(conn, ctes, result, values, _run).fetchone()
    assert row is not None  # noqa: S101 - an aggregate returns a row
    created, updated, skipped, lines = row
    return Imported(created, updated, skipped, lines.encode())


def _run(
    conn: Connection[Any], statement: LiteralString, values: Mapping[str, object]
) -> Cursor[Any]:
    settings: LiteralString = f"set local statement_timeout = {_MILLISECONDS}; {HASH_JOINS}"
    with patience(conn, WITHIN + MARGIN):
        return execute_with(conn, settings, statement, values)
