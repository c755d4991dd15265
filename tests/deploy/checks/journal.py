"""A real systemd journal for one test, in a namespace of journald."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from contextlib import ExitStack
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator

UNIT = "futuretracker-api"
numbers = count(1)
JOURNALD = "/lib/systemd/systemd-journald"


class Journal:
    """A journal in a namespace. It receives lines like systemd's connection to a unit's stdout."""

    def __init__(self, name: str, stack: ExitStack) -> None:
        self._name = name
        self.address = f"/run/systemd/journal.{name}/stdout"
        self._stack = stack

    def stream(self, identifier: str = UNIT) -> socket.socket:
        """Open a stream; each line written to it becomes an entry of ``identifier``."""
        stream = self._stack.enter_context(socket.socket(socket.AF_UNIX))
        stream.connect(self.address)
        stream.sendall(f"{identifier}\n\n6\n0\n0\n0\n0\n".encode())
        return stream

    def write(self, line: str, identifier: str = UNIT) -> None:
        """Write one line and wait until it can be read."""
        self.stream(identifier).sendall(f"{line}\n".encode())
        read = ["journalctl", f"--namespace={self._name}", "--output=cat", "--quiet"]
        wait_for(lambda: line in subprocess.check_output(read, text=True).splitlines())

    def folder(self) -> Path:
        """Return the folder of its files. There is none before the first line."""
        places = (Path("/run/log/journal"), Path("/var/log/journal"))
        [found] = [path for place in places for path in place.glob(f"*.{self._name}")]
        return found

    def follow(self, folder: Path) -> None:
        """Write the output of a test's services to the journal."""
        outputs = [str(file) for file in folder.glob("gunicorn-*.log")]
        command = ["tail", "--quiet", "--lines=+1", "--follow", *outputs]
        process = subprocess.Popen(command, stdout=self.stream().fileno())
        self._stack.callback(process.wait)
        self._stack.callback(process.terminate)


@pytest.fixture
def journal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Journal]:
    """Run journald, and make ``journalctl`` read its journal."""
    name = f"ftcheck{os.getpid()}x{next(numbers)}"
    programs = tmp_path / "bin"
    programs.mkdir()
    reader = programs / "journalctl"
    reader.write_text(f'#!/bin/sh\nexec {shutil.which("journalctl")} --namespace={name} "$@"\n')
    reader.chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
    process = subprocess.Popen([JOURNALD, name], stderr=subprocess.DEVNULL)
    with ExitStack() as stack:
        try:
            while not Path(f"/run/systemd/journal.{name}/stdout").exists():
                assert process.poll() is None
                time.sleep(0.02)
            yield Journal(name, stack)
        finally:
            stack.close()
            process.terminate()
            process.wait(60)
            for place in ("/var/log/journal", "/run/log/journal", "/run/systemd"):
                for folder in Path(place).glob(f"*.{name}"):
                    shutil.rmtree(folder)
