"""The cluster's network: a network namespace for each node, or a loopback address for each.

Like a host, a namespace has its own addresses, ports and routes. Cables (veth pairs) connect the
namespaces to a switch (a bridge) in another namespace, so nothing appears in the machine's own
network. The tests themselves are the node ``client``. Without root or the ``ip`` tool, the nodes
run on loopback addresses. CLUSTER_NETWORK=loopback or =namespaces forces one of the two.
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

# Below the kernel's range for outgoing connections, and not the usual ports of other servers.
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
    """Nodes that processes can run at."""

    kind: str

    def address(self, node: str) -> str:
        """Return the node's IPv4 address."""
        ...

    def inside(self, node: str) -> list[str]:
        """Return the prefix of a command that runs it at a node, in the same process."""
        ...


class Loopback:
    """Loopback addresses derived from the process id, so that two runs do not collide."""

    kind = "loopback addresses"

    def __init__(self) -> None:
        pid = os.getpid()
        self._range = f"127.{1 + pid // 250 % 250}.{pid % 250}"

    def address(self, node: str) -> str:
        return f"{self._range}.{NODES[node]}"

    def inside(self, _node: str) -> list[str]:
        return []


class Namespaces:
    """Network namespaces with names derived from the process id."""

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
        """Create the namespaces and cables, and move into ``client``."""
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
        """Move back, and delete the namespaces with everything in them."""
        if self._home:
            with self._home as home:
                _enter(home.fileno())
        _ip(*[f"netns delete {file.name}" for file in NETNS.glob(f"{self.name}-*")])


@contextmanager
def network() -> Iterator[Network]:
    """Use namespaces if the machine allows it, else loopback addresses."""
    wish = os.environ.get("CLUSTER_NETWORK")
    with ExitStack() as stack:
        place: Network = Loopback()
        if wish != "loopback":
            try:
                place = stack.enter_context(_namespaces())
            except (OSError, subprocess.CalledProcessError):  # no ``ip``, or not root
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
    """Remove the namespaces of a killed run, whose processes have ended."""
    for file in NETNS.glob(f"{PREFIX}-*"):
        owner = re.fullmatch(rf"{PREFIX}-(\d+)-\w+", file.name)
        if owner and not Path(f"/proc/{owner[1]}").exists():
            # Another run may remove it at the same time.
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
    """Move this thread and its future children into a namespace (os.setns needs Python 3.12)."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.setns(namespace, CLONE_NEWNET):
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))
