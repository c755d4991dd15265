"""Check whether Debian has newer rules for the firewall, and whether nginx runs the installed ones.

It reads apt's list of packages, which ``apt-get update`` renews; Debian can do that daily.

Exit status:
    0: the newest rules are in use
    1: the rules are not installed, newer packages can be installed, or nginx must be reloaded
    3: apt's list of packages is too old to say, or apt does not work
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from pathlib import Path

PACKAGES = ("modsecurity-crs", "libmodsecurity3", "libnginx-mod-http-modsecurity", "nginx")
PAGE = "docs/operations/waf.md, '{}', says how to install it."
OUTDATED, UNKNOWN = 1, 3
OLDEST = 8 * 86400  # seconds
LISTS = Path(os.environ.get("APT_LISTS") or "/var/lib/apt/lists")
# dpkg writes this file when it installs the rules, and nginx this one when it starts.
INSTALLED = Path(os.environ.get("RULES_LIST") or "/var/lib/dpkg/info/modsecurity-crs.list")
NGINX = Path(os.environ.get("NGINX_PID") or "/run/nginx.pid")


def outdated() -> list[str]:
    """Return sentences about missing rules or newer packages; raise OSError."""
    found = versions()
    if found["modsecurity-crs"][0] == "(none)":
        return ["modsecurity-crs is not installed.", PAGE.format("Install it")]
    newer = [
        f"{name} {candidate} is available; {installed} is installed."
        for name, (installed, candidate) in found.items()
        if "(none)" not in (installed, candidate) and installed != candidate
    ]
    return [*newer, PAGE.format("Update the rules")] if newer else []


def versions() -> dict[str, tuple[str, str]]:
    """Return the installed and the newest version of each package; raise OSError."""
    command = ["apt-cache", "policy", *PACKAGES]
    done = subprocess.run(  # noqa: S603 - no input of anybody
        command, capture_output=True, text=True, check=False, env={**os.environ, "LC_ALL": "C"}
    )
    found = re.findall(r"(?m)^(\S+):\n  Installed: (\S+)\n  Candidate: (\S+)$", done.stdout)
    known = {name: (installed, candidate) for name, installed, candidate in found}
    if done.returncode or "modsecurity-crs" not in known:
        message = f"apt-cache does not work: {done.stderr.strip() or 'it knows no modsecurity-crs'}"
        raise OSError(message)
    return known


def workers_started() -> float | None:
    """Return when nginx' oldest worker started (UNIX time); None if nginx does not run.

    A reload replaces the workers, and the main process goes on.
    """
    try:
        main = int(NGINX.read_text())
        children = Path(f"/proc/{main}/task/{main}/children").read_text().split()
        return min(_started(child) for child in children or [str(main)])
    except (OSError, ValueError):
        return None


def _started(process: str) -> float:
    ticks = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[19]
    [boot] = re.findall(r"(?m)^btime (\d+)$", Path("/proc/stat").read_text())
    return int(boot) + int(ticks) / os.sysconf("SC_CLK_TCK")


def main() -> int:
    """Print what is to be done, and return the exit status."""
    age = time.time() - max((path.stat().st_mtime for path in LISTS.glob("*")), default=0.0)
    if age > OLDEST:
        print("apt's list of packages is older than a week. Run: apt-get update")
        return UNKNOWN
    try:
        found = outdated()
    except OSError as error:
        print(error)
        return UNKNOWN
    for sentence in found:
        print(sentence)
    started = workers_started()
    if started and INSTALLED.exists() and started < INSTALLED.stat().st_mtime:
        found.append("old rules")
        print("nginx has not loaded the installed rules. Run: futuretracker waf-check --reload")
    if not found:
        print("The newest rules are in use.")
    return OUTDATED if found else 0


if __name__ == "__main__":
    sys.exit(main())
