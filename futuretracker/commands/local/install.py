"""Install a requirements file into ``.venv``: ``python install.py requirements-run.txt``.

``make`` runs this with the system's Python, before anything is installed.
"""

from __future__ import annotations

import os
import re
import selectors
import shutil
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

VENV = Path(".venv")
PIN = re.compile(r"^[a-z0-9][^=\s]*==", re.MULTILINE)
FOUND = re.compile(  # a line of pip that names a package
    r"(?:Collecting |Ignoring |Requirement already satisfied: )(?P<name>[A-Za-z0-9._-]*\w)"
    r"|Processing \S*/(?P<file>[A-Za-z0-9._]+)-[0-9]"
).match
WIDTH = 24  # of the bar


class CannotInstall(Exception):
    """Nothing can be installed; the message says what to do."""


class Progress:
    """Shows what pip does in one line of a terminal; elsewhere, prints a line at the beginning."""

    def __init__(self, packages: int) -> None:
        self._packages, self._found, self._began = packages, 0, time.monotonic()
        self._doing = "creating .venv"
        self._terminal = sys.stderr.isatty()
        if not self._terminal:
            sys.stderr.write(f"Installing {packages} packages into {VENV} ...\n")

    def note(self, line: str) -> None:
        """Take one line of pip's output."""
        if found := FOUND(line):
            self._found = min(self._found + 1, self._packages)
            self._doing = found["name"] or found["file"]
        elif line.startswith("Installing collected packages"):
            self._found, self._doing = self._packages, "unpacking"

    def show(self) -> None:
        """Draw the line again."""
        if self._terminal:
            bar = ("#" * (WIDTH * self._found // self._packages)).ljust(WIDTH, ".")
            seconds = time.monotonic() - self._began
            text = f"Installing into {VENV}  [{bar}]  {seconds:3.0f} s  {self._doing}"
            columns = shutil.get_terminal_size().columns - 1
            sys.stderr.write(f"\r\033[K{text[:columns]}")
            sys.stderr.flush()

    def end(self) -> None:
        """Replace the line with a summary."""
        if self._terminal:
            seconds = time.monotonic() - self._began
            done = f"Installed {self._packages} packages into {VENV} in {seconds:.0f} seconds."
            sys.stderr.write(f"\r\033[K{done}\n")


def install(requirements: Path) -> None:
    """Install the pinned packages, and check their hashes; raise CannotInstall."""
    progress = Progress(len(PIN.findall(requirements.read_text())))
    try:
        _create(progress)
        pip = [VENV / "bin/python", "-m", "pip", "install", "--no-input", "--progress-bar=off"]
        options = ["--disable-pip-version-check", "--require-hashes", "--requirement"]
        _run([*pip, *options, requirements], progress, "pip could not install the packages")
    except CannotInstall:
        if sys.stderr.isatty():
            sys.stderr.write("\n")
        raise
    progress.end()


def _create(progress: Progress) -> None:
    """Create ``.venv``; an existing one is kept."""
    if not os.access(VENV if VENV.exists() else ".", os.W_OK):
        message = f"{Path.cwd()} is not writable; clone the repository into a folder of your own."
        raise CannotInstall(message)
    if not (VENV / "bin/pip").exists() and not (find_spec("ensurepip") and find_spec("venv")):
        version = f"{sys.version_info[0]}.{sys.version_info[1]}"
        message = (
            f"Python's module 'venv' is missing; on Debian and Ubuntu, install it with:"
            f" apt-get install python{version}-venv"
        )
        raise CannotInstall(message)
    create = [sys.executable, "-m", "venv", VENV]
    _run(create, progress, f"{VENV} could not be created; delete it and try again")


def _run(command: list[object], progress: Progress, failure: str) -> None:
    """Run a command and show its progress; raise CannotInstall with its errors."""
    output: list[str] = []
    process = subprocess.Popen(  # noqa: S603 - the interpreter, with literal arguments
        list(map(str, command)), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    with process:
        for line in _lines(process):
            if line:
                output.append(line)
                progress.note(line)
            progress.show()
    if process.returncode:
        errors = [line for line in output if line.lstrip().startswith("ERROR:")] or output[-5:]
        raise CannotInstall("\n".join([f"{failure}:", *(f"  {line.strip()}" for line in errors)]))


def _lines(process: subprocess.Popen[str]) -> Iterator[str]:
    """Yield each line of the output, and an empty text after each half second without output."""
    assert process.stdout is not None  # noqa: S101 - it is a pipe
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        os.set_blocking(process.stdout.fileno(), False)
        rest = ""
        while True:
            selector.select(timeout=0.5)
            try:
                received = os.read(process.stdout.fileno(), 65536).decode(errors="replace")
            except BlockingIOError:
                yield ""
                continue
            *lines, rest = (rest + received).split("\n")
            yield from lines
            if not received:
                yield rest
                return


if __name__ == "__main__":
    try:
        install(Path(sys.argv[1]))
    except CannotInstall as error:
        sys.exit(str(error))
    except KeyboardInterrupt:
        sys.exit(130)
