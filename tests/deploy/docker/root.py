"""Run a process in a root of its own: this machine's programs, an image's files, read-only.

It uses mount namespaces, which need root, but no engine and no base image. Python is at /usr/local,
as in the base image.
"""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

UNSHARE = ("/usr/bin/unshare", "--mount")
SYSTEM = ("bin", "etc", "lib", "lib64", "sbin", "usr")


def inside(
    folder: Path,
    command: Iterable[str],
    *,
    env: Mapping[str, str],
    workdir: str,
    layers: Mapping[str, Path],
    sockets: Mapping[str, Path] | None = None,
    user: str | None = None,
    shm: str = "64m",
) -> list[str]:
    """Return a command that runs ``command`` inside.

    ``layers`` are folders and ``sockets`` are sockets, by their paths inside. With a user
    (``uid:gid``) only /tmp and /dev/shm are writable, and no capability is left. Without one the
    command is a build step: it runs as root, may write into the layers, and sees this machine's
    folders of packages.
    """
    script = [
        "set -e",
        f"root={shlex.quote(str(folder))}",
        'mount -t tmpfs -o mode=755 tmpfs "$root"',
        *_system(),
        *(_file(source, Path(place)) for place, source in (sockets or {}).items()),
        *(() if user else _packages()),
        *(_bind(source, Path(place), read_only=bool(user)) for place, source in layers.items()),
        *_memory(shm),
    ]
    if user:
        script.append('mount -o remount,ro,bind "$root"')
    run = shlex.join([*_as(user), *_environment(env, workdir), *command])
    script.append(f'exec chroot "$root" {run}')
    return [*UNSHARE, "--propagation=private", "/bin/bash", "-c", "\n".join(script)]


def beside(
    command: Iterable[str],
    *,
    env: Mapping[str, str],
    workdir: str,
    layers: Mapping[str, Path],
    sockets: Mapping[str, Path] | None = None,
) -> list[str]:
    """Return a command that runs ``command`` among this machine's files, as the current user.

    This is for a machine that does not allow namespaces: the layers stay where they are.
    """
    folders = {str(Path(place).parent): path.parent for place, path in (sockets or {}).items()}
    python = {"/usr/local/bin": Path(sys.base_prefix, "bin")}
    words = [*_environment(env, workdir), *command]
    for place, source in {**python, **layers, **folders}.items():
        words = [word.replace(place, str(source)) for word in words]
    return words


def possible() -> bool:
    """Return whether this machine allows namespaces."""
    trial = subprocess.run([*UNSHARE, "/bin/true"], check=False, capture_output=True)
    return os.geteuid() == 0 and trial.returncode == 0


def _system() -> list[str]:
    made = []
    for name in SYSTEM:
        path = Path("/") / name
        if path.is_symlink():
            made.append(f'ln -s {path.readlink()} "$root/{name}"')
        elif path.exists():
            made.append(_bind(path, path, read_only=True))
    if not sys.base_prefix.startswith("/usr"):
        made.append(f'mount --bind -o ro {sys.base_prefix} "$root/usr/local"')
        # An interpreter may look for its shared library in its original location.
        made.append(_bind(Path(sys.base_prefix), Path(sys.base_prefix), read_only=True))
    return made


def _memory(shm: str) -> list[str]:
    """Return the mounts that an engine makes: /proc, a few devices, and the writable folders."""
    devices = [Path("/dev", name) for name in ("null", "random", "urandom")]
    return [
        'mkdir -p "$root/proc" "$root/dev/shm" "$root/tmp"',
        'mount --rbind /proc "$root/proc"',
        f'mount -t tmpfs -o size={shm},mode=1777 tmpfs "$root/dev/shm"',
        'mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"',
        *(_file(device, device) for device in devices),
    ]


def _packages() -> list[str]:
    """Return the places where pip may find packages: the user's settings and local folders."""
    places = (Path("/root"), *Path("/opt").iterdir())
    return [_bind(path, path, read_only=True) for path in places if path.is_dir()]


def _bind(source: Path, place: Path, *, read_only: bool = False) -> str:
    options = " -o ro" if read_only else ""
    target = f'"$root{place}"'
    return f"mkdir -p {target}; mount --bind{options} {shlex.quote(str(source))} {target}"


def _file(source: Path, place: Path) -> str:
    target = f'"$root{place}"'
    made = f'mkdir -p "$root{place.parent}"; touch {target}'
    return f"{made}; mount --bind {shlex.quote(str(source))} {target}"


def _as(user: str | None) -> list[str]:
    if user is None:
        return []
    uid, gid = user.split(":")
    return [
        "/usr/bin/setpriv",
        f"--reuid={uid}",
        f"--regid={gid}",
        "--clear-groups",
        "--no-new-privs",
        "--bounding-set=-all",
        "--inh-caps=-all",
        "--",
    ]


def _environment(env: Mapping[str, str], workdir: str) -> list[str]:
    pairs = [f"{name}={value}" for name, value in env.items()]
    return ["/usr/bin/env", "-i", f"--chdir={workdir}", *pairs]
