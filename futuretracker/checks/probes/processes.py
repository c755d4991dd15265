"""The service's processes on this host, as far as this user may see them in /proc."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

PROC = Path("/proc")


def service_processes() -> list[int]:
    """Return the ids of the gunicorn processes that run in this folder."""
    found = []
    for folder in PROC.glob("[0-9]*"):
        with suppress(OSError):  # the process has ended, or belongs to another user
            arguments = (folder / "cmdline").read_bytes().split(b"\0")
            if b"wsgi:app" in arguments and (folder / "cwd").readlink() == Path.cwd():
                found.append(int(folder.name))
    return sorted(found)


def users_of_the_service() -> set[int]:
    """Return the ids of the users as which the service's processes run."""
    found = set()
    for pid in service_processes():
        with suppress(OSError):  # it has ended
            found.add((PROC / str(pid)).stat().st_uid)
    return found


def environment_of(pid: int) -> dict[str, str]:
    """Return the environment of a process, or nothing if this user may not read it."""
    try:
        entries = (PROC / str(pid) / "environ").read_bytes().decode(errors="replace").split("\0")
    except OSError:
        return {}
    return {name: value for name, _, value in (entry.partition("=") for entry in entries)}


def open_files_limit(pid: int) -> int:
    """Return how many files a process may open."""
    for line in (PROC / str(pid) / "limits").read_text().splitlines():
        if line.startswith("Max open files"):
            soft = line.split()[3]
            return int(soft) if soft.isdigit() else 2**31
    return 2**31


def owner_of(inode: str) -> str | None:
    """Return the name and id of the process that holds a socket, or None if it is hidden."""
    for process in PROC.glob("[0-9]*"):
        with suppress(OSError):
            for link in (process / "fd").iterdir():
                if str(link.readlink()) == f"socket:[{inode}]":
                    return f"{(process / 'comm').read_text().strip()} {process.name}"
    return None
