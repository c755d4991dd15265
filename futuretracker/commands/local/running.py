"""The service that ``dev`` runs in this folder, for commands in other terminals.

While ``dev`` runs, it locks ``.local/lock``, and ``.local/service.json`` holds its settings.
"""

from __future__ import annotations

import fcntl
import json
from typing import TYPE_CHECKING

from futuretracker.commands.local.issuer import LOCAL
from futuretracker.config.table import SETTINGS
from futuretracker.config.urls import in_url

if TYPE_CHECKING:
    from collections.abc import Mapping
    from contextlib import ExitStack

LOCK = LOCAL / "lock"
FILE = LOCAL / "service.json"


class LocalDataError(Exception):
    """The data folder cannot be used; the message says why, or what to do."""


def lock(stack: ExitStack) -> None:
    """Lock the data folder against a second ``dev``; raise LocalDataError."""
    try:
        LOCAL.mkdir(exist_ok=True)
        file = stack.enter_context(LOCK.open("w"))
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        message = f"Another 'make run' is using {LOCAL.absolute()}; stop it first."
        raise LocalDataError(message) from error
    except OSError as error:
        message = f"{LOCAL.absolute()} cannot be used as the data folder ({error.strerror})."
        raise LocalDataError(message) from error


def is_running() -> bool:
    """Return whether ``dev`` runs in this folder."""
    try:
        with LOCK.open() as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def write(settings: Mapping[str, str]) -> None:
    """Write the settings of the running service to a private file; one may be a password."""
    known = {
        name: value for name, value in settings.items() if name.removesuffix("_FILE") in SETTINGS
    }
    draft = FILE.with_suffix(".new")
    draft.unlink(missing_ok=True)
    draft.touch(mode=0o600)
    draft.write_text(json.dumps(known, indent=1))
    draft.rename(FILE)


def settings() -> dict[str, str]:
    """Return the settings of the running service, or nothing if none runs."""
    if not is_running():
        return {}
    try:
        found: dict[str, str] = json.loads(FILE.read_text())
    except (OSError, ValueError):  # it has not written them yet
        return {}
    return found


def base_url(given: Mapping[str, str]) -> str:
    """Return the URL of a service with these settings."""
    host = given.get("HOST", SETTINGS["HOST"].default)
    return f"http://{in_url(host)}:{given.get('PORT', SETTINGS['PORT'].default)}"
