"""The files are formatted, Caddy accepts them, and they agree with the service's settings."""

from __future__ import annotations

import json
import re
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from futuretracker.web.cors import EXPOSED
from futuretracker.web.headers import security_headers
from futuretracker.web.request import MAX_BODY, MAX_FILE
from tests.deploy.edge.caddy_server import DEPLOY, PROGRAM, lay_out

if TYPE_CHECKING:
    from pathlib import Path

FILES = [DEPLOY / "Caddyfile", *(DEPLOY / "futuretracker").iterdir()]


@pytest.fixture(scope="module")
def adapted() -> dict[str, Any]:
    """Return the files as Caddy understands them."""
    command = [str(PROGRAM), "adapt", "--config", str(DEPLOY / "Caddyfile")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "warn" not in done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_file_is_formatted(path: Path) -> None:
    done = subprocess.run([str(PROGRAM), "fmt", path], capture_output=True, text=True, check=False)

    assert done.stdout == path.read_text()


def test_caddy_accepts_the_files(socket_file: Path, tmp_path: Path) -> None:
    folder = tmp_path / "caddy"
    caddyfile = lay_out(folder, (10080, 10443), {}, socket_file=socket_file)
    done = subprocess.run(
        [str(PROGRAM), "validate", "--config", caddyfile],
        env={"HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert "Valid configuration" in done.stdout + done.stderr


def test_every_file_is_imported() -> None:
    imported = re.findall(r"import futuretracker/(\S+)", "".join(p.read_text() for p in FILES))

    assert {*imported, "Caddyfile"} == {path.name for path in FILES}


def test_the_headers_equal_those_of_the_service() -> None:
    text = (DEPLOY / "futuretracker/headers.caddy").read_text()

    for name, value in [*security_headers(), ("Access-Control-Expose-Headers", EXPOSED)]:
        assert f'\t{name} "{value}"\n' in text


def test_other_users_of_the_host_cannot_change_caddy(adapted: dict[str, Any]) -> None:
    assert adapted["admin"]["listen"] == "unix//run/caddy/admin.sock"


def test_the_body_limit_equals_that_of_the_service(adapted: dict[str, Any]) -> None:
    text = json.dumps(adapted)

    assert sorted(re.findall(r'"max_size": (\d+)', text)) == [str(MAX_BODY), str(MAX_FILE)]
    # A smaller buffer would forward part of a body that is too large.
    assert all(int(size) > MAX_FILE for size in re.findall(r'"request_buffers": (-?\d+)', text))
