"""Check that every command and file in docs/operations/updates.md exists."""

from __future__ import annotations

import re

from futuretracker.commands.catalogue import COMMANDS
from tests.support.servers import ROOT

TEXT = (ROOT / "docs/operations/updates.md").read_text()


def test_every_make_target_is_one() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = {
        target
        for words in re.findall(r"(?:^\$ |`)make ([a-z -]+)", TEXT, re.MULTILINE)
        for target in words.split()
    }

    assert named >= {"audit", "sbom", "requirements", "setup", "test-deploy"}
    assert named <= targets


def test_every_command_of_the_service_is_one() -> None:
    named = set(re.findall(r"python -m futuretracker (\w+)", TEXT))

    assert named
    assert named <= set(COMMANDS)


def test_every_file_of_this_repository_is_there() -> None:
    named = re.findall(r"`((?:deploy|docs|\.github)/[\w./-]+?\.\w+)`", TEXT)

    assert named
    assert [name for name in named if not (ROOT / name).exists()] == []
