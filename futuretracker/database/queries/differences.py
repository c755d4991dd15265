"""What an update changes, for its audit entry.

The statement reads the fields of a row when it has locked it, and again after the update. The SQL
function ``futuretracker_changes`` (migration 0029) returns what differs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, LiteralString

if TYPE_CHECKING:
    from collections.abc import Iterable


def fields_as_json(fields: Iterable[LiteralString]) -> LiteralString:
    """Return the SQL of these columns of a row, as JSON."""
    pairs = ", ".join(f"'{name}', {name}" for name in fields)
    return f"jsonb_build_object({pairs})"
