"""The command line: it explains itself, and refuses what it does not know."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from futuretracker.commands import COMMANDS
from tests.commands import run

if TYPE_CHECKING:
    from pathlib import Path


def test_help_lists_every_command_with_what_it_does(tmp_path: Path) -> None:
    result = run(tmp_path, "--help")

    assert (result.returncode, result.stderr) == (0, "")
    assert set(COMMANDS) == {
        *("backup", "check", "dev", "drill", "migrate", "openapi", "restore", "revoke", "token")
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
    ("arguments", "sentence"),
    [
        ((), "the following arguments are required: command"),
        (("serve",), "argument command: invalid choice: 'serve' (choose from "),
    ],
)
def test_what_it_does_not_know_is_a_sentence_about_the_usage(
    tmp_path: Path, arguments: tuple[str, ...], sentence: str
) -> None:
    result = run(tmp_path, *arguments)

    usage, *_, last = result.stderr.splitlines()
    assert (result.returncode, result.stdout) == (2, "")
    assert usage.startswith("usage: python -m futuretracker ")
    assert last.startswith(f"python -m futuretracker: error: {sentence}")


def test_an_argument_that_a_command_does_not_take_is_refused(tmp_path: Path) -> None:
    result = run(tmp_path, "migrate", "--force")

    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr.endswith(
        "\npython -m futuretracker migrate: error: unrecognized arguments: --force\n"
    )
