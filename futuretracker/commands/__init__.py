"""``python -m futuretracker <command>``."""

from __future__ import annotations

import argparse
import importlib
import sys

from futuretracker.config.environment import ConfigError

COMMANDS = {
    "backup": "back up the database, and remove backups that have had their time",
    "check": "go through the security checklist: what a start needs, or the whole deployment",
    "dev": "run the service here, on an embedded Postgres and a key pair of its own",
    "drill": "restore the newest backup into a throw-away Postgres, and compare",
    "migrate": "bring the database up to date, as its owner",
    "openapi": "print the API's OpenAPI document",
    "restore": "restore a backup into an empty database",
    "revoke": "refuse a session's or a user's tokens, within two seconds everywhere",
    "settings": "print the reference of all settings, or .env.example",
    "token": "print a session token that 'dev' accepts",
}


def main(arguments: list[str] | None = None) -> int | str:
    """Run one command; return an exit status, or a sentence that says what is wrong."""
    arguments = sys.argv[1:] if arguments is None else arguments
    parser = argparse.ArgumentParser(
        prog="python -m futuretracker",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="\n".join(f"  {name:<10} {what}" for name, what in COMMANDS.items()),
    )
    parser.add_argument("command", choices=COMMANDS)
    name = parser.parse_args(arguments[:1]).command
    command = importlib.import_module(f"futuretracker.commands.{name}")
    options = argparse.ArgumentParser(prog=f"{parser.prog} {name}", description=COMMANDS[name])
    command.add_arguments(options)
    try:
        result: int | str = command.run(options.parse_args(arguments[1:]))
    except ConfigError as error:
        return str(error)
    return result
