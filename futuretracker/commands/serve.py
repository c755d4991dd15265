"""``serve``: run the service with gunicorn.

gunicorn reads WEB_CONCURRENCY while Python imports it, before gunicorn.conf.py, and ends with a
traceback if it is not a number. Here all settings are checked first.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from futuretracker.config import Config

if TYPE_CHECKING:
    import argparse


def add_arguments(_parser: argparse.ArgumentParser) -> None:
    """Add no arguments: settings come from the environment and ``.env``."""


def run(_options: argparse.Namespace) -> int:
    """Check the settings, and replace this process by gunicorn."""
    Config.from_env()
    os.execv(sys.executable, [sys.executable, "-m", "gunicorn", "wsgi:app"])  # noqa: S606 - no shell
