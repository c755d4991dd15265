"""Install the packages that a measurement needs."""

from __future__ import annotations

import shutil
import subprocess
import venv
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.processes import CannotMeasure

if TYPE_CHECKING:
    from collections.abc import Sequence

ROOT = Path(__file__).resolve().parent.parent
PEERS = ROOT / "benchmarks" / "peers"
FASTAPI = ROOT / ".local" / "bench" / "fastapi"
# The Debian package of each program.
PACKAGES = {"wrk": "wrk", "node": "nodejs", "npm": "npm"}


def need(*programs: str) -> None:
    """Raise CannotMeasure if a program is not installed."""
    missing = [PACKAGES[name] for name in programs if not shutil.which(name)]
    if missing:
        raise CannotMeasure(f"missing programs; run as root: apt-get install {' '.join(missing)}")


def install_node_packages() -> None:
    """Install the packages of the Express and Fastify peers, if the lock file is newer."""
    need("node", "npm")
    if _is_stale(PEERS / "node_modules", PEERS / "package-lock.json"):
        _install(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"])
        (PEERS / "node_modules").touch()


def install_fastapi() -> None:
    """Install the FastAPI peer's packages in its own virtual environment, if they are outdated."""
    if _is_stale(FASTAPI / "installed", PEERS / "requirements.txt"):
        venv.create(FASTAPI, with_pip=True)
        pip = [str(FASTAPI / "bin" / "python"), "-m", "pip", "--disable-pip-version-check"]
        _install([*pip, "install", "--quiet", "--require-hashes", "-r", "requirements.txt"])
        (FASTAPI / "installed").touch()


def _is_stale(made: Path, source: Path) -> bool:
    return not made.exists() or made.stat().st_mtime < source.stat().st_mtime


def _install(command: Sequence[str]) -> None:
    print(f"installing: {' '.join(command[-4:])} ...", flush=True)
    try:
        subprocess.run(command, cwd=PEERS, check=True, capture_output=True, text=True)
    except subprocess.CalledProcessError as error:
        raise CannotMeasure(f"'{' '.join(command)}' failed: {error.stderr}") from error
