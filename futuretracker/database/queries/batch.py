"""Several operations on opportunities in one statement."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final, LiteralString, NamedTuple

from futuretracker.database.queries.changes import execute_change
from futuretracker.database.queries.opportunities import FIELDS, UPDATABLE, as_json, changing
from futuretracker.database.queries.owner import OWNED, SET_USER
from futuretracker.database.queries.statuses import applied_on

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from uuid import UUID

    from psycopg import Connection

    from futuretracker.database.queries.audit import AuditEntry

# The rows are locked in the order of their ids, so that two batches do not wait for each other.
# ``decided`` says whether anything is written: an atomic batch needs every row that it names.
_ITEMS: Final[LiteralString] = f"""
    items as materialized (
        select place as item_place, op as item_op, coalesce(id, gen_random_uuid()) as item_id,
            "values" as item_values, details as item_details
        from jsonb_to_recordset(%(operations)s::jsonb)
            as given (place int, op text, id uuid, "values" jsonb, details jsonb)
        where {SET_USER}
    )
"""
_DECIDED: Final[LiteralString] = """decided as materialized (
            select not %(atomic)s or count(*) = cardinality(%(ids)s::uuid[]) as goes from locked
        )"""
# As if one was created after the other: the list has the last one first.
_CREATED: Final[LiteralString] = "now() + item_place * interval '1 microsecond'"
COLUMNS: Final[LiteralString] = ", ".join(FIELDS)
VALUES: Final[LiteralString] = ", ".join(
    "coalesce(g.tags, '{}')" if name == "tags" else f"g.{name}" for name in FIELDS
)
_INSERTED: Final[LiteralString] = f"""
        insert into opportunities (id, user_id, {COLUMNS}, created_at, updated_at)
        select item_id, %(user_id)s, {VALUES}, {_CREATED}, {_CREATED}
        from decided, items, jsonb_populate_record(null::opportunities, item_values) as g
        where {SET_USER} and goes and item_op = 'create'
"""
_AUDITED: Final[LiteralString] = """changed as (
        select id as changed_id, null as title, row_to_json(inserted)::text as row,
            'CREATE_OPPORTUNITY' as action, null::jsonb as changes from inserted
        union all
        select updated_id, null, row, 'UPDATE_OPPORTUNITY', changes from updated
        union all
        select deleted_id, title, null, 'DELETE_OPPORTUNITY', null from deleted
    ), audited as (
        insert into audit_log
            (user_id, actor, action, resource_id, details, request_id, client, changes)
        select %(user_id)s, %(actor)s, action, changed_id,
            item_details || jsonb_strip_nulls(jsonb_build_object('title', title)),
            %(request_id)s, %(client)s, changes
        from changed join items on item_id = changed_id
        order by item_place
    )
"""
_RESULT: Final[LiteralString] = """
    select item_op = 'create' or locked_id is not null, changed_id::text, row, title
    from items left join locked on locked_id = item_id left join changed on changed_id = item_id
    order by item_place
"""


class Step(NamedTuple):
    """An operation to carry out: ``create``, ``update`` or ``delete``."""

    op: str
    id: UUID | None
    values: Mapping[str, object]
    details: Mapping[str, object]  # for its audit entry


class Done(NamedTuple):
    """What became of a step.

    ``found`` says whether the user has the opportunity that it names. ``id`` is None if nothing was
    written. ``row`` is the opportunity as JSON after it was created or updated. ``title`` is the
    title of a deleted one.
    """

    found: bool
    id: str | None
    row: bytes | None
    title: str | None


def execute_batch(
    conn: Connection[Any],
    *,
    audit: AuditEntry,
    steps: Sequence[Step],
    atomic: bool,
    columns: LiteralString,
) -> Sequence[Done]:
    """Carry out the steps, each with its audit entry; no id may occur twice.

    If the batch is atomic and an opportunity does not exist, write nothing. Raise
    ForeignKeyViolation if the user does not exist any more.
    """
    changed = {name for step in steps if step.op == "update" for name in step.values}
    cursor = execute_change(
        conn,
        f"""
        {_ITEMS}, locked as materialized (
            select id as locked_id, {changing(changed)} as before from opportunities
            where {OWNED} and id = any(%(ids)s::uuid[])
            order by id
            for update
        ), {_DECIDED}, inserted as (
            {_INSERTED}
            returning {columns}
        ), updated as (
            update opportunities set {assignments(changed, "item_values")}, updated_at = now()
            from decided, items, locked
            where {OWNED} and id = locked_id and goes and item_op = 'update' and item_id = id
            returning id as updated_id, {as_json(columns)} as row,
                futuretracker_changes(before, {changing(changed)}) as changes
        ), deleted as (
            delete from opportunities using decided, items, locked
            where {OWNED} and id = locked_id and goes and item_op = 'delete' and item_id = id
            returning id as deleted_id, title
        ), {_AUDITED}
        """,
        _RESULT,
        {
            **audit.parameters(),
            "operations": json.dumps(
                [_item(place, step, audit.details) for place, step in enumerate(steps)]
            ),
            "ids": [step.id for step in steps if step.id],
            "atomic": atomic,
        },
    )
    return [Done(found, id_, row and row.encode(), title) for found, id_, row, title in cursor]


def _item(place: int, step: Step, details: Mapping[str, object]) -> Mapping[str, object]:
    return {
        "place": place,
        "op": step.op,
        "id": step.id and str(step.id),
        "values": step.values,
        "details": {**details, **step.details},
    }


def assignments(
    names: Collection[str], values: LiteralString, further: Sequence[LiteralString] = ()
) -> LiteralString:
    """Return the assignments of an update of these fields to ``values``, which is SQL of a jsonb.

    A field that the jsonb lacks keeps its value. Columns beside ``names``, and ``further`` columns,
    are not set at all (see ``update_opportunity``).
    """
    columns = "".join(f"{name}, " for name in UPDATABLE if name in names)
    given = "".join(
        f"{_deadline(values) if name == 'deadline' else f'g.{name}'}, "
        for name in UPDATABLE
        if name in names
    )
    columns += "".join(f"{name}, " for name in further)
    given += "".join(f"g.{name}, " for name in further)
    day: LiteralString = "g.applied_on"
    if "status" in names:
        day = applied_on(day, "opportunities.status", "g.status")
    return f"""({columns}applied_on) = (
                select {given}case when g.category = 'internship' then {day} end
                from jsonb_populate_record(opportunities, {values}) as g
            )"""


def _deadline(values: LiteralString) -> LiteralString:
    """Return the new deadline, as ``update_opportunity`` sets it."""
    return f"""case when {values} ->> 'category' = 'internship' and g.deadline is not null
                        and {values} ? 'deadline'
                        and coalesce({values} ->> 'status', '') <> 'saved'
                    then case when opportunities.category = 'internship'
                        then opportunities.deadline end
                    else g.deadline end"""
