"""Where the parts live: each in a network namespace, or on a loopback address of its own.

A namespace has addresses, ports and routes of its own, as a host has. Cables (veth pairs) lead to a
switch (a bridge), which is a namespace as well, so nothing of it is seen in the machine's network.
The tests themselves are the node ``client``. Where this needs rights or tools that are not there,
the same parts run side by side on loopback addresses; CLUSTER_NETWORK=loopback or =namespaces
insists.
"""

from __future__ import annotations

import ctypes
import os
import re
import subprocess
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TextIO

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

# Ports below those that the kernel gives to connections; a machine's own servers have others.
APP, FRONT, DATABASE, STORE = 23001, 28080, 25432, 26379
NODES = {
    "front": 2,
    "app1": 11,
    "app2": 12,
    "app3": 13,
    "large": 14,
    "database": 21,
    "store": 31,
    "client": 100,
}
PREFIX = "futuretracker"
NETNS = Path("/run/netns")
HOME = Path("/proc/self/ns/net")
CLONE_NEWNET = 0x40000000


class Network(Protocol):
    """Places for processes."""

    kind: str

    def address(self, node: str) -> str:
        """Return the node's IPv4 address."""
        ...

    def inside(self, node: str) -> list[str]:
        """Return what stands before a command that is to run there; the process stays the same."""
        ...


class Loopback:
    """Addresses from a range that this process's id chooses, so that two runs do not meet."""

    kind = "loopback addresses"

    def __init__(self) -> None:
        pid = os.getpid()
        self._range = f"127.{1 + pid // 250 % 250}.{pid % 250}"

    def address(self, node: str) -> str:
        return f"{self._range}.{NODES[node]}"

    def inside(self, _node: str) -> list[str]:
        return []


class Namespaces:
    """Names that carry this process's id; addresses that only the namespaces know."""

    kind = "network namespaces"

    def __init__(self) -> None:
        self.name = f"{PREFIX}-{os.getpid()}"
        self._home: TextIO | None = None

    def address(self, node: str) -> str:
        return f"10.89.0.{NODES[node]}"

    def inside(self, node: str) -> list[str]:
        return ["nsenter", f"--net={NETNS / self._of(node)}"]

    def _of(self, node: str) -> str:
        return f"{self.name}-{node}"

    def build(self) -> None:
        """Lay the cables, and move into ``client``."""
        switch = self._of("switch")
        _ip(*[f"netns add {self._of(node)}" for node in (*NODES, "switch")])
        _ip("link add name bridge type bridge", "link set bridge up", namespace=switch)
        _ip(
            *[
                f"link add name cable netns {self._of(node)}"
                f" type veth peer name {node} netns {switch}"
                for node in NODES
            ]
        )
        for node in NODES:
            _ip(f"link set {node} master bridge", f"link set {node} up", namespace=switch)
            address = f"address add {self.address(node)}/24 dev cable"
            _ip(address, "link set cable up", "link set lo up", namespace=self._of(node))
        self._home = HOME.open()
        with (NETNS / self._of("client")).open() as file:
            _enter(file.fileno())

    def tear_down(self) -> None:
        """Move back; with its namespace everything that is in it goes, cables too."""
        if self._home:
            with self._home as home:
                _enter(home.fileno())
        _ip(*[f"netns delete {file.name}" for file in NETNS.glob(f"{self.name}-*")])


@contextmanager
def network() -> Iterator[Network]:
    """Give namespaces where they are to be had, else loopback addresses."""
    wish = os.environ.get("CLUSTER_NETWORK")
    with ExitStack() as stack:
        place: Network = Loopback()
        if wish != "loopback":
            try:
                place = stack.enter_context(_namespaces())
            except (OSError, subprocess.CalledProcessError):  # no `ip`, no root
                if wish == "namespaces":
                    raise
        yield place


@contextmanager
def _namespaces() -> Iterator[Namespaces]:
    _sweep()
    place = Namespaces()
    try:
        place.build()
        yield place
    finally:
        place.tear_down()


def _sweep() -> None:
    """Remove what a run has left that was killed; its processes ended with it."""
    for file in NETNS.glob(f"{PREFIX}-*"):
        owner = re.fullmatch(rf"{PREFIX}-(\d+)-\w+", file.name)
        if owner and not Path(f"/proc/{owner[1]}").exists():
            # Another run may be sweeping as well.
            subprocess.run(["ip", "netns", "delete", file.name], check=False, capture_output=True)


def _ip(*commands: str, namespace: str | None = None) -> None:
    where: Sequence[str] = ["-netns", namespace] if namespace else []
    subprocess.run(
        ["ip", *where, "-batch", "-"],
        input="\n".join(commands),
        text=True,
        check=True,
        capture_output=True,
    )


def _enter(namespace: int) -> None:
    """Move this thread, and all that it starts from now on (os.setns is for Python 3.12)."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.setns(namespace, CLONE_NEWNET):
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))
