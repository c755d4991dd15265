"""One user sends the most expensive searches: the reads of the others are served meanwhile."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest

from futuretracker.limits.at_once import AT_ONCE
from tests.conftest import ORIGIN
from tests.support.searches import IN_FLIGHT, Searches
from tests.support.wire import connect

if TYPE_CHECKING:
    import psycopg

    from futuretracker.commands.local.issuer import Issuer
    from tests.support.servers import Service

pytestmark = pytest.mark.event_loop("each request occupies a thread, and there are no turns")

ROWS = "/api/v1/opportunities"
READERS = 20


def test_reads_do_not_wait_for_the_searches_of_another_user(
    service: Service, token: str, issuer: Issuer, owner: psycopg.Connection[Any]
) -> None:
    me = service.request("GET", "/api/me", token=token).json["internalUserId"]
    searches = Searches(owner, me)
    others = [
        issuer.token(f"user_reader{n}x{os.getpid()}", ttl=3600, azp=ORIGIN) for n in range(READERS)
    ]
    with ExitStack() as stack, ThreadPoolExecutor(READERS) as pool:
        for _ in range(IN_FLIGHT):
            searches.send(stack.enter_context(connect(service)), token)
        searches.wait_until_running(AT_ONCE)
        reads = list(pool.map(lambda token: service.request("GET", ROWS, token=token), others))
        ended = searches.ended()

    assert [read.status for read in reads] == [200] * READERS
    assert ended < IN_FLIGHT / 2
