"""This host: which ports the world can reach, and how many connections a process can hold."""

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
CONNECTIONS = 1000  # that a gunicorn worker keeps (worker_connections)
BESIDES = 64  # files of a worker that are no client's or database's connection


class Listener(NamedTuple):
    """A listening TCP socket: its address, its port, and the inode by which a process has it."""

    address: ipaddress.IPv4Address | ipaddress.IPv6Address
    port: int
    inode: str

    @property
    def is_public(self) -> bool:
        """Tell whether other networks may reach it: every address, or one that is not private."""
        address = self.address
        if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
            address = address.ipv4_mapped
        return address.is_unspecified or not (address.is_private or address.is_loopback)


def ports(_subject: Subject) -> Finding:
    """List what listens beyond loopback and private networks; a firewall cannot be seen."""
    public = {one.port: one for one in listeners() if one.is_public}
    others = [one for port, one in public.items() if port not in {*WEB, SSH}]
    note = " 22 (ssh) as well: let your own addresses alone reach it." if SSH in public else ""
    if others:
        names = ", ".join(
            f"{one.port} ({owner_of(one.inode) or 'of a process that cannot be seen'})"
            for one in sorted(others, key=lambda one: one.port)
        )
        return warning(
            f"Listening on public addresses: {names}.{note}",
            "Bind them to 127.0.0.1, or close them in the firewall, which cannot be seen here.",
        )
    web = ", ".join(str(port) for port in sorted(WEB & set(public))) or "nothing"
    return ok(f"Listening on public addresses: {web}.{note}")


def open_files(subject: Subject) -> Finding:
    """Hold the limit of the service's processes against the connections that they may have."""
    needed = CONNECTIONS + 2 * subject.config.connections + BESIDES
    running = service_processes()
    limit = min(open_files_limit(pid) for pid in running or [os.getpid()])
    whose = "the service's processes" if running else "this shell, as the service does not run here"
    if limit < needed:
        return warning(
            f"{limit} open files at most ({whose}), and a worker may need {needed}.",
            "LimitNOFILE=65536 in the unit, ulimit -n elsewhere.",
        )
    return ok(f"{limit} open files at most ({whose}).")


def listeners() -> Iterator[Listener]:
    """Read the kernel's tables of TCP sockets."""
    for name in ("tcp", "tcp6"):
        table = NETWORK / name
        for line in table.read_text().splitlines()[1:] if table.exists() else ():
            fields = line.split()
            if fields[3] == LISTENING:
                address, port = fields[1].split(":")
                yield Listener(_address(address), int(port, 16), fields[9])


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """Decode an address, which the kernel prints as 32-bit words in the host's order."""
    words = [int(text[i : i + 8], 16) for i in range(0, len(text), 8)]
    packed = struct.pack(f"={len(words)}I", *words)
    family = socket.AF_INET if len(words) == 1 else socket.AF_INET6
    return ipaddress.ip_address(socket.inet_ntop(family, packed))
