"""The first example in the README of each client runs as it stands."""

from __future__ import annotations

import re
import subprocess
from typing import TYPE_CHECKING

from tests.clients.conftest import PYTHON, TYPESCRIPT
from tests.support.node import node

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.clients.conftest import Addresses

SHOWN = """\
Title is required and cannot be empty
Backend intern applied
Climate hackathon applied
Backend intern 2026-12-03
interviewed
"""
CLERK = """
const Clerk = { session: { getToken: async () => process.env.TOKEN ?? null } };
"""
TOKEN = """
import os
def session_token() -> str:
    return os.environ["TOKEN"]
"""


def example(readme: Path, language: str, api: str) -> str:
    """Return the first block of a language, with the address of the service."""
    found = re.search(rf"^```{language}\n(.*?)^```$", readme.read_text(), re.DOTALL | re.MULTILINE)
    assert found
    assert "https://api.example.com" in found[1]
    return found[1].replace("https://api.example.com", api)


def test_the_typescript_example_runs(project: Callable[[str], Path], addresses: Addresses) -> None:
    folder = project("node")
    code = example(TYPESCRIPT / "README.md", "ts", addresses.api)
    (folder / "day.ts").write_text(CLERK + code)

    compiled = node(folder, "npx", "--no-install", "tsc", "--noEmit", "false")
    done = node(folder, "node", "day.js", **addresses.environment())

    assert compiled.stdout == ""
    assert (done.stdout, done.stderr) == (SHOWN, "")


def test_the_python_example_runs(fresh_python: Path, addresses: Addresses) -> None:
    code = TOKEN + example(PYTHON / "README.md", "python", addresses.api)

    done = subprocess.run(
        [fresh_python, "-c", code],
        env=addresses.environment(),
        check=False,
        capture_output=True,
        text=True,
    )

    assert done.stderr == ""
    *lines, counts = done.stdout.splitlines(keepends=True)
    assert "".join(lines) == SHOWN
    assert "'interviewed': 1" in counts
