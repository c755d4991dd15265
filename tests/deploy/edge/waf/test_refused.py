"""``waf-check`` refuses bad files with one sentence, before nginx loads them."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.deploy.edge.nginx_server import command, debians
from tests.deploy.edge.waf.faults import FAULTS, append, break_a_rule
from tests.deploy.edge.waf.refused_lines import ACCEPTED, LINES
from tests.deploy.edge.waf.waf_server import lay_out_waf
from tests.support.servers import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.deploy.edge.waf.waf_server import Firewall
    from tests.support.authority import Files

pytestmark = pytest.mark.needs("nginx", "modsecurity")


def run_check(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Run ``waf-check`` on the files of an nginx in this folder."""
    nginx = " ".join(command(debians(), folder))
    asked = ["waf-check", str(folder / "futuretracker/waf"), "--nginx", nginx, *options]
    return subprocess.run(
        [sys.executable, "-m", "futuretracker", *asked],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def folder(socket_file: Path, files: Files, tmp_path: Path) -> Path:
    """The files of an nginx with the firewall, which does not run."""
    lay_out_waf(tmp_path, (10080, 10443), {}, socket_file=socket_file, files=files)
    return tmp_path


@pytest.mark.parametrize("engine", ["On", "DetectionOnly", "Off"])
def test_the_files_are_in_order(folder: Path, engine: str) -> None:
    (folder / "futuretracker/waf/engine.conf").write_text(f"SecRuleEngine {engine}\n")
    done = run_check(folder)

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("nginx accepts them: ")


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
def test_a_fault_is_one_sentence(folder: Path, fault: Callable[[Path], str]) -> None:
    sentence = fault(folder)
    done = run_check(folder)

    assert (done.returncode, done.stdout) == (1, "")
    assert sentence in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(("line", "sentence"), LINES.items(), ids=LINES)
def test_a_line_that_lets_attacks_pass_is_refused(folder: Path, line: str, sentence: str) -> None:
    file = folder / "futuretracker/waf/exclusions.conf"
    append(file, line)
    done = run_check(folder)

    place = f"exclusions.conf, line {file.read_text().count(chr(10))}: "
    assert (done.returncode, done.stdout) == (1, "")
    assert f"{place}{sentence}" in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("line", ACCEPTED)
def test_a_line_that_is_in_order_is_accepted(folder: Path, line: str) -> None:
    append(folder / "futuretracker/waf/exclusions.conf", line)
    done = run_check(folder)

    assert (done.returncode, done.stderr) == (0, "")


def test_with_a_fault_nginx_keeps_its_rules(waf: Firewall, tmp_path: Path) -> None:
    """It is not told to reload; with files in order it is, and goes on to refuse."""
    folder = waf.log.parent
    exclusions = folder / "futuretracker/waf/exclusions.conf"
    before = exclusions.read_text()
    pid = (folder / "nginx.pid").read_text()
    try:
        break_a_rule(folder)
        assert run_check(folder, "--reload").returncode == 1
    finally:
        exclusions.write_text(before)
    said = (folder / "error.log").read_text()
    assert "reconfiguring" not in said
    assert waf.request("GET", "/api/v1/me?x=<script>alert(1)</script>").status == 403

    done = run_check(folder, "--reload")
    assert done.stdout.startswith("nginx reloads them: "), done.stderr
    assert waf.request("GET", "/api/v1/me?x=<script>alert(1)</script>").status == 403
    assert (folder / "nginx.pid").read_text() == pid
