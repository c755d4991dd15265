"""The settings: whole, meant for production, and strong where they are secrets."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from psycopg.conninfo import conninfo_to_dict

from futuretracker.checks.finding import error, ok, warning
from futuretracker.database_settings import is_local

if TYPE_CHECKING:
    from futuretracker.checks.finding import Finding
    from futuretracker.checks.subject import Subject

LOCAL = {"localhost", "127.0.0.1", "[::1]"}
EXAMPLE = "your-frontend-domain.com"  # as .env.example has it
BROWSERS = ("https://", "chrome-extension://", "moz-extension://", "safari-web-extension://")
# Switches that make Python, Flask or gunicorn tell more or reload: name, and what it may be.
DEBUG = ("FLASK_DEBUG", "PYTHONDEVMODE", "PYTHONASYNCIODEBUG", "WERKZEUG_DEBUG_PIN")
MIN_PASSWORD = 16  # characters
MIN_TOKEN = 32  # characters


def complete(subject: Subject) -> Finding:
    """Hold the settings to what the service asks of them when it starts."""
    if subject.problems:
        return error(
            "; ".join(subject.problems) + ".",
            "Correct these settings; .env.example and the README say what each may be.",
        )
    return ok("Every setting is there and well-formed.")


def cors_origin(subject: Subject) -> Finding:
    """Find origins that are no frontend in production."""
    config = subject.config
    origins = ", ".join(config.cors_origins)
    if config.environment != "production":
        return ok(f"This is {config.environment}: {origins}.")
    wrong = [origin for origin in config.cors_origins if not _is_real(origin)]
    if wrong or not config.cors_origins:
        return error(
            f"CORS_ORIGIN holds {', '.join(wrong) or 'nothing'}.",
            "Set CORS_ORIGIN to your frontend's origin, https://app.example.com.",
        )
    return ok(f"Browsers may call from {origins}.")


def production(subject: Subject) -> Finding:
    """Find a service that runs as for development."""
    config = subject.config
    mend = "Set FUTURETRACKER_ENV=production and take the switches for debugging away."
    if config.environment != "production":
        return error(f"FUTURETRACKER_ENV is {config.environment}.", mend)
    switches = [name for name in DEBUG if subject.given.get(name, "0") != "0"]
    if "--reload" in subject.given.get("GUNICORN_CMD_ARGS", ""):
        switches.append("GUNICORN_CMD_ARGS=--reload")
    if switches:
        return error(f"Set in the environment: {', '.join(switches)}.", mend)
    return ok("FUTURETRACKER_ENV is production, and nothing asks for debugging.")


def secrets(subject: Subject) -> Finding:
    """Find secrets that are short, and keys of Clerk's development instance."""
    weak = [*_short(subject), *_for_development(subject)]
    if weak:
        return warning(
            f"{'; '.join(weak)}.",
            "Make new secrets (openssl rand -hex 32) and use the keys of Clerk's live instance.",
        )
    return ok("Passwords and tokens are long, Clerk's keys are not those of a test instance.")


def _short(subject: Subject) -> list[str]:
    passwords = {}
    for server in filter(None, (subject.config.database.primary, subject.config.database.replica)):
        parts = conninfo_to_dict(server.url)
        if not is_local(parts.get("host")):
            passwords[server.setting] = str(parts.get("password") or "")
    store = urlsplit(subject.config.store_url)
    if store.scheme.startswith("redis") and store.hostname not in {"127.0.0.1", "localhost", "::1"}:
        passwords["REDIS_URL"] = store.password or ""
    weak = [
        f"{setting} has a password of fewer than {MIN_PASSWORD} characters"
        for setting, password in passwords.items()
        if len(password) < MIN_PASSWORD
    ]
    if 0 < len(subject.settings.metrics_token) < MIN_TOKEN:
        weak.append(f"METRICS_TOKEN has fewer than {MIN_TOKEN} characters")
    return weak


def _for_development(subject: Subject) -> list[str]:
    kinds = {"CLERK_PUBLISHABLE_KEY": "pk_test_", "CLERK_SECRET_KEY": "sk_test_"}
    return [
        f"{name} is a key of a test instance"
        for name, kind in kinds.items()
        if subject.value(name).startswith(kind)
    ]


def _is_real(origin: str) -> bool:
    host = origin.partition("://")[2].rpartition(":")[0] or origin.partition("://")[2]
    return origin.startswith(BROWSERS) and host not in LOCAL and EXAMPLE not in origin
