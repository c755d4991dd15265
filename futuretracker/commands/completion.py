"""``completion``: print a script with which a shell completes commands and options.

The script holds all names, so the shell need not start Python at each TAB.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

import shtab

from futuretracker.commands.catalogue import COMMANDS, module_of
from futuretracker.commands.help import main_parser

if TYPE_CHECKING:
    import argparse

SHELLS = ("bash", "zsh", "fish")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the choice of the shell."""
    parser.add_argument("shell", choices=SHELLS, help="the shell that reads the script")


def run(options: argparse.Namespace) -> int:
    """Print the script; it completes the program ``futuretracker``."""
    print(shtab.complete(_whole_parser(), options.shell))  # noqa: T201 - the command's output
    return 0


def _whole_parser() -> argparse.ArgumentParser:
    """Return one parser with every command and its options."""
    parser = main_parser("futuretracker", with_command=False)
    commands = parser.add_subparsers()
    for name, command in COMMANDS.items():
        module = importlib.import_module(module_of(name))
        module.add_arguments(commands.add_parser(name, help=command.what))
    return parser
