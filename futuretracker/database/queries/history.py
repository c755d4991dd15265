"""The history of an opportunity, from the table ``audit_log``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, LiteralString

from futuretracker.database.queries.columns import time_of
from futuretracker.database.queries.one_page import (
    IS_NEW,
    conditional_statement,
    page_of,
    page_statement,
    parameters,
)
from futuretracker.database.queries.owner import OWNED, SET_USER
from futuretracker.database.queries.versions import NONE, representation

if TYPE_CHECKING:
    from uuid import UUID

    from psycopg import Connection

    from futuretracker.database.queries.one_page import Page, Place
    from futuretracker.database.queries.versions import Versions

FIRST_PAGE: Final = "infinity 9223372036854775807"  # before which every entry is
# What made the change of an entry r, and the values that it changed.
CLIENT: Final[LiteralString] = """split_part(r.client, ':', 1) as client,
    case when r.client like 'key:%%' then substr(r.client, 5) end as "keyId" """
CHANGES: Final[LiteralString] = """(
        select coalesce(json_agg(json_build_object(
            'field', c.key, 'from', c.value -> 'from', 'to', c.value -> 'to'
        ) order by c.key), '[]')
        from jsonb_each(r.changes) as c
        where r.changes is not null
    ) as changes"""
# The entry of a round has the id of the round as its resource.
_SHOWN: Final[LiteralString] = f"""{time_of("r.at", "at")}, r.action,
    {CLIENT},
    case when r.action like '%%\\_ROUND' then r.resource_id end as "roundId",
    {CHANGES}"""
MOST_EXPORTED: Final[LiteralString] = "1000"  # entries of an opportunity
# A further column of an exported opportunity: its history. ``owning`` is its own row.
EXPORTED_HISTORY: Final[LiteralString] = f"""(
        select coalesce(json_agg(shown order by r.at desc, r.version desc), '[]')
        from (select id as owning_id, user_id as owning_user) as owning, lateral (
            select entry_id as version, entry_at as at, entry_action as action,
                entry_resource as resource_id, entry_client as client, entry_changes as changes
            from futuretracker_history(owning_user, owning_id, 'infinity', 9223372036854775807,
                {MOST_EXPORTED})
        ) as r, lateral (select {_SHOWN}) as shown
    ) as history"""
_ENTRIES: Final[LiteralString] = f"""
    select entry_id as version, entry_at as at, entry_action as action,
        entry_resource as resource_id, entry_resource as id, entry_client as client,
        entry_changes as changes,
        concat(entry_at, ' ', entry_id) as key
    from futuretracker_history(case when {SET_USER} then %(user_id)s::uuid end, %(row_id)s,
        %(before_at)s::timestamptz, %(before_id)s::bigint, %(rows)s)
"""
_ORDER: Final[LiteralString] = "order by at desc, version desc"
# Whether there is such a history: the user has the opportunity, also in the
# trash, or it has left entries. 0 or 1.
_EXISTS: Final[LiteralString] = f"""(
        select case when exists (
            select from opportunities where {OWNED} and id = %(row_id)s
        ) or exists (
            select from trash where user_id = %(user_id)s and id = %(row_id)s
        ) then 1 else (
            select count(*) from futuretracker_history(
                %(user_id)s, %(row_id)s, 'infinity', 9223372036854775807, 1)
        ) end
    )"""


def select_history(  # noqa: PLR0913 - each is a parameter of the route
    conn: Connection[Any],
    *,
    user_id: UUID,
    row_id: UUID,
    limit: int,
    after: Place | None = None,
    known: Versions = NONE,
) -> Page | None:
    """Return at most ``limit`` changes of an opportunity and its rounds, the newest first.

    An opportunity that does not exist any more keeps its history. Return None if there is none.
    ``known`` are the tags of pages that the client has.
    """
    if known:
        statement = conditional_statement(
            f"select * from ({_ENTRIES}) as r {_ORDER}",
            f"select * from versions where {IS_NEW} {_ORDER}",
            _SHOWN,
            total=_EXISTS,
        )
    else:
        statement = page_statement(f"{_ENTRIES} {_ORDER}", _SHOWN, total=_EXISTS)
    kind = f"{representation(_SHOWN)} {row_id}"
    before_at, before_id = (after.key if after else FIRST_PAGE).rsplit(" ", 1)
    values = {
        **parameters(kind=kind, known=known, limit=limit),
        "user_id": user_id,
        "row_id": row_id,
        "before_at": before_at,
        "before_id": before_id,
    }
    cursor = conn.execute(statement, values)
    result = cursor.pgresult
    assert result is not None  # noqa: S101 - a select has a result
    page = page_of(result, limit=limit, kind=kind)
    return page if page.total else None
