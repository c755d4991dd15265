"""Check pinned packages for known vulnerabilities: pip's with OSV, npm's with its registry.

Arguments are requirements files with hashes, and folders with a package-lock.json. The default is
all of this repository. ``OSV_URL`` replaces Google's OSV.

Exit status:
    0: no vulnerability is known
    1: a vulnerability is known
    2: an argument does not exist
    3: an advisory service was unavailable, and the others know none (0 with AUDIT_OFFLINE=ok)
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

OSV = "https://api.osv.dev/v1/query"
VULNERABLE, MISUSED, UNREACHED = 1, 2, 3
ALL = (
    "requirements.txt",
    "requirements-run.txt",
    "requirements-dev.txt",
    "benchmarks/peers",
    "clients/typescript",
    "tests/clients",
    "tests/clients/linters",
    "tests/clients/node",
    "tests/clients/vite",
    "tests/deploy/pm2",
    "tests/support/axe",
)
LONGEST = 600  # seconds for one file


class UnreachedError(Exception):
    """An advisory service was unavailable; the message says which."""


def audit_pip(requirements: Path) -> list[str]:
    """Return one line for each vulnerability of a pinned package."""
    service = os.environ.get("OSV_URL") or OSV
    # With PyPI's service, pip-audit would skip packages that the index does not know.
    asked = ["--vulnerability-service", "osv", "--osv-url", service]
    given = ["--requirement", str(requirements), "--require-hashes", "--disable-pip"]
    program = str(Path(sys.executable).with_name("pip-audit"))
    report = _report([program, *given, *asked, "--format", "json", "--progress-spinner", "off"])
    packages = report.get("dependencies")
    if not packages or any("skip_reason" in package for package in packages):
        raise UnreachedError(f"{service} was unavailable for {requirements}")
    return [
        f"{package['name']} {package['version']} ({requirements}): {found['id']}"
        f", fixed in {' or '.join(found['fix_versions']) or 'no version'}"
        for package in packages
        for found in package["vulns"]
    ]


def audit_npm(folder: Path) -> list[str]:
    """Return one line for each vulnerable package of a lock file."""
    npm = shutil.which("npm")
    report = _report([npm, "audit", "--json", "--prefix", str(folder)]) if npm else {}
    if "auditReportVersion" not in report:
        raise UnreachedError(f"npm's registry was unavailable for {folder}")
    return [
        f"{name} ({folder}): {package['severity']}, {', '.join(map(_cause, package['via']))}"
        for name, package in report["vulnerabilities"].items()
    ]


def _cause(via: str | dict[str, Any]) -> str:
    """Return the URL of the advisory, or the name of the vulnerable dependency."""
    return f"through {via}" if isinstance(via, str) else str(via["url"])


def _report(command: list[str]) -> dict[str, Any]:
    """Run an auditor; return an empty report if it printed none, as when it is offline."""
    try:
        result = subprocess.run(  # noqa: S603 - their own programs, and files of this tree
            command, check=False, capture_output=True, text=True, timeout=LONGEST
        )
        report = json.loads(result.stdout)
    except (ValueError, subprocess.TimeoutExpired):
        return {}
    return report if isinstance(report, dict) else {}


def main(names: list[str]) -> int:
    """Check everything, print the result, and return the exit status."""
    if missing := [name for name in names if not _pinned(Path(name)).is_file()]:
        print(f"No such file: {', '.join(missing)}", file=sys.stderr)
        return MISUSED
    found, unreached = [], []
    for path in map(Path, names):
        try:
            found += audit_npm(path) if path.is_dir() else audit_pip(path)
        except UnreachedError as error:
            unreached.append(f"{error}: it was not checked.")
    print("\n".join(found + unreached) or f"No known vulnerabilities in: {', '.join(names)}")
    if found:
        return VULNERABLE
    return UNREACHED if unreached and os.environ.get("AUDIT_OFFLINE") != "ok" else 0


def _pinned(path: Path) -> Path:
    return path / "package-lock.json" if path.is_dir() else path


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:] or list(ALL)))
