"""A reload stays within the number of connections that docs/operations/scaling.md names."""

from __future__ import annotations

import signal
import socket
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import psycopg

from futuretracker.commands.local import embedded_postgres
from tests.conftest import ORIGIN, numbers
from tests.support.load import Load
from tests.support.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from futuretracker.commands.local.issuer import Issuer
    from tests.database.test_database import Postgres
    from tests.support.servers import Service

WORKERS = 2
PATH = "/api/v1/opportunities"
# A pooler may still have connections of the tests before.
COUNT = """
    select count(*) from pg_stat_activity
    where application_name = 'futuretracker' and backend_start > %s
"""


def count(master: psycopg.Connection[Any], since: datetime) -> int:
    """Return how many connections the service has opened."""
    row = master.execute(COUNT, [since]).fetchone()
    assert row is not None
    number: int = row[0]
    return number


def begin_upload(service: Service, token: str) -> socket.socket:
    """Send a part of a request: its worker does not end before the rest has come."""
    sock = socket.create_connection(("127.0.0.1", service.port), timeout=60)
    sock.sendall(
        f"POST {PATH} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n"
        "Content-Type: application/json\r\nContent-Length: 5000\r\n\r\n{".encode()
    )
    return sock


def test_old_workers_close_what_they_do_not_need_while_new_ones_begin(
    serve: Callable[..., Service],
    postgres: Postgres,
    master: psycopg.Connection[Any],
    issuer: Issuer,
) -> None:
    # One user has three reads at the same time in a worker, so two users use all connections.
    token, other = (
        issuer.token(f"user_reload{next(numbers)}", ttl=3600, azp=ORIGIN) for _ in range(2)
    )
    url = embedded_postgres.as_service(postgres.url)
    began = master.execute("select clock_timestamp()").fetchone()
    assert began is not None
    since: datetime = began[0]
    service = serve(DATABASE_URL=url, WEB_CONCURRENCY=str(WORKERS), STATEMENTS="4")
    loads = Load(service, PATH, token, 8), Load(service, PATH, other, 8)
    with psycopg.connect(postgres.url) as holder, loads[0], loads[1]:
        holder.execute("lock table opportunities")
        # Every read waits for the lock. Postgres may also list some that have just been given up.
        wait_for(lambda: count(master, since) >= 2 * 4)
        holder.rollback()
    old = set(service.workers())
    with ExitStack() as stack:
        uploads = [stack.enter_context(begin_upload(service, token)) for _ in range(8)]
        service.process.send_signal(signal.SIGHUP)

        def are_few() -> bool:
            for sock in uploads:
                sock.sendall(b" ")
            return (
                len(set(service.workers()) - old) == WORKERS and count(master, since) <= 2 * WORKERS
            )

        wait_for(are_few)
        still = old & set(service.workers())

    assert still == old
