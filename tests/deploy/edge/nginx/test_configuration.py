"""Both versions of nginx accept the files, which agree with the service's settings."""

from __future__ import annotations

import re
import subprocess
from typing import TYPE_CHECKING

import pytest

from futuretracker.config.table import EXTENSION
from futuretracker.web.cors import EXPOSED
from futuretracker.web.headers import security_headers
from futuretracker.web.request import MAX_BODY, MAX_FILE
from tests.deploy.edge.nginx_server import INCLUDES, NEWEST, SITE, command, debians, lay_out

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.authority import Files

PROGRAMS = {"newest": lambda: NEWEST, "Debian's": debians}
REAL_IP = {
    "neither": {},
    "Cloudflare": {"# include futuretracker/real-ip-c": "include futuretracker/real-ip-c"},
    "load balancer": {"# include futuretracker/real-ip-l": "include futuretracker/real-ip-l"},
}


def verdict(program: Path, folder: Path) -> subprocess.CompletedProcess[str]:
    asked = command(program, folder, "-t")
    return subprocess.run(asked, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    "program", ["newest", pytest.param("Debian's", marks=pytest.mark.needs("nginx"))]
)
@pytest.mark.parametrize("changes", REAL_IP)
def test_nginx_accepts_every_file_without_a_warning(
    program: str, changes: str, socket_file: Path, files: Files, tmp_path: Path
) -> None:
    place = PROGRAMS[program](), tmp_path, (10080, 10443), REAL_IP[changes]
    lay_out(*place, socket_file=socket_file, files=files)
    done = verdict(place[0], tmp_path)

    assert done.returncode == 0, done.stderr
    assert "[" not in done.stderr  # such as [warn]


@pytest.mark.parametrize(
    "program", ["newest", pytest.param("Debian's", marks=pytest.mark.needs("nginx"))]
)
def test_every_line_for_an_extension_may_be_used(
    program: str, socket_file: Path, files: Files, tmp_path: Path
) -> None:
    place = PROGRAMS[program](), tmp_path, (10080, 10443), {"#~^": "~^"}
    lay_out(*place, socket_file=socket_file, files=files)

    assert verdict(place[0], tmp_path).returncode == 0


def test_an_extension_s_origin_is_too_long_for_a_name(
    socket_file: Path, files: Files, tmp_path: Path
) -> None:
    """This is why origins.conf has a pattern for it."""
    line = f"{EXTENSION} {EXTENSION};"
    changes = {"#~^chrome": f"{line}\n#~^chrome"}
    lay_out(NEWEST, tmp_path, (10080, 10443), changes, socket_file=socket_file, files=files)

    assert "you should increase map_hash_bucket_size" in verdict(NEWEST, tmp_path).stderr


def test_every_file_is_included_somewhere() -> None:
    texts = [path.read_text() for path in (SITE, *INCLUDES.iterdir())]
    included = set(re.findall(r"include futuretracker/([^/\s]+);", "".join(texts)))
    there = {path.name for path in INCLUDES.iterdir()}

    # One of two files is copied to this name (docs/operations/edge.md).
    assert included - there == {"http2.conf"}
    assert there - included == {"http2-1.22.conf", "http2-1.25.conf"}


def said_by(file: str, name: str) -> str:
    [value] = re.findall(rf'(?m)^add_header {name} "(.*)" always;$', (INCLUDES / file).read_text())
    return str(value)


def test_the_headers_equal_those_of_the_service() -> None:
    ours = dict(security_headers())
    transport = ours.pop("Strict-Transport-Security")

    for name, value in ours.items():
        assert said_by("headers.conf", name) == value
    errors = (INCLUDES / "errors.conf").read_text()
    assert f'on      "{transport}";' in errors
    assert f'default "{EXPOSED}";' in errors


def test_the_body_limit_equals_that_of_the_service() -> None:
    [mib] = re.findall(r"client_max_body_size (\d+)m;", (INCLUDES / "patience.conf").read_text())

    assert int(mib) * 2**20 == MAX_BODY
    [mib] = re.findall(r"client_max_body_size (\d+)m;", SITE.read_text())
    assert int(mib) * 2**20 == MAX_FILE


def test_nginx_does_not_start_with_the_other_versions_http2_file(
    socket_file: Path, files: Files, tmp_path: Path
) -> None:
    lay_out(NEWEST, tmp_path, (10080, 10443), {}, socket_file=socket_file, files=files)
    (tmp_path / "futuretracker/http2.conf").unlink()
    done = verdict(NEWEST, tmp_path)

    assert done.returncode != 0
    assert "http2.conf" in done.stderr
