"""What a user agent is, without the version that each update changes."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

BROWSERS: Final = (  # those that name others in their user agents come first
    "Headless", "Edg", "OPR", "SamsungBrowser", "FxiOS", "Firefox", "CriOS", "Chrome",
    "Safari",
)  # fmt: skip
SYSTEMS: Final = ("iPhone", "iPad", "Android", "Windows", "Macintosh", "CrOS", "Linux")
PRODUCT: Final = re.compile(r"[a-z][a-z_+-]*[a-z]")
LENGTH: Final = 24
NONE: Final = "none"


@lru_cache(maxsize=4096)
def family(agent: str) -> str:
    """Return ``Chrome/Windows`` for a browser, and ``curl`` for a program."""
    if "Mozilla/" not in agent:
        match = PRODUCT.search(agent.lower())
        return match[0][:LENGTH] if match else NONE
    browser = next((name for name in BROWSERS if name in agent), "Mozilla")
    system = next((name for name in SYSTEMS if name in agent), "other")
    return f"{browser}/{system}"


def is_program(name: str) -> bool:
    """Return whether the family is that of a program and not of a browser."""
    return "/" not in name or name.startswith("Headless")
