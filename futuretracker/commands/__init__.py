"""The command line: ``bin/futuretracker <command>`` or ``python -m futuretracker <command>``."""

from __future__ import annotations

import importlib
import sys

from futuretracker.commands.catalogue import COMMANDS, module_of
from futuretracker.commands.help import command_parser, main_parser, unknown_command

PROGRAM = "python -m futuretracker"


def main(arguments: list[str] | None = None, *, program: str = PROGRAM) -> int | str:
    """Run one command; return an exit status or an error message."""
    arguments = sys.argv[1:] if arguments is None else arguments
    parser = main_parser(program)
    if arguments[:1] == ["help"]:
        arguments = [*arguments[1:2], "--help"]
    if not arguments:
        parser.print_help()
        return 0
    name = parser.parse_args(arguments[:1]).command
    if name not in COMMANDS:
        parser.error(unknown_command(name))
    return _run(name, arguments[1:], program)


def _run(name: str, arguments: list[str], program: str) -> int | str:
    # The list of commands, --version and a misspelt command load no settings and no command.
    command = importlib.import_module(module_of(name))
    from futuretracker.commands.running_service import use_running_service  # noqa: PLC0415
    from futuretracker.config.environment import ConfigError  # noqa: PLC0415

    options = command_parser(program, name)
    command.add_arguments(options)
    parsed = options.parse_args(arguments)
    try:
        use_running_service(name)
        result: int | str = command.run(parsed)
    except ConfigError as error:
        return str(error)
    return result
