"""Rate limits: a burst is counted exactly, and a store that does not count is found out."""

from __future__ import annotations

import socket
import threading
from contextlib import contextmanager, suppress
from itertools import cycle
from typing import TYPE_CHECKING

import pytest
import redis

from futuretracker.checks.finding import Verdict
from futuretracker.checks.items import limits
from futuretracker.store import Hit, LmdbStore
from tests.store.test_tls import pass_on
from tests.support import servers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from futuretracker.checks.finding import Finding


@pytest.fixture(autouse=True)
def _time_to_start_the_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "WITHIN", 50.0)


@contextmanager
def balancer(*ports: int) -> Iterator[str]:
    """Give each connection to another server in turn, as a name with two addresses does."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            with suppress(OSError):  # the listener is closed
                for port in cycle(ports):
                    pass_on(listener.accept()[0], port)

        threading.Thread(target=serve, daemon=True).start()
        yield f"redis://127.0.0.1:{listener.getsockname()[1]}"
        listener.shutdown(socket.SHUT_RDWR)


def test_a_host_s_own_store_counts_exactly_and_no_other_key_is_touched(
    find: Callable[..., Finding], tmp_path: Path
) -> None:
    url = f"lmdb://{tmp_path / 'store'}"
    store = LmdbStore(url)
    store.visit([Hit("general:203.0.113.7", 2000, 900)])
    store.close()
    finding = find("limits-counted", STORE_URL=url)

    assert finding.verdict == Verdict.OK
    assert finding.found == "120 hits by 3 processes at once: 70 allowed, as configured."
    store = LmdbStore(url)
    assert store.get("general:203.0.113.7") == 1
    store.close()


def test_a_store_of_several_hosts_counts_exactly_and_no_other_key_is_touched(
    find: Callable[..., Finding],
) -> None:
    with servers.valkey() as (url, _), redis.Redis.from_url(url) as client:
        client.set("futuretracker:general:203.0.113.7", 5)
        finding = find("limits-counted", REDIS_URL=url)
        keys = set(client.keys())
        (own,) = keys - {b"futuretracker:general:203.0.113.7"}
        assert client.get("futuretracker:general:203.0.113.7") == b"5"
        assert own.startswith(b"futuretracker:check:")
        assert 0 < client.ttl(own) <= 30

    assert finding.verdict == Verdict.OK


def test_two_stores_behind_one_name_do_not_count_together(find: Callable[..., Finding]) -> None:
    with servers.valkey() as (one, _), servers.valkey() as (other, _):
        ports = [int(url.rpartition(":")[2]) for url in (one, other)]
        with balancer(*ports) as url:
            finding = find("limits-counted", REDIS_URL=url)

    assert finding.verdict == Verdict.ERROR
    assert "the processes do not share their counts" in finding.found


def test_a_store_that_takes_nothing_is_an_error(find: Callable[..., Finding]) -> None:
    with servers.valkey() as (url, _), redis.Redis.from_url(url) as client:
        client.config_set("maxmemory", "1mb")
        client.config_set("maxmemory", 1)
        finding = find("limits-counted", REDIS_URL=url)

    assert finding.verdict == Verdict.ERROR
    assert finding.found.startswith("The store refuses hits: ")


def test_a_store_that_is_not_there_is_an_error(find: Callable[..., Finding]) -> None:
    url = f"redis://:hunter2@127.0.0.1:{servers.free_port()}"
    finding = find("limits-counted", REDIS_URL=url)

    assert (finding.verdict, finding.found) == (
        Verdict.ERROR,
        "The store refuses hits: ConnectionError.",
    )
