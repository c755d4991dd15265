"""This host: which ports are public, and how many files a process may open."""

from __future__ import annotations

import ipaddress
import os
import socket
import struct
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from futuretracker.checks.finding import ok, warning
from futuretracker.checks.probes.processes import open_files_limit, owner_of, service_processes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from futuretracker.checks.finding import Finding
    from futuretracker.checks.subject import Subject

NETWORK = Path("/proc/net")
LISTENING = "0A"  # TCP_LISTEN in the kernel's table
WEB = {80, 443}
SSH = 22
CONNECTIONS = 1000  # the maximum of a gunicorn worker (worker_connections)
OTHER_FILES = 64  # of a worker


class Listener(NamedTuple):
    """A listening TCP socket. ``inode`` identifies it in the processes' open files."""

    address: ipaddress.IPv4Address | ipaddress.IPv6Address
    port: int
    inode: str

    @property
    def is_public(self) -> bool:
        """Whether other networks may reach it: it listens on all addresses, or on a public one."""
        address = self.address
        if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
            address = address.ipv4_mapped
        return address.is_unspecified or not (address.is_private or address.is_loopback)


def ports(_subject: Subject) -> Finding:
    """Find ports that listen on public addresses. A firewall is not visible from here."""
    public = {one.port: one for one in listeners() if one.is_public}
    others = [one for port, one in public.items() if port not in {*WEB, SSH}]
    note = " 22 (ssh) too: let only your own addresses reach it." if SSH in public else ""
    if others:
        names = ", ".join(
            f"{one.port} ({owner_of(one.inode) or 'of a hidden process'})"
            for one in sorted(others, key=lambda one: one.port)
        )
        return warning(
            f"Listening on public addresses: {names}.{note}",
            "Bind them to 127.0.0.1, or close them in the firewall, which is not visible here.",
        )
    web = ", ".join(str(port) for port in sorted(WEB & set(public))) or "nothing"
    return ok(f"Listening on public addresses: {web}.{note}")


def open_files(subject: Subject) -> Finding:
    """Compare the limit of open files with the connections that a worker may have."""
    needed = CONNECTIONS + 2 * subject.config.connections + OTHER_FILES
    running = service_processes()
    limit = min(open_files_limit(pid) for pid in running or [os.getpid()])
    owner = "the service's processes" if running else "this shell: the service does not run here"
    if limit < needed:
        return warning(
            f"At most {limit} open files ({owner}), but a worker may need {needed}.",
            "Set LimitNOFILE=65536 in the unit, or use ulimit -n.",
        )
    return ok(f"At most {limit} open files ({owner}).")


def listeners() -> Iterator[Listener]:
    """Yield the listening sockets in the kernel's tables."""
    for name in ("tcp", "tcp6"):
        table = NETWORK / name
        for line in table.read_text().splitlines()[1:] if table.exists() else ():
            fields = line.split()
            if fields[3] == LISTENING:
                address, port = fields[1].split(":")
                yield Listener(_address(address), int(port, 16), fields[9])


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """Decode an address, which the kernel prints as 32-bit words in host byte order."""
    words = [int(text[i : i + 8], 16) for i in range(0, len(text), 8)]
    packed = struct.pack(f"={len(words)}I", *words)
    family = socket.AF_INET if len(words) == 1 else socket.AF_INET6
    return ipaddress.ip_address(socket.inet_ntop(family, packed))
