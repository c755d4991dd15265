"""The shared store: it works, and all processes share it."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from futuretracker.checks.as_owner import as_owner
from futuretracker.checks.finding import Undecided, error, ok, warning
from futuretracker.store import (
    LmdbStore,
    NotPrivate,
    check_private,
    configured_store,
    folder_of,
    is_sound,
    open_store,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from futuretracker.checks.finding import Finding
    from futuretracker.checks.subject import Subject

MEMORY = {"tmpfs", "ramfs"}
SIZE = LmdbStore.SIZE
MIN_FREE = 32 * 2**20  # bytes
_opening = threading.Lock()  # a process may not open an LMDB file twice


def usable(subject: Subject) -> Finding:
    """Read and write the existing store. Never create one: this user would own it."""
    url = subject.config.store_url
    if url.startswith("lmdb:"):
        return usable_file(url)
    if open_store(url).check():
        return ok("The store is available.")
    return warning(
        "The store behind REDIS_URL does not respond: each process counts on its own.",
        "Check that it runs, and that this host can reach it.",
    )


@as_owner
def usable_file(url: str) -> Finding:
    """Read and write the file of an LMDB store."""
    folder = folder_of(url)
    if not (folder / "data.mdb").exists():
        return _missing(folder)
    if not os.access(folder / "data.mdb", os.R_OK | os.W_OK):
        return warning(
            f"{folder / 'data.mdb'} cannot be read and written: each process counts on its own.",
            "Delete the folder: the service creates it again.",
        )
    with _opening:
        if not ((folder / "lock.mdb").exists() and is_sound(folder)):
            return warning(
                f"{folder / 'data.mdb'} is damaged or incomplete: the service replaces it.",
                f"Delete {folder}/damaged-*.mdb when you need it no longer.",
            )
    return ok(f"{folder} can be read and written.")


def private(subject: Subject) -> Finding:
    """Check that no other user can write to the store: the service refuses to start then."""
    url = subject.config.store_url
    if not url.startswith("lmdb:"):
        return ok("The store is not a file of this host.")
    return private_file(url)


@as_owner
def private_file(url: str) -> Finding:
    """Check that the folder and the files of an LMDB store are closed to other users."""
    folder = folder_of(url)
    try:
        check_private(folder)
    except NotPrivate as problem:
        return error(
            f"{problem}: a user who can write to the store can reset rate limits.",
            f"Look at who made it, then delete {folder}: the service creates it again.",
        )
    return ok(f"{folder} is closed to other users.")


def shared(subject: Subject) -> Finding:
    """Check that the kind of store fits the number of processes."""
    url, workers = subject.config.store_url, subject.config.workers
    if url.startswith("redis"):
        return ok("Redis or Valkey: all hosts with this REDIS_URL share it.")
    if url.startswith("memory:"):
        return ok("One worker counts in its own memory; several hosts need REDIS_URL.")
    folder = folder_of(url)
    place, kind = _mount(folder)
    fix = "Use a folder under /dev/shm in STORE_URL (in a container: --shm-size=512m)."
    if kind not in MEMORY:
        return warning(f"{folder} is on {kind}: requests wait for a disk.", fix)
    space = os.statvfs(place)
    size, free = (blocks * space.f_frsize for blocks in (space.f_blocks, space.f_bavail))
    if size < SIZE:
        return warning(
            f"{place} holds {size // 2**20} MiB, but the store may need {SIZE // 2**20}: when it is"
            " full, all rate limit windows start again.",
            fix,
        )
    if free < MIN_FREE:
        return warning(
            f"{place} has {free / 2**20:.1f} MiB left: without space for the store, each process"
            " counts on its own.",
            f"Find what fills {place} (du -a {place}), and delete what is not needed.",
        )
    return ok(f"{workers} workers of this host share {folder}; several hosts need REDIS_URL.")


def hits_of(url: str, keys: Sequence[str]) -> list[int]:
    """Return the hits in the current windows of these keys; add none, and create no store.

    Raise the errors of the store's client.
    """
    if url.startswith("lmdb:"):
        (folder_of(url) / "data.mdb").stat()
        with _opening:
            opened = LmdbStore(url)
            try:
                return [opened.get(key) for key in keys]
            finally:
                opened.close()
    # In Redis a counter is an ordinary value.
    return [int(value or 0) for value in configured_store(url).visit([], keys).values]


def _missing(folder: Path) -> Finding:
    above = next(parent for parent in (folder, *folder.parents) if parent.exists())
    if not os.access(above, os.W_OK | os.X_OK):
        return error(
            f"{folder} does not exist, and this user may not create it in {above}.",
            "Let the service's user write there, or name another folder in STORE_URL.",
        )
    if os.geteuid() == 0 and above != folder:
        raise Undecided(
            f"{folder} does not exist yet.",
            "Check as the service's user, or after the first start.",
        )
    return ok(f"{folder} does not exist yet; the service creates it when it starts.")


def _mount(folder: Path) -> tuple[Path, str]:
    """Return the mount point of a folder, and the type of its file system."""
    wanted = Path(os.path.realpath(folder))
    found = (Path("/"), "an unknown file system")
    for line in Path("/proc/self/mounts").read_text().splitlines():
        _, point, kind, *_ = line.split()
        place = Path(point.encode().decode("unicode_escape"))
        if wanted.is_relative_to(place) and len(place.parts) >= len(found[0].parts):
            found = (place, kind)
    return found
