"""Find misspelt names of settings."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

from futuretracker.config.table import SETTINGS

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

# Names of libpq, of the Postgres image and of Docker Compose, which share a .env file with ours.
OTHER_TOOLS = ("PG", "POSTGRES_", "COMPOSE_")
# Ratios of difflib. DATABASE_USER is 0.88 from DATABASE_URL, and TRUSTED_PROXY 0.86 from its name.
NEAR, NEARER = 0.85, 0.9


def misspelt(names: Iterable[str], present: Collection[str]) -> list[tuple[str, str]]:
    """Return each of ``names`` that is nearly a setting, with the setting that it resembles.

    ``present`` are all names with a value: a name must be nearer to a setting that is present.
    """
    pairs = ((name, _nearest(name, present)) for name in names)
    return [(name, right) for name, right in pairs if right]


def meant(setting: str, names: Iterable[str]) -> str | None:
    """Return the one of ``names`` that is nearly this setting's name."""
    return next((name for name in names if _nearest(name, ()) in _forms(setting)), None)


def _nearest(name: str, present: Collection[str]) -> str | None:
    known = [form for setting in SETTINGS for form in _forms(setting)]
    if name in known or name.startswith(OTHER_TOOLS) or _is_longer(name):
        return None
    absent = [setting for setting in known if setting not in present]
    found = get_close_matches(name, absent, 1, NEAR) or get_close_matches(name, known, 1, NEARER)
    return found[0] if found else None


def _forms(setting: str) -> tuple[str, str]:
    return setting, f"{setting}_FILE"


def _is_longer(name: str) -> bool:
    """Tell whether a name only adds words to a setting's, such as VITE_CLERK_PUBLISHABLE_KEY.

    That of one word does not count: METRIC_PORT is not meant to be a longer PORT.
    """
    known = [setting for setting in SETTINGS if "_" in setting]
    return any(name.endswith(f"_{one}") or name.startswith(f"{one}_") for one in known)
