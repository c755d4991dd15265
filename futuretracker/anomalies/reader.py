"""Read log lines into the inbox. The lines and the position in their source are one transaction."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Any

from futuretracker.anomalies.batches import Batch
from futuretracker.database.queries.watch_inbox import (
    count_inbox,
    insert_observations,
    move_position,
    select_position,
)

if TYPE_CHECKING:
    from psycopg import Connection

    from futuretracker.anomalies.sources import Chunk, Source

LINES = 5000  # of one transaction
SECONDS = 1.0  # for which lines are collected
FULL = 500  # batches; with more of them, the lines wait in their source
CALM = 10.0  # seconds without a full chunk or old lines, after which no more of them wait
RECENT = 300.0  # seconds; older lines are old

log = logging.getLogger(__name__)


class Reader:
    """Reads one source."""

    def __init__(self, source: Source, host: str) -> None:
        self._source, self._host = source, host
        self._position: str | None = None
        self._waiting: Chunk | None = None  # read, and not known to be stored
        self._is_open = False
        self._read_at, self._behind_at = float("-inf"), 0.0
        self.ended = False

    @property
    def is_up_to_date(self) -> bool:
        """Return whether all lines are in the inbox, except those of the last minutes."""
        is_recent = time.monotonic() - self._read_at < RECENT
        return is_recent and self._read_at - self._behind_at >= CALM

    def step(self, conn: Connection[Any], *, seconds: float = SECONDS) -> bool:
        """Read and store some lines; return whether the source may be read again at once.

        After an error of the database the same lines are stored by the next call.
        """
        if not self._is_open:
            self._open(conn)
        if self._waiting is None:
            if count_inbox(conn) >= FULL:
                return False
            self._waiting = self._source.read(LINES, seconds)
        chunk = self._waiting
        self.ended = chunk.ended and not chunk.lines and not chunk.too_long
        if chunk.position != self._position and not self._store(conn, chunk):
            self._find_out(conn, chunk)
        self._waiting = None
        self._read_at = time.monotonic()
        return True

    def close(self) -> None:
        """Close the source; the next step opens it where the database says."""
        self._source.close()
        self._is_open, self._waiting = False, None

    def _open(self, conn: Connection[Any]) -> None:
        name = self._source.name
        stored = select_position(conn, source=name)
        self._position = self._source.open(stored)
        if stored is not None and stored != self._position:
            log.warning("position not found, lines may be missing", extra={"source": name})
        if stored != self._position:
            # A process that starts again before the first line comes must begin at this place.
            move_position(
                conn, source=name, before=stored, after=self._position, lines=0, skipped={}
            )
        self._is_open, self._behind_at = True, time.monotonic()

    def _store(self, conn: Connection[Any], chunk: Chunk) -> bool:
        """Store lines and the position after them; return False if the position was another one."""
        batch = Batch()
        batch.add_lines(chunk.lines)
        if chunk.too_long:
            batch.skipped["too-long"] += chunk.too_long
        with conn.transaction():
            if not move_position(
                conn,
                source=self._source.name,
                before=self._position,
                after=chunk.position,
                lines=len(chunk.lines) + chunk.too_long,
                skipped=batch.skipped,
            ):
                return False
            if rows := batch.rows():
                insert_observations(conn, host=self._host, batches=rows)
        self._position = chunk.position
        is_full = len(chunk.lines) + chunk.too_long >= LINES
        if is_full or 0 < batch.newest() < time.time() - RECENT:
            self._behind_at = time.monotonic()
        return True

    def _find_out(self, conn: Connection[Any], chunk: Chunk) -> None:
        """Go on after a commit whose result was unknown, or after another reader of this source."""
        stored = select_position(conn, source=self._source.name)
        if stored == chunk.position:
            self._position = stored
            return
        log.warning("another process reads the same lines", extra={"source": self._source.name})
        self.close()
