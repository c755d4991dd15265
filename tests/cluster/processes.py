"""A server at a node, which can be stopped, killed and started again."""

from __future__ import annotations

import os
import signal
import subprocess
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.processes import children
from tests.support.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.cluster.network import Network


@dataclass
class Server:
    """A server process in a session of its own, so that Ctrl-C reaches only the tests.

    ``account`` is its user and group id. ``ending`` is the signal that ends it; it also receives
    this signal if the tests are killed.
    """

    network: Network
    node: str
    command: list[str]
    log: Path
    env: Mapping[str, str] = field(default_factory=dict)
    account: tuple[int, int] | None = None
    cwd: Path | None = None
    ending: signal.Signals = signal.SIGTERM
    process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        return self.network.address(self.node)

    @property
    def inside(self) -> list[str]:
        """Return the prefix of a command that runs it at the same node."""
        return self.network.inside(self.node)

    @property
    def pid(self) -> int:
        assert self.process is not None
        return self.process.pid

    def start(self) -> None:
        """Start the server; each process replaces the one before it."""
        before = ["setpriv", f"--pdeathsig={self.ending.name.removeprefix('SIG')}"]
        if self.account:
            user, group = self.account
            before += [f"--reuid={user}", f"--regid={group}", "--clear-groups"]
        with self.log.open("ab") as file:
            self.process = subprocess.Popen(
                [*self.inside, *before, *self.command],
                cwd=self.cwd or self.log.parent,
                env={"PATH": os.environ["PATH"], **self.env},
                stdout=file,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def terminate(self) -> None:
        """Request the server to stop."""
        assert self.process is not None
        self.process.send_signal(self.ending)

    def wait(self, within: float = 120) -> int:
        """Wait until the server has exited; return its exit code."""
        assert self.process is not None
        return self.process.wait(within)

    def kill(self) -> None:
        """Kill all of its processes at once, as when a host fails; return when none is left."""
        assert self.process is not None
        members = children(self.pid) if self.process.poll() is None else []
        with suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        self.process.wait()
        wait_for(lambda: not any(map(_runs, members)), what=f"{members} have ended")

    def end(self) -> None:
        """Stop the server, whatever its state."""
        if self.process is not None:
            with suppress(subprocess.TimeoutExpired):
                self.terminate()
                self.wait(within=30)
            self.kill()

    def wait_until(self, ready: Callable[[], object]) -> None:
        """Wait until the server is ready; fail with its output if it never is."""

        def settled() -> bool:
            assert self.process is not None
            if self.process.poll() is not None:
                raise AssertionError(f"{self.node} ended: {self.log.read_text()[-2000:]}")
            return bool(ready())

        wait_for(settled, what=f"{self.node} is ready")


def _runs(pid: int) -> bool:
    """Return whether a process still has open sockets, which a zombie has not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False
