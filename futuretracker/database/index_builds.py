"""Build the indexes of a migration while other sessions write to the table.

``create index`` would delay writes while it reads the table: 0.3 seconds for a million rows.
Postgres builds an index concurrently only outside a transaction. If that ends early, an index is
left that no query uses; it is dropped before the next try.
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg import sql
from psycopg.errors import LockNotAvailable

if TYPE_CHECKING:
    from collections.abc import Iterator

# A file that begins with this line has statements of this form, and no others.
BUILD = "-- Build indexes without a transaction.\n"
_STATEMENT = re.compile(r"create index concurrently (\w+)\s[^;]*;\s*")
# The timeouts of a migration. Behind a pooler they may be those of another session; the statements
# then have the timeouts of their role.
_TIMEOUTS = """
select set_config(name, case name when 'lock_timeout' then '2s' else '0' end, false)
from pg_settings where name in ('lock_timeout', 'statement_timeout')
"""
_IDLE = "set local idle_in_transaction_session_timeout = 0"
_LOCK = 0x46757475_6964  # arbitrary, and the same in every process
_IS_VALID = "select indisvalid from pg_index where indexrelid = to_regclass(%s)"


def build_indexes(conn: psycopg.Connection[Any], url: str, text: str) -> None:
    """Build each index of the file that is not there yet; raise LockNotAvailable.

    Long transactions of other sessions are in the way, because an index must have what they see. So
    is another process that builds.
    """
    with _only_one(url):
        conn.execute(_TIMEOUTS)
        for name, statement in _statements(text):
            found = conn.execute(_IS_VALID, [name]).fetchone()
            if found == (False,):
                conn.execute(sql.SQL("drop index concurrently {}").format(sql.Identifier(name)))
            if found != (True,):
                conn.execute(statement.encode())


@contextmanager
def _only_one(url: str) -> Iterator[None]:
    """Let one process at a time build.

    A second session holds the lock until its transaction ends, because behind a pooler the lock of
    a session may stay. The build waits for every session that has a snapshot. So this one waits
    for nothing, and uses the simple protocol, which keeps no snapshot after a statement.
    """
    with psycopg.connect(
        url, application_name="futuretracker migrate", cursor_factory=psycopg.ClientCursor
    ) as guard:
        guard.execute(_IDLE)
        found = guard.execute("select pg_try_advisory_xact_lock(%s)", [_LOCK]).fetchone()
        if found != (True,):
            raise LockNotAvailable
        yield


def _statements(text: str) -> Iterator[tuple[str, str]]:
    """Yield the name and the statement of each index."""
    place = len(BUILD)
    while place < len(text):
        found = _STATEMENT.match(text, place)
        if found is None:
            message = f"not a statement that builds an index: {text[place:]}"
            raise ValueError(message)
        yield found[1], found[0]
        place = found.end()
