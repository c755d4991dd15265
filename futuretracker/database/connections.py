"""The open connections to one server, each lent to one request at a time.

psycopg_pool is not used, because it does not report why a connection could not be opened. With it,
requests could not wait if Postgres accepts only a few connections (61 to 89% of them got a 503). It
also cannot close connections during a reload.
"""

from __future__ import annotations

import select
import threading
import time
from collections import deque
from concurrent.futures import Future
from contextlib import suppress
from typing import TYPE_CHECKING

from psycopg.pq import TransactionStatus

from futuretracker.database.failures import DatabaseFailure
from futuretracker.database.kinds import CONNECTION, POOL_TIMEOUT, TOO_MANY_CONNECTIONS
from futuretracker.web.lifecycle import draining
from futuretracker.web.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Callable

    from futuretracker.database.connection import BoundedConnection


class Connections:
    """At most ``limit`` connections, which ``connect`` opens in threads when requests wait.

    A request gets the first connection that another one returns or that is opened. If Postgres
    accepts fewer connections than ``limit``, requests share the open ones. ``connect`` raises
    DatabaseFailure.
    """

    KEEP = 1  # connections that stay open without requests
    MAX_IDLE = 600.0  # seconds until a further one is closed
    MAX_AGE = 3600.0  # seconds until a connection is replaced
    AT_ONCE = 4  # connections that are opened at the same time
    RETRY_AFTER = 0.5  # seconds, after a connection could not be opened
    YIELD_FOR = 1.0  # seconds that another process has to take a connection
    SCARCE = 5.0  # seconds during which Postgres is taken to have no more connections

    def __init__(self, connect: Callable[[], BoundedConnection], limit: int) -> None:
        self._connect = connect
        self.limit = limit
        self._lock = threading.Lock()  # never held while anything waits
        self._idle: list[BoundedConnection] = []  # the last used last
        self._waiting: deque[Future[BoundedConnection]] = deque()
        self._open = 0  # also counts the connections that are being opened
        self._opening = 0
        self._open_again_at = self._yield_at = self._scarce_until = 0.0  # monotonic, as the next
        self._renewed_at = 0.0
        self._closed = False
        with self._lock:
            self._start_to_open()

    def take(self, seconds: float) -> BoundedConnection:
        """Return a connection that the server has not closed; raise DatabaseFailure."""
        with self._lock:
            while self._idle:
                conn = self._idle.pop()
                if _is_open(conn):
                    return conn
                self._discard(conn)
            place: Future[BoundedConnection] = Future()
            self._waiting.append(place)
            self._open_for_waiting()
        try:
            return wait_for(place, seconds)
        except TimeoutError:
            if not place.cancel():  # it has arrived at the last moment
                return place.result()
            return self._give_up(place)

    def _give_up(self, place: Future[BoundedConnection]) -> BoundedConnection:
        with self._lock:
            with suppress(ValueError):
                self._waiting.remove(place)
            is_scarce = time.monotonic() < self._scarce_until
            has_none = self._open == self._opening
        if is_scarce:
            raise DatabaseFailure(TOO_MANY_CONNECTIONS)
        raise DatabaseFailure(CONNECTION if has_none else POOL_TIMEOUT)

    def put_back(self, conn: BoundedConnection) -> None:
        """Return a connection; it is closed if it is broken or should not be used again."""
        now = time.monotonic()
        with self._lock:
            if self._is_of_use(conn, now):
                self._hand_over(conn, now)
            else:
                self._discard(conn)
                self._open_for_waiting()

    def _is_of_use(self, conn: BoundedConnection, now: float) -> bool:
        if self._closed or conn.pgconn.transaction_status != TransactionStatus.IDLE:
            return False
        if conn.opened_at <= max(self._renewed_at, now - self.MAX_AGE):
            return False
        if self._open - self._opening <= self.KEEP:
            return True
        if now < self._scarce_until and now >= self._yield_at:
            # Another process may have none: once a second, give it the chance to open one.
            self._yield_at = self._open_again_at = now + self.YIELD_FOR
            with suppress(RuntimeError):
                _start_thread(self._open_after, self.YIELD_FOR)
            return False
        return bool(self._waiting) or not draining.is_set()

    def _hand_over(self, conn: BoundedConnection, now: float) -> None:
        """Give a connection to the request that has waited longest; the lock is held."""
        while self._waiting:
            place = self._waiting.popleft()
            if place.set_running_or_notify_cancel():
                place.set_result(conn)
                return
        conn.idle_since = now
        self._idle.append(conn)

    def _discard(self, conn: BoundedConnection) -> None:
        conn.close()
        self._open -= 1

    def _open_for_waiting(self) -> None:
        """Open a connection if a request waits for one and it may help; the lock is held."""
        is_needed = self._opening < min(self.AT_ONCE, len(self._waiting))
        is_allowed = self._open == 0 or time.monotonic() >= self._open_again_at
        if is_needed and is_allowed and self._open < self.limit and not self._closed:
            self._start_to_open()

    def _start_to_open(self) -> None:
        self._open += 1
        self._opening += 1
        try:
            _start_thread(self._open_one)
        except RuntimeError as error:  # the process may have no more threads
            self._note_failure(DatabaseFailure(CONNECTION, error))

    def _open_after(self, seconds: float) -> None:
        """Open a connection for the requests that wait then: perhaps none returns one meanwhile."""
        time.sleep(seconds)
        with self._lock:
            self._open_for_waiting()

    def _open_one(self) -> None:
        while True:
            try:
                conn = self._connect()
            except DatabaseFailure as failure:
                if not self._should_retry(failure):
                    self._open_after(self.RETRY_AFTER)
                    return
                time.sleep(self.RETRY_AFTER / 5)
            except Exception:
                self._should_retry(DatabaseFailure(CONNECTION))
                raise
            else:
                self._add(conn)
                return

    def _add(self, conn: BoundedConnection) -> None:
        now = conn.opened_at = time.monotonic()
        with self._lock:
            self._opening -= 1
            if self._closed:
                self._discard(conn)
                return
            self._hand_over(conn, now)
            self._open_for_waiting()

    def _should_retry(self, failure: DatabaseFailure) -> bool:
        """Note that a connection could not be opened; return whether to try again.

        While there are other connections, requests wait for those. Without any, they fail, unless
        Postgres only lacks a free connection: then one may become free in time.
        """
        with self._lock:
            if failure.kind is TOO_MANY_CONNECTIONS:
                now = time.monotonic()
                self._scarce_until = now + self.SCARCE
                if self._open == 1 and self._waiting and not self._closed:
                    self._open_again_at = now + self.RETRY_AFTER
                    return True
            self._note_failure(failure)
            return False

    def _note_failure(self, failure: DatabaseFailure) -> None:
        """Note that a connection is not being opened any more; the lock is held."""
        self._open_again_at = time.monotonic() + self.RETRY_AFTER
        self._open -= 1
        self._opening -= 1
        if self._open == 0:
            while self._waiting:
                place = self._waiting.popleft()
                if place.set_running_or_notify_cancel():
                    place.set_exception(failure.again())

    def renew(self) -> None:
        """Replace every connection, those in use once they are returned."""
        with self._lock:
            self._renewed_at = time.monotonic()
            while self._idle:
                self._discard(self._idle.pop())

    def close_unused(self) -> None:
        """Close connections that were idle for long, or all but one if the process ends."""
        until = time.monotonic() - self.MAX_IDLE
        with self._lock:
            while (
                self._idle
                and self._open - self._opening > self.KEEP
                and (draining.is_set() or self._idle[0].idle_since < until)
            ):
                self._discard(self._idle.pop(0))

    def counts(self) -> tuple[int, int, int]:
        """Return how many connections are used and idle, and how many requests wait."""
        with self._lock:
            idle = len(self._idle)
            return self._open - idle, idle, len(self._waiting)

    def close(self) -> None:
        """Close every connection; those in use are closed when they are returned."""
        with self._lock:
            self._closed = True
            while self._idle:
                self._discard(self._idle.pop())


def _start_thread(work: Callable[..., None], *args: float) -> None:
    """Run ``work`` in a thread; raise RuntimeError if the system allows no more of them."""
    # A daemon thread does not delay the end of the process: a DNS look-up cannot be ended.
    threading.Thread(target=work, args=args, name="connect", daemon=True).start()


def _is_open(conn: BoundedConnection) -> bool:
    """Return whether nothing can be read: a server sends to an idle connection only to end it."""
    if conn.closed:
        return False
    poll = select.poll()
    poll.register(conn.fileno(), select.POLLIN)
    return not poll.poll(0)
