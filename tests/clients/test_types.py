"""The TypeScript types for frontends: current, strict, and good for a client that works."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.conftest import ORIGIN
from tests.support.node import install, node
from tests.support.servers import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from futuretracker.commands.local.issuer import Issuer
    from tests.support.servers import Service

    Serve = Callable[..., Service]

TYPESCRIPT = ROOT / "clients/typescript"
USE = """
import { connect, create, opportunities } from "./example.js";

const api = connect(process.env.API_URL, async () => process.env.TOKEN);
for (const status of ["applied", "ghosted", "rejected"]) {
  await create(api, { title: status, category: "internship", status });
}
const titles = [];
for await (const row of opportunities(api, { limit: 1, status: ["applied", "ghosted"] })) {
  titles.push(row.title);
}
const failure = await create(api, { title: "", link: "nonsense" }).catch((error) => error.message);
console.log([...titles, failure].join("; "));
"""


@pytest.fixture(scope="module", autouse=True)
def _installed() -> None:
    install(TYPESCRIPT)


def test_the_types_are_what_the_document_gives(tmp_path: Path) -> None:
    document = subprocess.run(
        [sys.executable, "-m", "futuretracker", "openapi"],
        cwd=ROOT,
        check=True,
        capture_output=True,
    ).stdout
    (tmp_path / "openapi.json").write_bytes(document)
    files = (str(tmp_path / "openapi.json"), "--output", str(tmp_path / "api.d.ts"))

    result = node(TYPESCRIPT, "npm", "run", "generate", "--", *files)

    assert result.returncode == 0, result.stderr
    made, committed = tmp_path / "api.d.ts", TYPESCRIPT / "src/api.d.ts"
    assert made.read_text() == committed.read_text(), "run 'make types'"


def test_the_example_fits_the_types_and_mistakes_do_not() -> None:
    result = node(TYPESCRIPT, "npm", "run", "check")

    assert result.returncode == 0, result.stdout


def test_the_example_works(serve: Serve, issuer: Issuer, tmp_path: Path) -> None:
    compiler = TYPESCRIPT / "node_modules/.bin/tsc"
    compiled = node(TYPESCRIPT, str(compiler), "--outDir", str(tmp_path))
    assert compiled.returncode == 0, compiled.stdout
    (tmp_path / "package.json").write_text('{"type": "module"}')
    (tmp_path / "node_modules").symlink_to(TYPESCRIPT / "node_modules")
    (tmp_path / "use.js").write_text(USE)

    result = node(
        tmp_path,
        "node",
        "use.js",
        API_URL=f"http://127.0.0.1:{serve().port}",
        TOKEN=issuer.token(f"user_types{os.getpid()}", ttl=600, azp=ORIGIN),
    )

    assert result.returncode == 0, result.stderr
    assert result.stdout == (
        "ghosted; applied; "
        "Title is required and cannot be empty, Link must be a valid URL (http or https)\n"
    )


@pytest.mark.parametrize("folder", ["clients/typescript", "tests/clients", "tests/clients/linters"])
def test_the_lock_file_names_every_package_and_no_registry(folder: str) -> None:
    lock = (ROOT / folder / "package-lock.json").read_text()

    assert '"integrity": "sha512-' in lock
    assert '"resolved"' not in lock
