"""Let tests say which programs they need: ``@pytest.mark.needs("git")``.

A test finds only those of the programs in the table that it names, on every machine. One that
does not say what it needs therefore fails everywhere. A fixture that several modules use says it
with an argument, such as ``needs_node``.

Tests that need something which this machine lacks are left out. With REQUIRE=all the run fails.
"""

from __future__ import annotations

import json
import os
import sys
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import pytest

from tests.support.programs.table import NEEDS, find, how_to_get, missing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

FIXTURE = "needs_"


class Programs:
    """Folders of links: one for each program, and one for each folder of PATH without them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._commands = {command: name for name, it in NEEDS.items() for command in it.commands}
        for command, name in self._commands.items():
            if found := find(command):
                (folder / name).mkdir(exist_ok=True)
                (folder / name / command).symlink_to(found)
        self._others = [self._without(place) for place in os.environ["PATH"].split(os.pathsep)]

    def path(self, names: Iterable[str]) -> str:
        """Return a PATH with these of the programs."""
        return os.pathsep.join([*(str(self._folder / name) for name in names), *self._others])

    def _without(self, place: str) -> str:
        """Return a folder with everything except the programs."""
        if not any(os.access(Path(place, command), os.X_OK) for command in self._commands):
            return place
        copy = self._folder / "others" / place.strip("/")
        if not copy.exists():
            copy.mkdir(parents=True)
            for file in Path(place).iterdir():
                if file.name not in self._commands:
                    (copy / file.name).symlink_to(file)
        return str(copy)


programs = pytest.StashKey[Programs]()
left_out = pytest.StashKey[Counter[str]]()


def needed(item: pytest.Item) -> set[str]:
    """Return what a test needs, by its markers and its fixtures."""
    marked = {name for mark in item.iter_markers("needs") for name in mark.args}
    fixtures: list[str] = getattr(item, "fixturenames", [])
    named = {name.removeprefix(FIXTURE) for name in fixtures if name.startswith(FIXTURE)}
    if unknown := (marked | named) - NEEDS.keys():
        raise pytest.UsageError(f"{item.nodeid} needs {sorted(unknown)}: not in {__package__}")
    return marked | named


def sentence(counts: Mapping[str, int]) -> str:
    """Say what was left out: ``Left out: 34 tests that need nginx. To run them: ...``."""
    parts = [
        f"{count} {'test that needs' if count == 1 else 'tests that need'} {name}"
        for name, count in sorted(counts.items())
    ]
    return f"Left out: {', '.join(parts)}. To run them: {how_to_get(counts)}."


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--left-out", type=Path, help="write what is left out to this file, as JSON")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "needs(program, ...): see tests/support/programs/table.py")
    folder = TemporaryDirectory(prefix="futuretracker-programs-")
    config.add_cleanup(folder.cleanup)
    Path(folder.name).chmod(0o755)  # servers run as another user if the tests run as root
    config.stash[programs] = Programs(Path(folder.name))


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what cannot run here."""
    wanted = {item: needed(item) for item in items}
    lacking = missing(set().union(*wanted.values()))
    out = {item: found for item in items if (found := wanted[item].intersection(lacking))}
    if out and os.environ.get("REQUIRE") == "all":
        raise pytest.UsageError(f"Missing: {', '.join(lacking)}. To get it: {how_to_get(lacking)}.")
    config.stash[left_out] = Counter(min(found) for found in out.values())
    config.hook.pytest_deselected(items=list(out))
    items[:] = [item for item in items if item not in out]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """Show a test only the programs that it needs."""
    before = os.environ["PATH"]
    os.environ["PATH"] = item.config.stash[programs].path(sorted(needed(item)))
    try:
        return (yield)
    finally:
        os.environ["PATH"] = before


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Let a run succeed from which everything was left out."""
    if session.exitstatus == pytest.ExitCode.NO_TESTS_COLLECTED and session.config.stash[left_out]:
        session.exitstatus = pytest.ExitCode.OK


def pytest_unconfigure(config: pytest.Config) -> None:
    """Say what was left out, below the counts."""
    counts = config.stash.get(left_out, Counter())
    if file := config.getoption("left_out"):
        file.write_text(json.dumps(counts))
    elif counts:
        sys.stdout.write(f"{sentence(counts)}\n")


def _fixture(name: str) -> Callable[[], None]:
    """Return a fixture that says what another fixture needs."""

    @pytest.fixture(scope="session", name=f"{FIXTURE}{name}")
    def needs() -> None:
        pass

    return needs


needs_age = _fixture("age")
needs_chromium = _fixture("chromium")
needs_namespaces = _fixture("namespaces")
needs_node = _fixture("node")
needs_pgbouncer = _fixture("pgbouncer")
needs_promtool = _fixture("promtool")
