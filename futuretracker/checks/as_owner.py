"""Check an LMDB store as the user of the service, although ``check`` runs as root.

Root could read and write every store, and a file that root makes cannot be used by the service. So
the check runs in a process of its own, as the owner of the store's folder.
"""

from __future__ import annotations

import importlib
import json
import os
import pwd
import subprocess
import sys
from contextlib import suppress
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING

import futuretracker
from futuretracker.checks.finding import Finding, Undecided, Verdict
from futuretracker.checks.probes.processes import users_of_the_service
from futuretracker.store import folder_of

if TYPE_CHECKING:
    from collections.abc import Callable

WITHIN = 45.0  # seconds; each check has shorter limits for its parts
ROOT = Path(futuretracker.__file__).parents[1]


def as_owner(check: Callable[[str], Finding]) -> Callable[[str], Finding]:
    """Let a check of the store at a URL run as the owner of its folder."""

    @wraps(check)
    def run(url: str) -> Finding:
        owner = _other_owner(folder_of(url)) if os.geteuid() == 0 else None
        return check(url) if owner is None else _in_a_process(check, url, owner)

    return run


def _other_owner(folder: Path) -> int | None:
    """Return the id of the folder's owner, or None if that is root or there is no folder."""
    with suppress(FileNotFoundError):
        return folder.lstat().st_uid or None
    return None


def _in_a_process(check: Callable[[str], Finding], url: str, owner: int) -> Finding:
    users = users_of_the_service()
    if users and owner not in users:
        raise Undecided(
            f"{folder_of(url)} belongs to {_name(owner)}, but the service runs as"
            f" {', '.join(map(_name, sorted(users)))}.",
            f"Look at who made it, then delete {folder_of(url)}: the service creates it again.",
        )
    try:
        ended = subprocess.run(  # noqa: S603 - this module, as a user with fewer rights
            [sys.executable, "-P", "-m", __name__, check.__module__, check.__name__, url],
            cwd="/",
            env={"PATH": os.environ.get("PATH", os.defpath), "PYTHONPATH": str(ROOT)},
            user=owner,
            group=_group(owner, folder_of(url)),
            extra_groups=[],
            start_new_session=True,  # the terminal of root stays out of reach
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=WITHIN,
            check=False,
        )
        fields = json.loads(ended.stdout)
        return Finding(Verdict(fields.pop("verdict")), **fields)
    except (OSError, subprocess.TimeoutExpired, ValueError, TypeError, KeyError) as problem:
        raise Undecided(
            f"{folder_of(url)} belongs to {_name(owner)}, and the check cannot run as this user:"
            f" {type(problem).__name__}.",
            "Check as the service's user.",
        ) from problem


def _group(owner: int, folder: Path) -> int:
    try:
        return pwd.getpwuid(owner).pw_gid
    except KeyError:
        return folder.lstat().st_gid


def _name(user: int) -> str:
    try:
        return pwd.getpwuid(user).pw_name
    except KeyError:
        return f"the user with the id {user}"


def main(module: str, function: str, url: str) -> None:
    """Run a check, and print its finding as JSON."""
    try:
        finding = getattr(importlib.import_module(module), function)(url)
    except Undecided as undecided:
        finding = undecided.finding
    names = ("verdict", "found", "remedy", "cause")
    print(json.dumps({name: getattr(finding, name) for name in names}))  # noqa: T201 - for the parent


if __name__ == "__main__":
    main(*sys.argv[1:])
