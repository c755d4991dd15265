"""The command line of ``benchmarks.bench``."""

from __future__ import annotations

import argparse
import re
from pathlib import Path

from benchmarks.results import RESULTS
from benchmarks.servers import PROCESSES
from benchmarks.workloads import NAMES

SERVERS = (*PROCESSES, "pgbench")


def read_arguments() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description="Compare this service with its peers.")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=2, help="seconds per load (default: 2)")
    parser.add_argument("--workloads", nargs="+", choices=NAMES, default=NAMES)
    parser.add_argument("--servers", nargs="+", choices=SERVERS, default=SERVERS)
    parser.add_argument("--behind", choices=["nginx"], help="put nginx in front of every server")
    parser.add_argument(
        "--processes",
        type=_processes,
        default={},
        metavar="NAME=N,...",
        help="processes of each server"
        f" (default: {','.join(f'{k}={v}' for k, v in PROCESSES.items())})",
    )
    parser.add_argument(
        "--variant",
        type=_variant,
        action="append",
        default=[],
        metavar="NAME=ARGUMENTS",
        help="also load this service with further arguments for gunicorn, such as"
        " 'python-parser=--http-parser python'",
    )
    parser.add_argument(
        "--base",
        type=checkout,
        metavar="FOLDER",
        help="also load this service from another checkout, as the server 'base'",
    )
    parser.add_argument("--output", type=_name, metavar="NAME", help="save NAME.json, .md and .svg")
    parser.add_argument("--results", type=Path, default=RESULTS, help="the folder for these files")
    options = parser.parse_args()
    options.processes = {**PROCESSES, **options.processes}
    return options


def _processes(text: str) -> dict[str, int]:
    found = {}
    for part in text.split(","):
        name, _, number = part.partition("=")
        if name not in PROCESSES or not re.fullmatch("[1-9][0-9]?", number):
            raise argparse.ArgumentTypeError(f"'{part}' is not a pair such as futuretracker=2")
        found[name] = int(number)
    return found


def _variant(text: str) -> tuple[str, str]:
    name, _, arguments = text.partition("=")
    return _name(name), arguments


def checkout(text: str) -> Path:
    """Return the folder of a checkout of this service."""
    folder = Path(text).resolve()
    for name in ("gunicorn.conf.py", "wsgi.py"):
        if not (folder / name).is_file():
            raise argparse.ArgumentTypeError(f"there is no {name} in {folder}")
    return folder


def _name(text: str) -> str:
    if not re.fullmatch(r"[a-z0-9.-]+", text):
        raise argparse.ArgumentTypeError(
            "a name may contain lower-case letters, digits, '.' and '-'"
        )
    return text
