"""A temporary machine: a real systemd as process 1 of its own namespaces.

Its files are those of the test host, under a layer in memory, so all changes vanish with it. It has
its own processes, network, journal, users and units.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

BOOT = Path(__file__).with_name("boot.sh")
# The machine ends with the tests, even if they are killed.
UNSHARE = [
    *("setpriv", "--pdeathsig=KILL", "unshare", "--kill-child", "--fork"),
    *("--mount", "--pid", "--cgroup", "--uts", "--ipc", "--net"),
]
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass(frozen=True)
class Machine:
    """A running machine; ``pid`` is the id of its systemd on the test host."""

    pid: int

    @property
    def root(self) -> Path:
        """Return the machine's root folder, as seen from the test host."""
        return Path(f"/proc/{self.pid}/root")

    def run(self, command: str, *, check: bool = True, connected: bool = False) -> str:
        """Run a shell command as root; return its output.

        ``connected`` gives it the test host's network and pip settings.
        """
        namespaces = ["--mount", "--pid", "--uts", "--ipc", "--cgroup", "--root", "--wd"]
        if not connected:
            namespaces.append("--net")
        env = {"PATH": PATH, "HOME": "/root", "LANG": "C.UTF-8"}
        if connected:
            env |= {name: value for name, value in os.environ.items() if name.startswith("PIP_")}
        done = subprocess.run(
            ["nsenter", f"--target={self.pid}", *namespaces, "sh", "-c", command],
            env=env,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=600,
        )
        assert not check or done.returncode == 0, f"{command}: {done.returncode}\n{done.stdout}"
        return done.stdout

    def state(self, unit: str, name: str) -> str:
        """Return a property of a unit."""
        return self.run(f"systemctl show --value -p {name} {unit}").strip()

    def journal(self, unit: str) -> str:
        """Return the messages of a unit, one per line."""
        return self.run(f"journalctl --sync; journalctl --no-pager -o cat -u {unit}")


@contextmanager
def machine(folder: Path, shared: Mapping[str, str]) -> Iterator[Machine]:
    """Boot a machine, and stop it when the block ends.

    ``shared`` maps folders of the test host to their places on the machine.
    """
    group = _control_group(folder / "cgroup")
    home = folder / "machine"
    home.mkdir()
    log = folder / "boot.log"
    # The shell joins the group, and then becomes the rest of the command.
    join = 'echo $$ > "$0/cgroup.procs" && exec "$@"'
    command = ["sh", "-c", join, str(group), *UNSHARE, "sh", str(BOOT), str(home)]
    command += [path for pair in shared.items() for path in pair]
    with log.open("wb") as file:
        process = subprocess.Popen(command, stdout=file, stderr=file)
    try:
        yield _booted(process, log)
    finally:
        process.kill()
        process.wait()
        _remove(group)


def _control_group(mount: Path) -> Path:
    """Create a control group that is the root of the machine's tree."""
    mount.mkdir()
    subprocess.run(["mount", "-t", "cgroup2", "cgroup2", mount], check=True)
    return Path(tempfile.mkdtemp(prefix="futuretracker-", dir=mount))


def _remove(group: Path) -> None:
    """Remove a control group and its children, once their last process has exited."""
    deadline = time.monotonic() + 120
    while "populated 1" in (group / "cgroup.events").read_text():
        assert time.monotonic() < deadline, "the machine still runs"
        time.sleep(0.05)
    for folder, _, _ in os.walk(group, topdown=False):
        Path(folder).rmdir()
    subprocess.run(["umount", group.parent], check=True)


def _booted(process: subprocess.Popen[bytes], log: Path) -> Machine:
    deadline = time.monotonic() + 180
    while time.monotonic() < deadline and process.poll() is None:
        found = _systemd(process.pid)
        if found:
            machine = Machine(found)
            if machine.run("systemctl is-system-running", check=False).strip() == "running":
                return machine
        time.sleep(0.1)
    message = f"the machine did not boot: {log.read_text()}"
    raise AssertionError(message)


def _systemd(pid: int) -> int | None:
    """Return the process that ``unshare`` started, once it runs systemd."""
    for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        if Path(f"/proc/{child}/comm").read_text().strip() == "systemd":
            return int(child)
    return None
