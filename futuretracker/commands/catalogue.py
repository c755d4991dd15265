"""The list of all commands: what each does, which settings it reads, and examples.

This module imports no command, so that the list of commands appears without delay.
"""

from __future__ import annotations

import keyword
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

SERVICE = "every setting of the service: see 'settings'"
STOPPED = {130: "stopped by Ctrl-C", 143: "stopped by SIGTERM"}
# Commands that connect as the service's role check all settings of the service first.
AS_SERVICE = ("DATABASE_URL", "CLERK_MAX_TOKEN_LIFETIME")


@dataclass(frozen=True, slots=True)
class Command:
    """One command.

    ``settings`` are the names of the settings that it reads; ``more`` describes others.
    ``examples`` are its arguments. ``statuses`` are exit statuses that only this command has.
    """

    what: str
    examples: tuple[str, ...]
    settings: tuple[str, ...] = ()
    more: str = ""
    statuses: Mapping[int, str] = field(default_factory=dict)


GROUPS: dict[str, dict[str, Command]] = {
    "run the service": {
        "dev": Command(
            "run the service on this machine, with its own Postgres and sign-in keys",
            ("", "--seed"),
            ("HOST", "PORT"),
            SERVICE,
        ),
        "serve": Command(
            "check all settings, then run the service with gunicorn", ("",), more=SERVICE
        ),
        "token": Command(
            "print a session token that 'dev' accepts",
            ("--user user_alice",),
            ("CORS_ORIGIN", "CLERK_AUTHORIZED_PARTIES"),
        ),
    },
    "check a deployment": {
        "check": Command(
            "check that the service can start, or with --deploy the whole deployment",
            ("", "--deploy", "--deploy --json"),
            ("PUBLIC_URL", "HOSTS", "CHECK_TOKEN", "BACKUP_DIRECTORY"),
            SERVICE,
            {1: "a verdict reaches the fail level"},
        ),
        "settings": Command(
            "print the reference of all settings, or .env.example", ("", "--dotenv > .env")
        ),
    },
    "database": {
        "migrate": Command(
            "bring the database up to date, as the owner of the tables",
            ("--plan", "--plan --json", ""),
            ("MIGRATION_DATABASE_URL",),
        ),
        "maintenance": Command(
            "make the database read-only for the service, or writable again",
            ("on", "status --json"),
            AS_SERVICE[:1],
            SERVICE,
        ),
        "prune": Command(
            "remove what is due from the trash and other tables, and erase users",
            ("", "--json"),
            ("DATABASE_URL", "TRASH_DAYS", "CLERK_MAX_TOKEN_LIFETIME", "PRUNE_DIRECTORY"),
            SERVICE,
            {1: "an erasure is not finished, or PRUNE_DIRECTORY cannot be used: see the message"},
        ),
        "audit": Command(
            "delete old entries of the audit log, and measure the table for /metrics",
            ("prune --older-than 24months", "measure --json"),
            ("MIGRATION_DATABASE_URL", "AUDIT_KEEP_MONTHS", "AUDIT_DIRECTORY"),
        ),
    },
    "users": {
        "apikey": Command(
            "create, list or revoke the API keys of a user",
            (
                'create --user user_2abc --name "Nightly export" --scope opportunities:read',
                "list --user user_2abc",
                "revoke --key 4fYq8ZtT2bNc --json",
            ),
            ("DATABASE_URL", "FUTURETRACKER_ENV"),
            SERVICE,
        ),
        "export": Command(
            "write the opportunities of a user into a file",
            (
                "--user user_2abc --output opportunities.csv",
                "--user user_2abc --format json --include rounds history",
            ),
            AS_SERVICE[:1],
            SERVICE,
        ),
        "import": Command(
            "create or update opportunities of a user from a CSV, XLSX or JSON file",
            (
                "--user user_2abc --dry-run opportunities.csv",
                "--user user_2abc --duplicates update opportunities.xlsx",
            ),
            AS_SERVICE[:1],
            SERVICE,
        ),
        "revoke": Command(
            "refuse the tokens of a session or a user, everywhere within two seconds",
            ("--session sess_2abc", "--user user_2abc --json"),
            AS_SERVICE,
            SERVICE,
        ),
        "erase": Command(
            "erase all data of a user for ever, or continue erasures that were interrupted",
            ("--user user_2abc", "--resume --json"),
            AS_SERVICE,
            SERVICE,
            {1: "an erasure is not finished: continue with --resume"},
        ),
    },
    "backups": {
        "backup": Command(
            "back up the database, and delete backups that are too old",
            ("", "--keep --json"),
            (
                *("BACKUP_DATABASE_URL", "MIGRATION_DATABASE_URL", "BACKUP_DIRECTORY"),
                *("BACKUP_KEEP_DAILY", "BACKUP_KEEP_WEEKLY", "BACKUP_KEEP_MONTHLY"),
                *("BACKUP_AGE_RECIPIENT", "POSTGRES_BIN"),
            ),
            statuses=STOPPED,
        ),
        "restore": Command(
            "restore a backup into an empty database",
            ("futuretracker-20260101T023000Z.dump.age",),
            ("RESTORE_DATABASE_URL", "BACKUP_AGE_IDENTITY", "POSTGRES_BIN"),
            statuses=STOPPED,
        ),
        "drill": Command(
            "restore the newest backup into a temporary Postgres, and compare",
            ("", "--json"),
            ("BACKUP_DIRECTORY", "BACKUP_AGE_IDENTITY", "POSTGRES_BIN"),
            statuses={1: "the backup is not usable, or the drill could not run", **STOPPED},
        ),
    },
    "web application firewall": {
        "waf-check": Command(
            "check the firewall's files with nginx, and reload it only if they are usable",
            ("", "--reload"),
        ),
        "waf-log": Command(
            "write a log line for each request in ModSecurity's audit log that was refused",
            ("", "--once /tmp/audit.log"),
            ("WAF_DIRECTORY",),
        ),
    },
    "anomaly detection": {
        "watch": Command(
            "find unusual access in the log lines and the audit table, and report it",
            ("", "--file /var/log/futuretracker.log", "--once"),
            ("WATCH_DATABASE_URL", "ANOMALY_DIRECTORY"),
        ),
        "findings": Command(
            "list what 'watch' has found, accept or dismiss it, and undo what was done",
            ("list --since 7d", "show anom_4be0c1d2a3f4e5f6", "list --state all --json"),
            ("WATCH_DATABASE_URL", "ANOMALY_WEBHOOK_URL", "ANOMALY_WEBHOOK_SECRET"),
        ),
    },
    "for programs": {
        "openapi": Command("print the API's OpenAPI document", ("> openapi.json",)),
        "completion": Command(
            "print a script with which a shell completes commands and options",
            ("bash > ~/.local/share/bash-completion/completions/futuretracker",),
        ),
    },
}

COMMANDS = {name: command for group in GROUPS.values() for name, command in group.items()}


def module_of(name: str) -> str:
    """Return the name of the module of a command."""
    end = "_" if keyword.iskeyword(name) else ""
    return f"futuretracker.commands.{name.replace('-', '_')}{end}"
