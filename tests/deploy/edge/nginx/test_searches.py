"""One user sends the most expensive searches through nginx: the others are served meanwhile."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from itertools import count
from typing import TYPE_CHECKING, Any

import pytest

from futuretracker.limits.at_once import AT_ONCE
from tests.conftest import ORIGIN
from tests.deploy.edge.visitor import NAME
from tests.support.pooler import with_long_timeouts
from tests.support.searches import IN_FLIGHT, Searches

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    import psycopg

    from futuretracker.commands.local.issuer import Issuer
    from tests.deploy.edge.conftest import Begin
    from tests.deploy.edge.visitor import Edge
    from tests.support.servers import Service

ROWS = "/api/v1/opportunities"
READERS = 20
EACH = 50  # searches of one token and one address; nginx admits 64 and 100 at a time
numbers = count(1)


@pytest.fixture
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("s") / "s"


@pytest.fixture
def service(serve: Callable[..., Service], service_url: str, file: Path) -> Service:
    url = with_long_timeouts(service_url)
    return serve(socket_file=file, patient=True, DATABASE_URL=url, TRUSTED_PROXIES="1")


@pytest.fixture
def edge(begin: Begin, service: Service, file: Path) -> Iterator[Edge]:
    with begin(socket_file=file) as running:
        yield running


def test_reads_do_not_wait_for_the_searches_of_another_user(
    edge: Edge, service: Service, issuer: Issuer, owner: psycopg.Connection[Any]
) -> None:
    def token(name: str, ttl: int = 3600) -> str:
        return issuer.token(f"user_{name}x{os.getpid()}", ttl=ttl, azp=ORIGIN)

    def read(reader: int) -> int:
        source = f"127.0.94.{next(numbers)}"
        return edge.request("GET", ROWS, token=token(f"reader{reader}"), source=source).status

    user = f"greedy{next(numbers)}"
    greedy = [token(user, 3600 + n) for n in range(IN_FLIGHT // EACH)]
    me = service.request("GET", "/api/me", token=greedy[0]).json["internalUserId"]
    searches = Searches(owner, me, NAME)
    with ExitStack() as stack, ThreadPoolExecutor(READERS) as pool:
        for each in greedy:
            source = f"127.0.93.{next(numbers)}"
            for _ in range(EACH):
                sock = stack.enter_context(closing(edge.connect(source=source)))
                searches.send(sock, each)
        searches.wait_until_running(AT_ONCE)
        reads = list(pool.map(read, range(READERS)))
        ended = searches.ended()

    assert reads == [200] * READERS
    assert ended < IN_FLIGHT / 2
