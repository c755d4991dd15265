"""``openapi``: print the OpenAPI document."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from flask import Flask

from futuretracker import api
from futuretracker.api.openapi.document import document

if TYPE_CHECKING:
    import argparse


def add_arguments(_parser: argparse.ArgumentParser) -> None:
    """Add no arguments: the document is the same everywhere."""


def run(_options: argparse.Namespace) -> int:
    """Print the document of ``/api/v1/openapi.json``, indented and sorted for a diff."""
    app = Flask(__name__, static_folder=None)
    api.register_routes(app)
    print(json.dumps(document(app), indent=2, sort_keys=True, ensure_ascii=False))  # noqa: T201 - the output of a command
    return 0
