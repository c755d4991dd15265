"""The parsers of the command line, and their help."""

from __future__ import annotations

import argparse
import os
import re
import shutil
import sys
import textwrap
from difflib import get_close_matches
from typing import IO, TYPE_CHECKING, NoReturn

from futuretracker import __version__
from futuretracker.commands.catalogue import COMMANDS, GROUPS

if TYPE_CHECKING:
    from _typeshed import SupportsWrite

    from futuretracker.commands.catalogue import Command

_HEADING = re.compile(r"^[a-z].*:$", re.MULTILINE)
_UNKNOWN_OPTION = re.compile(r"unrecognized arguments: (--[^ =]+)").match


class Parser(argparse.ArgumentParser):
    """A parser with bold headings on a terminal, which suggests the nearest option."""

    def print_help(self, file: SupportsWrite[str] | None = None) -> None:
        """Print the help."""
        text = self.format_help()
        if file is None and is_colored(sys.stdout):
            text = _HEADING.sub("\033[1m\\g<0>\033[0m", text)
        (file or sys.stdout).write(text)

    def error(self, message: str) -> NoReturn:
        """Print the usage and the message, and exit with 2."""
        if found := _UNKNOWN_OPTION(message):
            message += _suggestion(found[1], re.findall(r"--[a-z-]+", self.format_usage()))
        super().error(message)


def is_colored(stream: IO[str]) -> bool:
    """Return whether a stream is a terminal that shows colors, and NO_COLOR is not set."""
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def main_parser(program: str, *, with_command: bool = True) -> Parser:
    """Return the parser of the first argument, which lists all commands in its help."""
    parser = Parser(
        prog=program,
        usage=f"{program} <command> [options]",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        description="Run, check and look after the FutureTracker API.",
        epilog="\n\n".join(
            f"{group}:\n" + "\n".join(f"  {name:<12} {c.what}" for name, c in commands.items())
            for group, commands in GROUPS.items()
        )
        + f"\n\nhelp for one command:\n  {program} <command> --help",
    )
    parser.add_argument("--version", action="version", version=f"futuretracker {__version__}")
    if with_command:
        parser.add_argument("command", help=argparse.SUPPRESS)
    return parser


def command_parser(program: str, name: str) -> Parser:
    """Return the parser of a command, without its arguments yet."""
    command = COMMANDS[name]
    return Parser(
        prog=f"{program} {name}",
        description=f"{command.what[0].upper()}{command.what[1:]}.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="\n\n".join(_sections(f"{program} {name}", command)),
    )


def unknown_command(name: str) -> str:
    """Return the message for a name that no command has."""
    hint = _suggestion(name, [*COMMANDS]) or "; see --help for all commands."
    return f"there is no command '{name}'{hint}"


def _suggestion(name: str, known: list[str]) -> str:
    near = get_close_matches(name, known, 1)
    return f"; did you mean '{near[0]}'?" if near else ""


def _sections(prog: str, command: Command) -> list[str]:
    statuses = {
        0: "success",
        1: "failure, with one sentence on stderr",
        2: "a wrong command line",
        **command.statuses,
    }
    sections = [
        "exit status:\n" + "\n".join(f"  {code:<4} {what}" for code, what in statuses.items()),
        "examples:\n" + "\n".join(f"  $ {prog} {example}".rstrip() for example in command.examples),
    ]
    if settings := _settings(command):
        sections.insert(0, f"settings, from the environment or .env:\n{settings}")
    return sections


def _settings(command: Command) -> str:
    # Loading the table takes a tenth of a second, so only the help of a command does it.
    from futuretracker.config.table import SETTINGS  # noqa: PLC0415

    lines = [
        f"{name:<25} {SETTINGS[name].meaning.replace('`', '').partition('. ')[0].rstrip('.')}"
        for name in command.settings
    ]
    width = shutil.get_terminal_size().columns - 2
    return "\n".join(
        textwrap.fill(line, width, initial_indent="  ", subsequent_indent=" " * 28)
        for line in [*lines, *filter(None, [command.more])]
    )
