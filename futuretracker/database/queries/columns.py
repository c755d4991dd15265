"""The columns of an opportunity as each API version shows them, and JSON as Postgres sent it.

Columns are literals of this file: pyright holds every query that they become part of to
``LiteralString``, so nothing that a client sent can be one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, LiteralString

if TYPE_CHECKING:
    from psycopg import Cursor

ORIGINAL: Final[LiteralString] = """id, user_id, title, description, link, deadline, category,
    coalesce(status, 'applied') as status, notes, created_at, updated_at"""
# Who was rejected by hand waits for no round either.
V1: Final[LiteralString] = (
    ORIGINAL
    + """, campus_mode, applied_on,
    case when status is distinct from 'rejected' then current_round_number end
        as current_round_number,
    rejected_round_number"""
)


def only_value(cursor: Cursor[Any]) -> bytes | None:
    """Return the first column of the one row as the bytes that Postgres sent."""
    result = cursor.pgresult
    return result.get_value(0, 0) if result is not None and result.ntuples else None
