"""The command line: ``python -m futuretracker <command>``."""

from __future__ import annotations

import argparse
import importlib
import sys
from difflib import get_close_matches

from futuretracker import __version__
from futuretracker.config.environment import ConfigError

COMMANDS = {
    "backup": "back up the database, and delete backups that are too old",
    "check": "check that the service can start, or with --deploy the whole deployment",
    "dev": "run the service on this machine, with its own Postgres and sign-in keys",
    "drill": "restore the newest backup into a temporary Postgres, and compare",
    "migrate": "bring the database up to date, as the owner of the tables",
    "openapi": "print the API's OpenAPI document",
    "restore": "restore a backup into an empty database",
    "revoke": "refuse the tokens of a session or a user, everywhere within two seconds",
    "serve": "check all settings, then run the service with gunicorn",
    "settings": "print the reference of all settings, or .env.example",
    "token": "print a session token that 'dev' accepts",
}
PROGRAM = "python -m futuretracker"


def main(arguments: list[str] | None = None) -> int | str:
    """Run one command; return an exit status or an error message."""
    arguments = sys.argv[1:] if arguments is None else arguments
    parser = _parser()
    if not arguments:
        parser.print_help()
        return 0
    name = parser.parse_args(arguments[:1]).command
    if name not in COMMANDS:
        parser.error(_unknown(name))
    command = importlib.import_module(f"futuretracker.commands.{name}")
    options = argparse.ArgumentParser(prog=f"{PROGRAM} {name}", description=COMMANDS[name])
    command.add_arguments(options)
    try:
        result: int | str = command.run(options.parse_args(arguments[1:]))
    except ConfigError as error:
        return str(error)
    return result


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=PROGRAM,
        usage=f"{PROGRAM} <command> [options]",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="commands:\n" + "\n".join(f"  {name:<10} {what}" for name, what in COMMANDS.items()),
    )
    parser.add_argument("--version", action="version", version=f"futuretracker {__version__}")
    parser.add_argument("command", help="one of those below; each has a --help of its own")
    return parser


def _unknown(name: str) -> str:
    near = get_close_matches(name, COMMANDS, 1)
    hint = f"did you mean '{near[0]}'?" if near else "see --help for all commands."
    return f"there is no command '{name}'; {hint}"
