"""The commands and examples in the README of each client run as they stand."""

from __future__ import annotations

import re
import shutil
import subprocess
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from futuretracker_client import Client
from tests.clients.conftest import PYTHON, TYPESCRIPT
from tests.clients.test_signing import SECRET
from tests.support.node import node

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from typing import Any

    from tests.clients.conftest import Addresses

SHOWN = """\
Title is required and cannot be empty
Backend intern applied
Climate hackathon applied
Backend intern 2026-12-03
interviewed
"""
CLERK = """
globalThis.Clerk = { session: { getToken: async () => process.env.TOKEN ?? null } };
"""
TOKEN = """
import os
def session_token() -> str:
    return os.environ["TOKEN"]
"""


def blocks(readme: Path, heading: str, language: str) -> list[str]:
    """Return the blocks of a language below a heading."""
    _, section = readme.read_text().split(f"\n## {heading}\n")
    section = section.split("\n## ")[0]
    return re.findall(rf"^```{language}\n(.*?)^```$", section, re.DOTALL | re.MULTILINE)


def example(readme: Path, language: str, api: str) -> str:
    """Return the example of a day, with the address of the service."""
    (code,) = blocks(readme, "A student's day", language)
    assert "https://api.example.com" in code
    return code.replace("https://api.example.com", api)


def commands(readme: Path, heading: str, repository: Path) -> str:
    """Return the commands below a heading, for a clone of the repository."""
    (console,) = blocks(readme, heading, "console")
    lines = [line.removeprefix("$ ") for line in console.splitlines()]
    assert lines[0] == "repository=~/futuretracker"
    return "\n".join(["set -e", f"repository={repository}", *lines[1:]])


def test_the_typescript_example_runs(project: Callable[[str], Path], addresses: Addresses) -> None:
    folder = project("node")
    code = example(TYPESCRIPT / "README.md", "ts", addresses.api)
    (folder / "day.ts").write_text(code)
    (folder / "clerk.js").write_text(CLERK)

    compiled = node(folder, "npx", "--no-install", "tsc", "--noEmit", "false")
    done = node(folder, "node", "--import", "./clerk.js", "day.js", **addresses.environment())

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


def test_the_typescript_examples_of_files_run(
    project: Callable[[str], Path], addresses: Addresses
) -> None:
    folder = project("node")
    create = (
        'import { createClient } from "@futuretracker/client";\n'
        "const client = createClient({ baseUrl: process.env.API_URL, token: process.env.TOKEN });\n"
        'await client.importOpportunities("title,status\\nSaved,saved\\n", "text/csv");\n'
    )
    code = blocks(TYPESCRIPT / "README.md", "Export and import a file", "ts")
    (folder / "files.js").write_text(create + "".join(code))

    done = node(folder, "node", "files.js", **addresses.environment())

    assert (done.stdout, done.stderr) == ("0 1 []\n", "")
    assert "Saved" in (folder / "opportunities.csv").read_text()


def test_the_python_examples_of_files_run(
    addresses: Addresses, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    monkeypatch.chdir(tmp_path)
    with Client(addresses.api, addresses.token) as client:
        client.create_opportunity(title="Saved", status="saved")
        for code in blocks(PYTHON / "README.md", "Export and import a file", "python"):
            exec(code, {"client": client, "uuid4": uuid4})  # noqa: S102 - the README is ours

    assert capsys.readouterr().out == "0 1 []\n"
    assert "Saved" in (tmp_path / "opportunities.csv").read_text()


@pytest.mark.needs("node")
def test_the_typescript_package_installs_in_an_empty_folder(tmp_path: Path) -> None:
    clone, folder = tmp_path / "clone", tmp_path / "tracker"
    built = shutil.ignore_patterns("node_modules", "dist")
    shutil.copytree(TYPESCRIPT, clone / "clients/typescript", ignore=built)
    folder.mkdir()
    installed = node(folder, "bash", "-c", commands(TYPESCRIPT / "README.md", "Install", clone))
    assert installed.returncode == 0, installed.stderr
    (local,) = blocks(TYPESCRIPT / "README.md", "Use the local service", "ts")
    (folder / "local.js").write_text(f"{local}console.log(typeof client.getMe);")

    done = node(folder, "node", "local.js")

    assert (done.stdout, done.stderr) == ("function\n", "")


def test_the_python_package_has_the_extra_that_its_readme_names() -> None:
    (install,) = blocks(PYTHON / "README.md", "Use an API key", "console")

    assert install == '$ pip install "$repository/clients/python[signing]"\n'
    assert 'signing = ["cryptography' in (PYTHON / "pyproject.toml").read_text()


def test_the_python_examples_of_api_keys_run() -> None:
    key = Ed25519PrivateKey.generate()
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    examples = blocks(PYTHON / "README.md", "Use an API key", "python")

    assert len(examples) == 2
    for code in examples:
        exec(code, {"key": SECRET, "pem": pem})  # noqa: S102 - the README is ours


@pytest.mark.parametrize("readme", [TYPESCRIPT / "README.md", PYTHON / "README.md"])
def test_the_readme_lists_every_operation(readme: Path, document: Any) -> None:
    operations = {
        operation["operationId"]: operation["summary"]
        for path, item in document["paths"].items()
        if path.startswith("/api/v1/")
        for method, operation in item.items()
        if method in {"get", "post", "put", "patch", "delete"}
    }
    if readme.is_relative_to(PYTHON):
        operations = {snake(name): summary for name, summary in operations.items()}

    rows = [f"| `{name}` | {summary} |" for name, summary in operations.items()]

    assert "\n".join(["|---|---|", *rows, "\n"]) in readme.read_text()


def snake(name: str) -> str:
    return re.sub("([A-Z])", lambda found: f"_{found[1].lower()}", name)
