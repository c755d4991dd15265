"""The conditions of a measurement, which readers need to interpret its results."""

from __future__ import annotations

import datetime as dt
import os
import platform
import re
import shutil
import subprocess
import sysconfig
from pathlib import Path


def conditions() -> dict[str, object]:
    """Return the date, the machine, and the versions of the programs."""
    return {
        "date": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
        "python": f"{platform.python_version()} ({_optimised()})",
        "node": _version("node"),
        "system": f"{platform.system()} {platform.machine()}",
        "cpu": _cpu(),
        "cores": os.cpu_count(),
        "load before": round(os.getloadavg()[0], 2),
    }


def _optimised() -> str:
    """Describe the interpreter's build: PGO and LTO make it about a fifth faster."""
    names = ("CONFIG_ARGS", "PY_CFLAGS", "PY_CORE_CFLAGS", "PY_CFLAGS_NODIST")
    flags = " ".join(str(sysconfig.get_config_var(name)) for name in names)
    found = {
        "PGO": "--enable-optimizations" in flags or "-fprofile-use" in flags,
        "LTO": "--with-lto" in flags or "-flto" in flags,
    }
    named = " and ".join(name for name, is_there in found.items() if is_there)
    # Debian builds with both, but its interpreter does not say so.
    return f"built with {named}" if named else "its build names neither PGO nor LTO"


def _version(program: str) -> str | None:
    if not (path := shutil.which(program)):
        return None
    done = subprocess.run([path, "--version"], capture_output=True, text=True, check=False)
    return done.stdout.strip()


def _cpu() -> str:
    found = re.search(r"^model name\s*: (.*)", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    return found[1] if found else platform.processor()
