"""The service's processes on this host, as far as /proc shows them to who asks."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

PROC = Path("/proc")


def service_processes() -> list[int]:
    """Return the gunicorn processes that serve from this folder."""
    found = []
    for folder in PROC.glob("[0-9]*"):
        with suppress(OSError):  # it has ended, or is another user's
            words = (folder / "cmdline").read_bytes().split(b"\0")
            if b"wsgi:app" in words and (folder / "cwd").readlink() == Path.cwd():
                found.append(int(folder.name))
    return sorted(found)


def environment_of(pid: int) -> dict[str, str]:
    """Return what a process was started with; nothing where that is not ours to read."""
    try:
        entries = (PROC / str(pid) / "environ").read_bytes().decode(errors="replace").split("\0")
    except OSError:
        return {}
    return {name: value for name, _, value in (entry.partition("=") for entry in entries)}


def open_files_limit(pid: int) -> int:
    """Return how many files a process may have open."""
    for line in (PROC / str(pid) / "limits").read_text().splitlines():
        if line.startswith("Max open files"):
            soft = line.split()[3]
            return int(soft) if soft.isdigit() else 2**31
    return 2**31


def owner_of(inode: str) -> str | None:
    """Return the name and id of a process that holds a socket, where that can be seen."""
    for process in PROC.glob("[0-9]*"):
        with suppress(OSError):
            for link in (process / "fd").iterdir():
                if str(link.readlink()) == f"socket:[{inode}]":
                    return f"{(process / 'comm').read_text().strip()} {process.name}"
    return None
