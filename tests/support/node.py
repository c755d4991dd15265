"""Run Node tools, which each folder installs from its own lock file."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

WITHIN = 300  # seconds


def install(folder: Path) -> None:
    """Install the packages of the lock file, unless that was done already."""
    lock = folder / "package-lock.json"
    installed = folder / "node_modules/.package-lock.json"
    if not installed.exists() or installed.stat().st_mtime < lock.stat().st_mtime:
        result = node(folder, "npm", "ci", "--no-audit", "--no-fund")
        assert result.returncode == 0, result.stderr


def node(folder: Path, *command: str, **env: str) -> subprocess.CompletedProcess[str]:
    """Run a command in the folder and wait for it to end."""
    return subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, **env},
        check=False,
        capture_output=True,
        text=True,
        timeout=WITHIN,
    )
