"""The settings: complete, meant for production, and with strong secrets."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from futuretracker.checks.finding import error, ok, warning
from futuretracker.config.table import SETTINGS

if TYPE_CHECKING:
    from futuretracker.checks.finding import Finding
    from futuretracker.checks.subject import Subject

# Values of .env.example that were not filled in.
EXAMPLE = re.compile(r"your[-_](?:project|frontend-domain|domain|publishable|clerk|webhook)").search
# Debugging switches of Python, Flask and Werkzeug.
DEBUG = ("FLASK_DEBUG", "PYTHONDEVMODE", "PYTHONASYNCIODEBUG", "WERKZEUG_DEBUG_PIN")
MIN_PASSWORD = 16  # characters


def complete(subject: Subject) -> Finding:
    """Check the settings as the service does when it starts."""
    if subject.problems:
        return error(
            "; ".join(subject.problems) + ".",
            "Correct these settings; docs/operations/settings.md describes each.",
        )
    examples = sorted(name for name, value in subject.given.items() if _is_example(name, value))
    if examples:
        return error(
            f"Still as in .env.example: {', '.join(examples)}.",
            "Replace them with your own values.",
        )
    return ok("Every setting is present and well-formed.")


def production(subject: Subject) -> Finding:
    """Find settings that are meant for development."""
    config = subject.config
    fix = "Set FUTURETRACKER_ENV=production, and unset the debugging switches."
    if config.environment != "production":
        return error(f"FUTURETRACKER_ENV is {config.environment}.", fix)
    switches = [name for name in DEBUG if subject.given.get(name, "0") != "0"]
    if "--reload" in subject.given.get("GUNICORN_CMD_ARGS", ""):
        switches.append("GUNICORN_CMD_ARGS=--reload")
    if switches:
        return error(f"Set in the environment: {', '.join(switches)}.", fix)
    return ok("FUTURETRACKER_ENV is production, and debugging is off.")


def secrets(subject: Subject) -> Finding:
    """Find short secrets, and keys of a Clerk test instance."""
    weak = [*_short(subject), *_for_development(subject)]
    if weak:
        return warning(
            f"{'; '.join(weak)}.",
            "Create new secrets (openssl rand -hex 32), and use the keys of Clerk's live instance.",
        )
    return ok("Passwords are long, and Clerk's keys are not those of a test instance.")


def _is_example(name: str, value: str) -> bool:
    ours = name in SETTINGS or name.startswith("SUPABASE_")
    return ours and EXAMPLE(value) is not None


def _short(subject: Subject) -> list[str]:
    passwords = {}
    for server in filter(None, (subject.config.database.primary, subject.config.database.replica)):
        if not server.is_local:
            passwords[server.setting] = server.parameters.get("password", "")
    store = urlsplit(subject.config.store_url)
    if store.scheme.startswith("redis") and store.hostname not in {"127.0.0.1", "localhost", "::1"}:
        passwords["REDIS_URL"] = store.password or ""
    return [
        f"{setting} has a password of fewer than {MIN_PASSWORD} characters"
        for setting, password in passwords.items()
        if len(password) < MIN_PASSWORD
    ]


def _for_development(subject: Subject) -> list[str]:
    prefixes = {"CLERK_PUBLISHABLE_KEY": "pk_test_", "CLERK_SECRET_KEY": "sk_test_"}
    return [
        f"{name} is a key of a test instance"
        for name, prefix in prefixes.items()
        if subject.value(name).startswith(prefix)
    ]
