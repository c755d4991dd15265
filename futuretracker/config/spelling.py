"""Find misspelt names: of settings, and of whatever else has a list of known names."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

from futuretracker.config.table import SETTINGS

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

# Prefixes of libpq, the Postgres image and Docker Compose, which may use the same .env file.
OTHER_TOOLS = ("PG", "POSTGRES_", "COMPOSE_")
# Similarities by difflib: DATABASE_USER and DATABASE_URL have 0.88, TRUSTED_PROXY and
# TRUSTED_PROXIES 0.86.
NEAR, NEARER = 0.85, 0.9


def misspelt(names: Iterable[str], present: Collection[str]) -> list[tuple[str, str]]:
    """Return each of ``names`` that is nearly a setting, with the setting that it resembles.

    ``present`` holds all names that have a value. A name must be more similar to one of them
    (``NEARER``) to count as a misspelt form of it.
    """
    pairs = ((name, _nearest(name, present)) for name in names)
    return [(name, right) for name, right in pairs if right]


def meant(setting: str, names: Iterable[str]) -> str | None:
    """Return the first of ``names`` that looks like this setting misspelt, or None."""
    return next((name for name in names if _nearest(name, ()) in _forms(setting)), None)


def nearest(name: str, known: Sequence[str], similarity: float) -> str | None:
    """Return the known name that is most similar to this one, if it is at least so similar."""
    found = get_close_matches(name, known, 1, similarity)
    return found[0] if found else None


def _nearest(name: str, present: Collection[str]) -> str | None:
    known = [form for setting in SETTINGS for form in _forms(setting)]
    if name in known or name.startswith(OTHER_TOOLS) or _is_longer(name):
        return None
    absent = [setting for setting in known if setting not in present]
    return nearest(name, absent, NEAR) or nearest(name, known, NEARER)


def _forms(setting: str) -> tuple[str, str]:
    return setting, f"{setting}_FILE"


def _is_longer(name: str) -> bool:
    """Tell whether a name only adds words to a setting's, such as VITE_CLERK_PUBLISHABLE_KEY.

    Settings of one word do not count: METRIC_PORT is METRICS_PORT misspelt, not a longer PORT.
    """
    known = [setting for setting in SETTINGS if "_" in setting]
    return any(name.endswith(f"_{one}") or name.startswith(f"{one}_") for one in known)
