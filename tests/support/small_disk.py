"""A small file system in memory, which a test can fill."""

from __future__ import annotations

import subprocess
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

MOUNT = "mount -t tmpfs -o size={size},mode=0755 tmpfs /mnt && echo mounted && read _"


@contextmanager
def small_disk(size: str) -> Iterator[Path]:
    """Mount a tmpfs of this size; yield its folder.

    The mount is in a namespace of its own, so it disappears when its process ends.
    """
    command = ["unshare", "--map-root-user", "--mount", "sh", "-c", MOUNT.format(size=size)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"mounted\n"
        try:
            yield Path(f"/proc/{holder.pid}/root/mnt")
        finally:
            holder.kill()


def fill(folder: Path) -> Path:
    """Write a file until nothing is left; return it."""
    file = folder / "ballast"
    try:
        with file.open("ab", buffering=0) as output:
            while True:
                output.write(bytes(4096))
    except OSError:
        return file
