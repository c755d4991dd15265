"""A connection to Postgres that gives up on a server that does not respond."""

from __future__ import annotations

import select
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

import psycopg
from psycopg.pq import TransactionStatus
from psycopg.waiting import Ready, Wait

from futuretracker.database.failures import NoResponse, SlowResponse
from futuretracker.web import waiting

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

Result = TypeVar("Result")
EVENTS = {
    Wait.R: select.EPOLLIN,
    Wait.W: select.EPOLLOUT,
    Wait.RW: select.EPOLLIN | select.EPOLLOUT,
}
READY = {select.EPOLLIN: Ready.R, select.EPOLLOUT: Ready.W}


class BoundedConnection(psycopg.Connection[Any]):
    """A connection whose statements take at most ``RESPONSE_WITHIN`` seconds.

    Postgres itself ends a statement after ``statement_timeout``. A frozen server or a broken
    network prevents that, so the connection is closed here.
    """

    RESPONSE_WITHIN = 2.5  # seconds
    SILENCE: type[psycopg.OperationalError] = NoResponse  # raised if nothing arrives in time
    opened_at = idle_since = 0.0  # monotonic seconds, set by the connection pool
    _arrivals = 0
    _only_cursor: psycopg.Cursor[Any] | None = None

    def execute(
        self,
        query: Any,
        params: Any = None,
        *,
        prepare: bool | None = None,
        binary: bool = False,
    ) -> psycopg.Cursor[Any]:
        """Run a statement on the connection's only cursor; the next one replaces its result.

        A new cursor for each statement takes 8 us. A cursor that runs the same ``str`` object again
        also keeps how it converts the parameters, which saves 5 us more.
        """
        if type(query) is str:
            query = sys.intern(query)
        if self._only_cursor is None:
            self._only_cursor = self.cursor()
        return self._only_cursor.execute(query, params, prepare=prepare, binary=binary)

    def free_result(self) -> None:
        """Free the memory of the last result, which may be a long list."""
        if self._only_cursor is not None and self._only_cursor.pgresult is not None:
            self._only_cursor.pgresult.clear()

    def wait(self, gen: Any, interval: float = 0.1, timeout: float | None = None) -> Any:
        """Run one of the driver's generators; in the event loop other requests run meanwhile."""
        seconds = timeout or self.RESPONSE_WITHIN
        self._arrivals = 0
        gen = self._watch(gen)
        try:
            if loop := waiting.current_loop():
                return wait_in_loop(loop, gen, self.pgconn.socket, seconds)
            return super().wait(gen, interval, seconds)
        except (TimeoutError, psycopg.OperationalError) as error:
            # Only a statement without a response is still active.
            if self.pgconn.transaction_status != TransactionStatus.ACTIVE:
                raise
            self.close()
            if self._arrivals > 1:  # the first may be the response to the PREPARE
                message = "the response takes too long"
                raise SlowResponse(message) from error
            message = "no response in time"
            raise self.SILENCE(message) from error

    def _watch(self, gen: Generator[Wait, Ready, Any]) -> Generator[Wait, Ready, Any]:
        """Run a generator of the driver, and count how often something arrives."""
        try:
            wanted = next(gen)
            while True:
                ready = yield wanted
                self._arrivals += bool(ready & Ready.R)
                wanted = gen.send(ready)
        except StopIteration as end:
            return end.value


@contextmanager
def patience(conn: psycopg.Connection[Any], seconds: float) -> Iterator[None]:
    """Let the statements of this block take so long, if the connection is a bounded one."""
    if not isinstance(conn, BoundedConnection):
        yield
        return
    usual = conn.RESPONSE_WITHIN
    conn.RESPONSE_WITHIN = max(seconds, usual)
    try:
        yield
    finally:
        conn.RESPONSE_WITHIN = usual


def wait_in_loop(
    loop: waiting.Loop, generator: Generator[Wait, Ready, Result], fileno: int, seconds: float
) -> Result:
    """Do what ``psycopg.waiting.wait`` does, in the event loop; raise TimeoutError."""
    loop.wait_to_send()
    deadline = time.monotonic() + seconds
    try:
        wanted = next(generator)
        while True:
            events = loop.wait_for_socket(fileno, EVENTS[wanted], deadline)
            # A broken socket reports other events too: the driver then finds the error itself.
            wanted = generator.send(READY.get(events, Ready.RW))
    except StopIteration as end:
        result: Result = end.value
        return result
