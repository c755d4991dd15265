"""The command line: it explains itself, and refuses what it does not know."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from futuretracker import __version__
from futuretracker.commands import COMMANDS
from tests.commands import run

if TYPE_CHECKING:
    from pathlib import Path


def test_help_lists_every_command_with_what_it_does(tmp_path: Path) -> None:
    result = run(tmp_path, "--help")

    assert (result.returncode, result.stderr) == (0, "")
    assert set(COMMANDS) == {
        *("backup", "check", "dev", "drill", "migrate", "openapi", "restore", "revoke", "serve"),
        *("settings", "token"),
    }
    lines = [line.split(maxsplit=1) for line in result.stdout.splitlines()]
    for name, what in COMMANDS.items():
        assert [name, what] in lines


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_explains_itself_and_does_nothing_then(tmp_path: Path, name: str) -> None:
    result = run(tmp_path, name, "--help")

    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.startswith(f"usage: python -m futuretracker {name} ")
    assert COMMANDS[name] in result.stdout
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("migrat", "there is no command 'migrat'; did you mean 'migrate'?"),
        ("deploy", "there is no command 'deploy'; see --help for all commands."),
    ],
)
def test_an_unknown_command_is_answered_with_the_nearest_one(
    tmp_path: Path, name: str, sentence: str
) -> None:
    result = run(tmp_path, name)

    usage, *_, last = result.stderr.splitlines()
    assert (result.returncode, result.stdout) == (2, "")
    assert usage.startswith("usage: python -m futuretracker ")
    assert last == f"python -m futuretracker: error: {sentence}"


def test_without_a_command_it_prints_the_help(tmp_path: Path) -> None:
    result = run(tmp_path)

    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout == run(tmp_path, "--help").stdout


def test_the_version_is_printed(tmp_path: Path) -> None:
    result = run(tmp_path, "--version")

    assert (result.returncode, result.stdout) == (0, f"futuretracker {__version__}\n")


def test_an_argument_that_a_command_does_not_take_is_refused(tmp_path: Path) -> None:
    result = run(tmp_path, "migrate", "--force")

    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr.endswith(
        "\npython -m futuretracker migrate: error: unrecognized arguments: --force\n"
    )
