"""How many connections a pool may open, and what they keep."""

from __future__ import annotations

import socket
from contextlib import closing
from threading import Event
from typing import TYPE_CHECKING, Any

import pytest

from futuretracker.database.pool import Pool
from futuretracker.web.turns import ClientGone
from tests.conftest import config_from
from tests.server.loops import TestLoop, running_loop

if TYPE_CHECKING:
    import psycopg

loop = pytest.fixture(running_loop)


def test_there_is_one_for_every_statement_at_a_time_and_every_thread(
    settings: dict[str, str],
) -> None:
    config = config_from({**settings, "STATEMENTS": "5", "THREADS": "3"})

    assert config.connections == 5 + 5 + 3


def test_a_connection_in_the_pool_keeps_no_result(settings: dict[str, str]) -> None:
    config = config_from(settings)
    with closing(Pool(config.database.primary, config)) as pool:
        cursor = pool.run(lambda conn: conn.execute("select 'a long list'"))

    assert cursor.pgresult is not None
    assert cursor.pgresult.ntuples == 0


def test_no_statement_is_sent_for_a_client_that_goes_while_it_waits_for_a_connection(
    settings: dict[str, str], loop: TestLoop, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = config_from(settings)
    here, there = socket.socketpair()
    may_open, sent = Event(), []
    connect = Pool._connect  # noqa: SLF001 - the moment at which the first connection is open

    def connect_later(pool: Pool) -> Any:
        may_open.wait(60)
        return connect(pool)

    monkeypatch.setattr(Pool, "_connect", connect_later)
    monkeypatch.setattr(Pool, "CONNECT_WITHIN", 60.0)
    with here, there, closing(Pool(config.database.primary, config)) as pool:

        def query(conn: psycopg.Connection[Any]) -> None:
            sent.append(conn)

        def serve() -> None:
            loop.loop.wait_for_client(here.fileno(), 60)
            here.recv(100)
            pool.run(query)

        loop.start(serve)
        there.send(b"request")
        loop.loop.turn(60)
        there.close()
        loop.loop.turn(60)
        may_open.set()
        loop.run_until(1)
        used, idle, waiting = pool._connections.counts()  # noqa: SLF001 - none is lost

    assert isinstance(loop.results[0], ClientGone)
    assert sent == []
    assert (used, idle, waiting) == (0, 1, 0)
