"""Audit lines, in a real journal of the test's own."""

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

from futuretracker.checks.finding import Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from futuretracker.checks.finding import Finding
    from tests.deploy.checks.conftest import Edge

UNIT = "futuretracker-api"
numbers = count(1)
JOURNALD = "/lib/systemd/systemd-journald"


class Journal:
    """A journal in a namespace, which takes lines as systemd connects a unit's stdout to it."""

    def __init__(self, name: str, stack: ExitStack) -> None:
        self._address = f"/run/systemd/journal.{name}/stdout"
        self._stack = stack

    def stream(self, identifier: str = UNIT) -> socket.socket:
        """Open a stream whose every line becomes an entry of ``identifier``."""
        stream = self._stack.enter_context(socket.socket(socket.AF_UNIX))
        stream.connect(self._address)
        stream.sendall(f"{identifier}\n\n6\n0\n0\n0\n0\n".encode())
        return stream

    def write(self, line: str) -> None:
        """Write one line and wait until it can be read."""
        self.stream().sendall(f"{line}\n".encode())
        time.sleep(0.3)

    def follow(self, folder: Path) -> None:
        """Keep what the services of a test write."""
        outputs = [str(file) for file in folder.glob("gunicorn-*.log")]
        command = ["tail", "--quiet", "--lines=+1", "--follow", *outputs]
        process = subprocess.Popen(command, stdout=self.stream())
        self._stack.callback(process.wait)
        self._stack.callback(process.terminate)


@pytest.fixture
def journal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Journal]:
    """Run journald, and let ``journalctl`` read what it keeps."""
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
            process.wait(10)
            for place in ("/var/log/journal", "/run/log/journal", "/run/systemd"):
                for folder in Path(place).glob(f"*.{name}"):
                    shutil.rmtree(folder)


def test_the_lines_of_a_write_through_the_public_url_are_found(
    journal: Journal, edge: Callable[..., Edge], tmp_path: Path
) -> None:
    front = edge()
    journal.follow(tmp_path)
    finding = front.find("audit-lines")

    assert (finding.verdict, finding.found) == (
        Verdict.OK,
        "A write through the public URL left its REQUEST and AUDIT lines.",
    )


def test_a_service_whose_output_goes_elsewhere_is_an_error(
    journal: Journal, edge: Callable[..., Edge]
) -> None:
    """It wrote here once: its old lines prove nothing."""
    journal.write('{"type": "AUDIT", "outcome": "success"}')
    finding = edge().find("audit-lines")

    assert finding.verdict == Verdict.ERROR
    assert "left no AUDIT line" in finding.found


def test_a_journal_without_a_line_of_the_service_is_unknown(
    journal: Journal, find: Callable[..., Finding]
) -> None:
    journal.stream("sshd").sendall(b"somebody logged in\n")
    time.sleep(0.3)
    finding = find("audit-lines")

    assert finding.verdict == Verdict.UNKNOWN
    assert "no line of futuretracker-api" in finding.found


@pytest.mark.parametrize(("kind", "verdict"), [("AUDIT", Verdict.OK), ("LOG", Verdict.WARNING)])
def test_without_a_public_url_any_audit_line_counts(
    journal: Journal, find: Callable[..., Finding], kind: str, verdict: Verdict
) -> None:
    journal.write(f'{{"timestamp": "2026-01-01T00:00:00.000Z", "type": "{kind}"}}')

    assert find("audit-lines").verdict == verdict


def test_a_host_without_a_journal_is_unknown(
    find: Callable[..., Finding], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    finding = find("audit-lines")

    assert (finding.verdict, finding.found) == (
        Verdict.UNKNOWN,
        "There is no journal on this host.",
    )
