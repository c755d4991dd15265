"""Estimate for how long a migration makes a large table unavailable."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Collection

    import psycopg

# The files that read or rewrite a whole table while no other session can use it: the table, and the
# microseconds for each of its rows (measured; see docs/operations/database.md).
SLOW = {
    "0001_users_and_opportunities.sql": ("opportunities", 6),
    "0004_version_1.sql": ("opportunities", 120),
}
WORTH_TELLING = 1.0  # seconds
BYTES_OF_A_ROW = 240
# A table that was never analyzed has -1 for its number of rows.
ROWS = """
select case when reltuples < 0 then pg_relation_size(oid) / %s else reltuples end
from pg_class where oid = to_regclass(%s)
"""


def expected_outages(conn: psycopg.Connection[Any], names: Collection[str]) -> list[str]:
    """Return a sentence for each of these migrations that will take a second or longer."""
    sentences = []
    for name in names:
        table, microseconds = SLOW.get(name, ("", 0))
        found = conn.execute(ROWS, [BYTES_OF_A_ROW, table]).fetchone() if table else None
        rows = int(found[0]) if found else 0
        if rows * microseconds / 1e6 >= WORTH_TELLING:
            sentences.append(
                f"{name} rewrites '{table}', which has about {rows:,} rows: no other session can"
                f" read or write it for about {_duration(rows * microseconds / 1e6)}."
            )
    return sentences


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} seconds" if seconds < 120 else f"{seconds / 60:.0f} minutes"  # noqa: PLR2004 - two minutes
