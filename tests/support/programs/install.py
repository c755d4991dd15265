"""Install what the tests of a target need: ``python -m tests.support.programs.install test``.

Only root on Debian or Ubuntu can do this. What is missing afterwards is left out by the tests. This
runs before any Python package is installed.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from importlib.util import find_spec

from tests.support.programs.table import TARGETS, missing, packages

APT = ("apt-get", "-q", "-y", "-o", "DPkg::Lock::Timeout=120", "-o", "Acquire::http::Timeout=20")
# RUNLEVEL=1 keeps the packages from starting their servers.
QUIET = {"RUNLEVEL": "1", "DEBIAN_FRONTEND": "noninteractive"}


def lacking(target: str) -> list[str]:
    """Return the Debian packages that are missing. Node comes with a Python package."""
    found = packages(name for name in missing(TARGETS[target]) if name != "node")
    if not (find_spec("ensurepip") and find_spec("venv")):
        found.append(f"python{sys.version_info[0]}.{sys.version_info[1]}-venv")
    return found


def apt_get(*arguments: str) -> bool:
    """Run apt-get in silence; return whether it succeeded."""
    done = subprocess.run(
        [*APT, *arguments], env={**os.environ, **QUIET}, check=False, capture_output=True
    )
    return done.returncode == 0


def install(names: list[str]) -> list[str]:
    """Install Debian packages; return those that cannot be installed."""
    if apt_get("install", *names):
        return []
    # The index is missing or too old; or it lacks one package, as Ubuntu's lacks Chromium.
    apt_get("update")
    if apt_get("install", *names):
        return []
    return [name for name in names if not apt_get("install", name)]


def main(target: str) -> None:
    """Install what is missing, and say so."""
    names = lacking(target)
    if not names or os.geteuid() != 0 or not shutil.which("apt-get"):
        return
    sys.stderr.write(f"Installing with apt-get: {' '.join(names)} ...\n")
    if failed := install(names):
        sys.stderr.write(f"apt-get could not install {' '.join(failed)}.\n")


if __name__ == "__main__":
    main(sys.argv[1])
