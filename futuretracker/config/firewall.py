"""Settings of ``waf-log``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from futuretracker.config.environment import environment
from futuretracker.config.metrics import read_firewall_directory

if TYPE_CHECKING:
    from pathlib import Path


def read_waf_directory(dotenv: str = ".env") -> Path:
    """Read the folder of ``waf.json``; raise ConfigError if a setting is misspelt."""
    with environment(dotenv) as env:
        return read_firewall_directory(env)
