"""The TypeScript client as a package, in new projects, against the real service."""

from __future__ import annotations

import tarfile
import threading
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest

from tests.support.browser import chromium
from tests.support.node import node

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from futuretracker.commands.local.issuer import Issuer
    from tests.clients.conftest import Addresses
    from tests.support.servers import Service


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_arguments: object) -> None:
        """Write nothing."""


@contextmanager
def serve_files(folder: Path) -> Iterator[str]:
    """Serve the files of a folder; yield the origin."""
    handler = partial(Quiet, directory=str(folder))
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_the_package_has_only_what_users_need(package: Path) -> None:
    with tarfile.open(package) as archive:
        files = {name.removeprefix("package/") for name in archive.getnames()}

    modules = ("api", "error", "index", "operations", "signing", "transport")
    built = {f"dist/{name}.{end}" for name in modules for end in ("js", "d.ts")}
    assert files == {*built, "package.json", "README.md", "LICENSE"}


def test_the_client_works_in_a_new_node_project(
    project: Callable[[str], Path], addresses: Addresses
) -> None:
    command = ("node", "--test", "--test-reporter=tap", "client.test.js", "signing.test.js")

    result = node(project("node"), *command, **addresses.environment())

    assert result.returncode == 0, result.stdout + result.stderr
    assert "# fail 0" in result.stdout
    assert "# skipped 0" in result.stdout


def test_the_types_of_the_package_fit_a_strict_project(project: Callable[[str], Path]) -> None:
    folder = project("node")
    assert node(folder, "npx", "--no-install", "tsc").returncode == 0

    day = folder / "day.ts"
    day.write_text(day.read_text().replace('"hackathon"', '"hakathon"', 1))
    result = node(folder, "npx", "--no-install", "tsc")

    assert "hakathon" in result.stdout


@pytest.mark.needs("chromium")
def test_the_client_works_in_a_browser_when_vite_builds_it(
    project: Callable[[str], Path],
    serve: Callable[..., Service],
    issuer: Issuer,
    tmp_path: Path,
) -> None:
    folder = project("vite")
    built = node(folder, "npm", "run", "build")
    assert built.returncode == 0, built.stderr
    with serve_files(folder / "dist") as origin, chromium(tmp_path / "profile") as browser:
        service = serve(CORS_ORIGIN=origin, patient=True)
        token = issuer.token("user_vite", ttl=600, azp=origin)

        browser.open(f"{origin}/#http://127.0.0.1:{service.port}|{token}", width=390)

        assert browser.find("output").text == (
            "From a browser; Invalid opportunity ID format; 32; opportunity_not_found"
        )
