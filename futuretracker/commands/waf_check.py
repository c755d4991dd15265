"""``waf-check``: check the firewall's files, and reload nginx only if they are usable."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from futuretracker.checks.firewall import nginx
from futuretracker.checks.firewall.exclusions import exclusions
from futuretracker.checks.firewall.findings import problems
from futuretracker.checks.firewall.problem import FirewallProblem
from futuretracker.checks.firewall.statements import rule_ids, statements

if TYPE_CHECKING:
    import argparse

FOLDER = Path("/etc/nginx/futuretracker/waf")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the folder, the nginx, and the option to reload."""
    parser.add_argument(
        "folder",
        nargs="?",
        type=Path,
        default=FOLDER,
        help=f"the firewall's files (default: {FOLDER})",
    )
    parser.add_argument(
        "--nginx",
        default="/usr/sbin/nginx",
        metavar="COMMAND",
        help="the nginx that uses them, with its options (default: /usr/sbin/nginx)",
    )
    parser.add_argument(
        "--reload", action="store_true", help="reload nginx if everything is in order"
    )


def run(options: argparse.Namespace) -> int | str:
    """Say what is wrong, or how many rules there are."""
    folder: Path = options.folder.absolute()
    command = shlex.split(options.nginx)
    try:
        found = statements(folder / "main.conf")
        if wrong := problems(found, folder):
            return "\n".join(wrong)
        nginx.check(command)
        if options.reload:
            nginx.reload(command)
    except FirewallProblem as problem:
        return str(problem)
    excluded = sum(1 for _ in exclusions(found, folder))
    done = "nginx reloads them" if options.reload else "nginx accepts them"
    print(f"{done}: {len(rule_ids(found))} rules, {excluded} exclusions")  # noqa: T201 - the command's output
    return 0
