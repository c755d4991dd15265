"""A process that uses a store without a pause, as a worker does; tests damage its files."""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from tests.support import servers
from tests.support.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator

LOST = "shared store unavailable, rate limits are counted per process"
BACK = "shared store is available again"
# Each line of its output is a list: a log message with its cause, or "hits" with their number.
PROGRAM = """
import json, logging, select, sys, time
from futuretracker.store import Hit, SharedStore, open_store

class Printed(logging.Handler):
    def emit(self, record):
        tell(record.getMessage(), getattr(record, "cause", ""))

def tell(*what):
    sys.stdout.write(json.dumps(what) + "\\n")  # in one piece, because two threads write
    sys.stdout.flush()

logging.getLogger("futuretracker.store").addHandler(Printed())
SharedStore.RETRY = 0.2
SharedStore.SLOW = 60  # a busy machine is no fault of the store
store = open_store(sys.argv[1])
tell("ready", "")
number, new_keys = 0, sys.argv[2:] == ["new-keys"]
while True:
    number += 1
    other = number if new_keys else number % 500
    hits = store.visit([Hit("all", 10**9, 900), Hit(f"{other}", 10**9, 900)]).windows[0].hits
    if number % 10 == 0 and select.select([sys.stdin], [], [], 0)[0]:
        line = sys.stdin.readline()
        if not line:
            break
        new_keys = new_keys and line != "same keys\\n"
        tell("hits", hits)
    if not new_keys:
        time.sleep(0.001)
"""


class StoreProcess:
    """The running process."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.messages: list[tuple[str, str]] = []
        self._read_until("ready")

    def hits(self, command: str = "") -> int:
        """Return how often the key ``all`` has been hit, as the process sees it."""
        assert self.process.stdin is not None
        with suppress(BrokenPipeError):  # it has ended, which the next line reports
            self.process.stdin.write(f"{command}\n")
            self.process.stdin.flush()
        return int(self._read_until("hits"))

    def stop_new_keys(self) -> None:
        """Let the process use the same keys again and again, so that it needs no more space."""
        self.hits("same keys")

    def causes(self) -> list[str]:
        """Return why the process has lost its store, each time."""
        self.hits()
        return [cause for message, cause in self.messages if message == LOST]

    def times_back(self) -> int:
        """Return how often the process has got its store back."""
        self.hits()
        return [message for message, _ in self.messages].count(BACK)

    def _read_until(self, kind: str) -> str:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            message, value = json.loads(line)
            if message == kind:
                return str(value)
            self.messages.append((message, value))
        message = f"the process has ended with {self.process.wait()}"
        raise AssertionError(message)


@contextmanager
def store_process(
    url: str, *arguments: str, before: tuple[str, ...] = ()
) -> Iterator[StoreProcess]:
    """Run the process until the block ends; ``before`` is a command that runs it."""
    pipe = subprocess.PIPE
    command = [*before, sys.executable, "-c", PROGRAM, url, *arguments]
    with subprocess.Popen(command, cwd=servers.ROOT, stdin=pipe, stdout=pipe, text=True) as process:
        try:
            yield StoreProcess(process)
        finally:
            process.kill()


def wait_until_shared(*processes: StoreProcess) -> None:
    """Wait until each process counts the hits of all."""

    def is_shared() -> bool:
        seen = [process.hits() for process in processes]
        return seen[0] < seen[-1] == max(seen) and processes[0].hits() > seen[-1]

    wait_for(is_shared, what="the processes count together")
