"""A connection to Postgres that gives up on a server that does not respond."""

from __future__ import annotations

import select
import time
from typing import TYPE_CHECKING, Any, TypeVar

import psycopg
from psycopg.pq import TransactionStatus
from psycopg.waiting import Ready, Wait

from futuretracker.web import waiting

if TYPE_CHECKING:
    from collections.abc import Generator

Result = TypeVar("Result")
EVENTS = {
    Wait.R: select.EPOLLIN,
    Wait.W: select.EPOLLOUT,
    Wait.RW: select.EPOLLIN | select.EPOLLOUT,
}
READY = {select.EPOLLIN: Ready.R, select.EPOLLOUT: Ready.W}


class BoundedConnection(psycopg.Connection[Any]):
    """A connection whose statements take at most ``ANSWER_WITHIN`` seconds.

    Postgres itself ends a statement after ``statement_timeout``. A frozen server or a broken
    network does not, so the connection is closed here.
    """

    ANSWER_WITHIN = 2.5  # seconds

    def wait(self, gen: Any, interval: float = 0.1, timeout: float | None = None) -> Any:
        """Run one of the driver's generators; in the event loop other requests run meanwhile."""
        seconds = timeout or self.ANSWER_WITHIN
        try:
            if loop := waiting.current_loop():
                return wait_in_loop(loop, gen, self.pgconn.socket, seconds)
            return super().wait(gen, interval, seconds)
        except (TimeoutError, psycopg.OperationalError) as error:
            # Only a statement without a response is still active.
            if self.pgconn.transaction_status != TransactionStatus.ACTIVE:
                raise
            self.close()
            message = "no answer in time"
            raise psycopg.OperationalError(message) from error


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
