"""``serve``: run the service with gunicorn.

This checks all settings first. gunicorn reads WEB_CONCURRENCY when it is imported, before
gunicorn.conf.py, and would end with a traceback if it is not a number.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from futuretracker.config import Config

if TYPE_CHECKING:
    import argparse


def add_arguments(_parser: argparse.ArgumentParser) -> None:
    """Add no arguments: settings come from the environment and ``.env``."""


def run(_options: argparse.Namespace) -> int:
    """Check the settings, and replace this process by gunicorn."""
    Config.from_env()
    replace_this_process("wsgi:app")


def replace_this_process(application: str, *options: str) -> NoReturn:
    """Replace this process by gunicorn, which reads gunicorn.conf.py and then ``options``."""
    if not Path("gunicorn.conf.py").exists():  # gunicorn would run with its own defaults
        sys.exit(f"Run it in the folder of FutureTracker: {Path.cwd()} has no gunicorn.conf.py.")
    command = [sys.executable, "-m", "gunicorn", *options, application]
    os.execv(sys.executable, command)  # noqa: S606 - no shell
