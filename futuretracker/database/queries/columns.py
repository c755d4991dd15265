"""The columns of an opportunity in each API version, and the reader of a single JSON value.

Statements are put together from the literals of these modules. pyright checks that each part is a
``LiteralString``, so no input of a client can become SQL.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, LiteralString

if TYPE_CHECKING:
    from psycopg import Cursor

ORIGINAL: Final[LiteralString] = """id, user_id, title, description, link, deadline, category,
    coalesce(status, 'applied') as status, notes, created_at, updated_at"""
# An opportunity that a user has set to rejected has no current round either.
V1: Final[LiteralString] = (
    ORIGINAL
    + """, campus_mode, applied_on,
    case when status is distinct from 'rejected' then current_round_number end
        as current_round_number,
    rejected_round_number"""
)


def only_value(cursor: Cursor[Any]) -> bytes | None:
    """Return the first column of the first row, as the bytes that Postgres sent, or None."""
    result = cursor.pgresult
    return result.get_value(0, 0) if result is not None and result.ntuples else None
