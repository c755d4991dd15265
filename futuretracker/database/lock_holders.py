"""Name the sessions whose locks keep another session waiting."""

from __future__ import annotations

import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, NamedTuple

import psycopg

if TYPE_CHECKING:
    from collections.abc import Iterator

AFTER = 0.5  # seconds; most locks are free earlier, and then nobody needs to ask
EVERY = 0.25  # seconds
# Without pg_read_all_stats, Postgres does not tell how long a transaction of another role is open.
# Prepared transactions have the process id 0.
BLOCKING = """
select distinct b.pid, coalesce(nullif(a.application_name, ''), a.backend_type, ''),
    coalesce(a.usename, ''), extract(epoch from clock_timestamp() - a.xact_start)::integer
from unnest(pg_blocking_pids(%s)) as b (pid) left join pg_stat_activity as a using (pid)
order by 4 desc nulls last
"""


class Session(NamedTuple):
    """A session of Postgres; ``seconds`` is how long its transaction has been open."""

    pid: int
    program: str
    role: str
    seconds: int | None

    def __str__(self) -> str:
        if not self.pid:
            return "a prepared transaction (see pg_prepared_xacts)"
        known = [self.program, f"role {self.role}" if self.role else ""]
        if self.seconds is not None:
            known.append(f"in a transaction for {self.seconds} s")
        return f"process {self.pid} ({', '.join(filter(None, known))})"


class LockHolders:
    """The sessions that were seen in the way, the one with the oldest transaction first."""

    def __init__(self) -> None:
        self.sessions: list[Session] = []

    def __str__(self) -> str:
        if not self.sessions:
            return "another session"
        more = len(self.sessions) - 1
        return f"{self.sessions[0]}{f' and {more} more' if more else ''}"

    @property
    def advice(self) -> str:
        """What an operator can do."""
        pids = [session.pid for session in self.sessions if session.pid]
        end = f", or end it with 'select pg_terminate_backend({pids[0]})'" if pids else ""
        return f"Wait until it has finished{end}. Then run 'migrate' again."


@contextmanager
def watched(url: str, pid: int) -> Iterator[LockHolders]:
    """Find out, while the block runs, which sessions the backend ``pid`` waits for.

    This needs a connection of its own, because the backend itself is waiting.
    """
    holders, done = LockHolders(), threading.Event()
    thread = threading.Thread(target=_watch, args=(url, pid, holders, done), daemon=True)
    thread.start()
    try:
        yield holders
    finally:
        done.set()
        thread.join()


def _watch(url: str, pid: int, holders: LockHolders, done: threading.Event) -> None:
    if done.wait(AFTER):
        return
    # If this fails, the message says "another session".
    with suppress(psycopg.Error), _connect(url) as conn:
        while not done.wait(EVERY):
            found = [Session(*row) for row in conn.execute(BLOCKING, [pid])]
            holders.sessions = found or holders.sessions


def _connect(url: str) -> psycopg.Connection[Any]:
    return psycopg.connect(
        url,
        autocommit=True,
        prepare_threshold=None,
        connect_timeout=2,
        application_name="futuretracker migrate (lock holders)",
    )
