"""A change of a round and a search take one round trip to Postgres; a proxy counts them.

The client's messages end with a Sync. After a Flush, a transaction pooler would assign a connection
once more and wait for a response that never comes.
"""

from __future__ import annotations

import json
import select
import socket
import threading
from contextlib import contextmanager, suppress
from datetime import date
from typing import TYPE_CHECKING, Any
from uuid import UUID

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from futuretracker.api.schemas.search import parse_search
from futuretracker.database.failures import SearchTimeout
from futuretracker.database.queries import opportunities, pages, rounds
from futuretracker.database.queries.columns import V1
from tests.support.pooler import connect

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from futuretracker.database.queries.one_page import Page
    from tests.database.queries.conftest import Owner

Connection = psycopg.Connection[Any]
PORT = 5432
SYNC = b"S\0\0\0\4"


class Wire:
    """Counts round trips: how often the client sends something after the server has.

    ``end`` holds the last bytes that the client sent.
    """

    def __init__(self) -> None:
        self.trips = 0
        self.end = b""
        self._clients_turn = True
        self._stop = threading.Event()

    def carry(self, client: socket.socket, server: socket.socket) -> None:
        """Copy bytes in both directions until one side closes."""
        other = {client: server, server: client}
        while not self._stop.is_set():
            for source in select.select([client, server], [], [], 0.05)[0]:
                data = source.recv(1 << 20)
                if not data:
                    return
                if source is client:
                    self.trips += self._clients_turn
                    self.end = (self.end + data)[-len(SYNC) :]
                self._clients_turn = source is server
                other[source].sendall(data)

    def stop(self) -> None:
        self._stop.set()


@contextmanager
def proxy(url: str, folder: Path) -> Iterator[tuple[str, Wire]]:
    """Listen in front of Postgres for one connection; yield the URL to use and the counter."""
    target = conninfo_to_dict(url)
    port = int(target.get("port") or PORT)
    wire = Wire()
    with (
        socket.socket(socket.AF_UNIX) as listener,
        socket.socket(socket.AF_UNIX) as server,
    ):
        listener.bind(str(folder / f".s.PGSQL.{port}"))
        listener.listen(1)

        def run() -> None:
            with suppress(OSError):
                server.connect(f"{target['host']}/.s.PGSQL.{port}")
                with listener.accept()[0] as client:
                    wire.carry(client, server)

        thread = threading.Thread(target=run)
        thread.start()
        try:
            yield make_conninfo(url, host=str(folder)), wire
        finally:
            wire.stop()
            thread.join(60)


@pytest.fixture
def wired(service_url: str, tmp_path: Path) -> Iterator[tuple[Connection, Wire]]:
    """A connection through the proxy, configured as in the service's pool."""
    with (
        proxy(service_url, tmp_path) as (url, wire),
        connect(url, prepare_threshold=0) as conn,
    ):
        yield conn, wire


def test_the_proxy_counts_round_trips(wired: tuple[Connection, Wire]) -> None:
    conn, wire = wired
    conn.execute("select 1")
    before = wire.trips
    conn.execute("select 1")
    conn.execute("select 1")
    assert wire.trips - before == 2
    with conn.transaction():
        conn.execute("select 1")
    assert wire.trips - before == 5


def test_every_change_of_a_round_takes_one_round_trip(
    wired: tuple[Connection, Wire], a: Owner
) -> None:
    """Except for the first one on a connection, which also prepares the statement."""
    conn, wire = wired
    costs: dict[str, list[int]] = {"create": [], "change": [], "delete": []}
    ends = set()
    for _ in range(4):
        start = wire.trips
        new = {"round_type": "hr", "result": "cleared"}
        done = rounds.insert_round(conn, audit=a.audit, row_id=a.row_id, values=new)
        costs["create"].append(wire.trips - start)
        ends.add(wire.end)
        where = {"audit": a.audit, "row_id": a.row_id, "round_id": UUID(done.round_id)}
        start = wire.trips
        rounds.update_round(conn, **where, values={"result": "rejected"})  # type: ignore[arg-type]
        costs["change"].append(wire.trips - start)
        ends.add(wire.end)
        start = wire.trips
        rounds.delete_round(conn, **where)  # type: ignore[arg-type]
        costs["delete"].append(wire.trips - start)
        ends.add(wire.end)

    assert {kind: found[1:] for kind, found in costs.items()} == {kind: [1, 1, 1] for kind in costs}
    assert ends == {SYNC}


def test_a_rejected_change_takes_one_round_trip(
    wired: tuple[Connection, Wire], a: Owner, b: Owner
) -> None:
    conn, wire = wired
    last = {"round_type": "hr", "result": "pending"}  # prepares the statement
    rounds.insert_round(conn, audit=a.audit, row_id=a.row_id, values=last)
    taken = {"round_type": "hr", "result": "cleared", "round_number": 1}
    for row_id in (a.row_id, b.row_id):
        start = wire.trips
        with suppress(psycopg.errors.UniqueViolation):
            rounds.insert_round(conn, audit=a.audit, row_id=row_id, values=taken)
        assert wire.trips - start == 1
        assert wire.end == SYNC
    row = opportunities.select_opportunity(conn, user_id=a.id, row_id=a.row_id, columns=V1)
    assert json.loads(row.body)["status"] == "applied"


def test_a_change_that_compares_stored_values_takes_one_round_trip(
    wired: tuple[Connection, Wire], a: Owner
) -> None:
    conn, wire = wired
    trips = []
    for title in ("Mine", "Mine", "Other"):  # the first one prepares the statement
        start = wire.trips
        found = opportunities.update_if(
            conn,
            audit=a.audit,
            row_id=a.row_id,
            values={"notes": title},
            columns=V1,
            stored={"title": title},
        )
        trips.append(wire.trips - start)
        assert (found.row is None) == (title == "Other")
        assert wire.end == SYNC

    assert trips[1:] == [1, 1]


def test_reading_rounds_takes_one_round_trip(wired: tuple[Connection, Wire], a: Owner) -> None:
    conn, wire = wired
    rounds.select_rounds(conn, user_id=a.id, row_id=a.row_id)  # which also prepares it
    start = wire.trips
    rounds.select_rounds(conn, user_id=a.id, row_id=a.row_id)
    assert wire.trips - start == 1


def test_every_page_of_upcoming_rounds_takes_one_round_trip(
    wired: tuple[Connection, Wire], a: Owner
) -> None:
    conn, wire = wired
    for number in range(2):
        new = {"round_type": "hr", "result": "pending", "scheduled_date": f"2027-02-0{number + 1}"}
        rounds.insert_round(conn, audit=a.audit, row_id=a.row_id, values=new)
    first, last = date(2027, 2, 1), date(2027, 2, 28)
    after = None
    days, trips = [], []
    for _ in range(4):  # the first two prepare the statements
        start = wire.trips
        page = rounds.select_upcoming_rounds(
            conn, user_id=a.id, first=first, last=last, limit=1, after=after
        )
        trips.append(wire.trips - start)
        assert wire.end == SYNC
        days += [one["scheduled_date"] for one in json.loads(page.items)]
        after = page.next

    assert days == ["2027-02-01", "2027-02-02"] * 2
    assert trips[2:] == [1, 1]


def search(conn: Connection, owner: Owner, q: str = "it's", **more: object) -> Page:
    filters = {"status": ["applied", "selected"], "category": "hackathon", **more}
    return pages.select_page(
        conn,
        user_id=owner.id,
        columns=V1,
        filters=filters,
        search=parse_search(q),
        limit=25,
        count=True,
    )


def test_a_search_takes_one_round_trip_and_its_timeout_ends_with_it(
    wired: tuple[Connection, Wire], a: Owner
) -> None:
    conn, wire = wired
    new = {"title": "Hackathon: it's on", "category": "hackathon", "status": "applied"}
    opportunities.insert_opportunity(conn, audit=a.audit, values=new, columns=V1)
    start = wire.trips
    found = search(conn, a)
    trips = wire.trips - start
    filtered = search(conn, a, deadline_from=date(2026, 1, 1))

    assert trips == 1
    assert (found.total, [row["title"] for row in json.loads(found.items)]) == (1, [new["title"]])
    assert (filtered.total, filtered.items) == (0, b"[]")
    assert conn.execute("show statement_timeout").fetchone() == ("2s",)


@pytest.mark.parametrize(
    "text", ["'", "\\", "\\'; select 1; --", "$$", "%(user_id)s", "%s", "E'\\''"]
)
def test_a_search_text_is_never_sql(role: Connection, a: Owner, text: str) -> None:
    assert search(role, a, q=text).total == 0


def test_a_search_that_takes_too_long_is_ended(
    role: Connection, a: Owner, owner: Connection
) -> None:
    with owner.transaction():
        owner.execute("lock table opportunities")
        with pytest.raises(SearchTimeout):
            search(role, a)

    assert search(role, a).total == 0
