"""Redis or Valkey alone, under Sentinel and as a Cluster: round trips, failover, outages."""

from __future__ import annotations

import time
from contextlib import ExitStack
from statistics import median
from typing import TYPE_CHECKING

import pytest
import redis
from redis.crc import key_slot

from futuretracker.store import Hit, open_store
from tests.support import servers, valkeys
from tests.support.signals import frozen
from tests.support.waiting import wait_for

if TYPE_CHECKING:
    from futuretracker.store import SharedStore

UNAVAILABLE = "shared store unavailable, rate limits are counted per process"
BACK = "shared store is available again"
HITS = [Hit(f"trip:{number}", 10**6, 60) for number in range(4)]
KEYS = ["revocations", "id:user_a"]
SLOT = key_slot(b"{futuretracker}:")


def ports(url: str) -> list[int]:
    """Return the port of each node of a Cluster."""
    port = int(url.rpartition(":")[2])
    with redis.Redis(port=port) as client:
        nodes: dict[str, object] = client.cluster("NODES")
        return [int(name.rpartition(":")[2]) for name in nodes]


def reads(server: int) -> int:
    with redis.Redis(port=server) as monitor:
        number: int = monitor.info("stats")["total_reads_processed"]
        return number


def start_failover(watch: redis.Redis) -> bool:
    """Return whether Sentinel starts a failover; it may not know of a replica yet."""
    try:
        return bool(watch.sentinel_failover("counters"))
    except redis.ResponseError:
        return False


def timed(store: SharedStore, times: int) -> list[float]:
    found = []
    for _ in range(times):
        started = time.monotonic()
        store.visit(HITS, KEYS)
        found.append(time.monotonic() - started)
    return found


def messages(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records]


@pytest.mark.parametrize("kind", ["redis", "sentinel", "cluster"])
def test_a_visit_takes_one_round_trip(kind: str, urls: dict[str, str]) -> None:
    url = urls[kind]
    store = open_store(url)
    store.put(KEYS[0], b"generation", 60)
    store.visit(HITS, KEYS)  # opens the connection and loads the script
    if kind == "sentinel":
        with redis.Redis(port=int(url.rpartition(":")[2].partition("/")[0])) as watch:
            servers_of = [int(watch.sentinel_master("counters")["port"])]
    else:
        servers_of = ports(url) if kind == "cluster" else [int(url.rpartition(":")[2])]
    before = sum(map(reads, servers_of))
    for _ in range(500):
        assert store.visit(HITS, KEYS).values == [b"generation", None]

    # The requests of the monitoring client count too, and nodes of a Cluster talk to each other.
    assert 500 <= sum(map(reads, servers_of)) - before <= 550


def test_a_slot_is_followed_to_another_node(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with valkeys.cluster() as url, ExitStack() as stack:
        store = open_store(url)
        store.visit(HITS)
        nodes = [stack.enter_context(redis.Redis(port=port)) for port in ports(url)]
        (new,) = [node for node in nodes if not node.dbsize()]
        name = new.execute_command("CLUSTER", "MYID").decode()
        for node in nodes:
            node.flushall()
            node.execute_command("CLUSTER", "SETSLOT", SLOT, "NODE", name)
        new.execute_command("CLUSTER", "BUMPEPOCH")  # or the old node may claim the slot again

        assert store.visit(HITS).windows[0].hits == 1
        assert store.visit(HITS).windows[0].hits == 2
        assert new.dbsize() == len(HITS)
    assert messages(caplog) == []


@pytest.mark.parametrize("kind", ["sentinel", "cluster"])
def test_the_service_starts_without_sentinel_or_cluster(
    kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    url = f"redis+{kind}://127.0.0.1:{servers.free_port()}"
    store = open_store(f"{url}/counters" if kind == "sentinel" else url)

    first, *later = timed(store, 20)
    assert first < 30
    assert median(later) < 0.1  # a busy machine may delay one
    assert store.visit(HITS).windows[0].hits == 21
    assert not store.check()
    assert messages(caplog) == [UNAVAILABLE]


def test_a_cluster_that_starts_later_is_used_then(caplog: pytest.LogCaptureFixture) -> None:
    port = servers.free_port()
    store = open_store(f"redis+cluster://127.0.0.1:{port}")
    store.RETRY = 0.1
    store.visit(HITS)
    with (
        valkeys.node(port),
        redis.Redis(port=port) as client,
    ):
        client.execute_command("CLUSTER", "ADDSLOTSRANGE", 0, 16383)
        wait_for(lambda: BACK in messages(caplog))

        assert store.visit(HITS).windows[0].hits == 1
        assert client.get("{futuretracker}:trip:0") == b"1"
    assert messages(caplog) == [UNAVAILABLE, BACK]


def test_an_unresponsive_cluster_delays_one_request_briefly(
    caplog: pytest.LogCaptureFixture,
) -> None:
    port = servers.free_port()
    with (
        valkeys.node(port) as pid,
        redis.Redis(port=port) as client,
    ):
        client.execute_command("CLUSTER", "ADDSLOTSRANGE", 0, 16383)
        wait_for(lambda: client.cluster("INFO")["cluster_state"] == "ok")
        store = open_store(f"redis+cluster://127.0.0.1:{port}")
        store.visit(HITS)
        with frozen(pid):
            times = timed(store, 20)

    assert times[0] < 30
    assert median(times[1:]) < 0.1  # a busy machine may delay one
    assert messages(caplog) == [UNAVAILABLE]


def test_the_store_follows_a_failover_of_sentinel(
    caplog: pytest.LogCaptureFixture,
) -> None:
    replica = servers.free_port()
    with (
        valkeys.sentinel() as (url, port),
        valkeys.server(replica, "--save", "", "--replicaof", f"127.0.0.1 {port}"),
        redis.Redis(port=int(url.rpartition(":")[2].partition("/")[0])) as watch,
        redis.Redis(port=replica) as other,
    ):
        store = open_store(url)
        store.RETRY = 0.1
        store.put("key", b"value", 600)
        store.visit(HITS)
        wait_for(lambda: other.exists("futuretracker:key"))
        wait_for(lambda: other.info("replication")["master_link_status"] == "up")
        wait_for(lambda: start_failover(watch))
        wait_for(lambda: other.info("replication")["role"] == "master")
        with redis.Redis(port=port) as first:
            first.replicaof("127.0.0.1", replica)  # Sentinel would do so seconds later
        # Until the store is the new server, hits are counted per process.
        wait_for(lambda: store.visit([Hit("x", 9, 60)]) and other.exists("futuretracker:x"))

        assert store.visit(HITS, ["key"]).values == [b"value"]
        assert store.visit(HITS).windows[0].hits == 3
    assert set(messages(caplog)) <= {UNAVAILABLE, BACK}


def test_a_full_server_is_one_warning_and_is_used_again_once_it_has_room(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with servers.valkey() as (url, _pid), redis.Redis.from_url(url) as client:
        store = open_store(url)
        store.RETRY = 0.1
        assert store.visit([Hit("key", 9, 60)]).windows[0].hits == 1
        client.config_set("maxmemory-policy", "noeviction")
        client.config_set("maxmemory", 1)
        assert [store.visit([Hit("key", 9, 60)]).windows[0].hits for _ in range(3)] == [1, 2, 3]
        store.put("value", b"x", 60)
        assert store.visit([], ["value"]).values == [b"x"]
        time.sleep(0.5)  # it responds but accepts no writes, so it is not used
        assert messages(caplog) == [UNAVAILABLE]
        client.config_set("maxmemory", 0)
        wait_for(lambda: BACK in messages(caplog))

        assert store.visit([Hit("key", 9, 60)]).windows[0].hits == 2
    assert messages(caplog) == [UNAVAILABLE, BACK]
