"""Who was served lately is known to all processes that one process has forked."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from futuretracker.limits.served import Served

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.servers import Service


def test_a_user_is_not_another_one() -> None:
    served = Served()
    served.note("alice", 10.0)
    served.note("alice", 11.0)

    assert served.other_at("alice") == 0.0
    assert served.other_at("bob") == 11.0


def test_the_last_other_user_counts() -> None:
    served = Served()
    served.note("alice", 10.0)
    served.note("bob", 20.0)
    served.note("bob", 21.0)

    assert served.other_at("bob") == 10.0
    assert served.other_at("alice") == 21.0


def test_forked_processes_share_it() -> None:
    served = Served()
    if (child := os.fork()) == 0:
        served.note("alice", 10.0)
        os._exit(0)
    os.waitpid(child, 0)

    assert served.other_at("bob") == 10.0
    assert served.other_at("alice") == 0.0


def shared_memory(pid: int) -> set[str]:
    """Return the inodes of the memory that a process shares with those that it has forked."""
    lines = [line.split() for line in Path(f"/proc/{pid}/maps").read_text().splitlines()]
    return {
        inode for _, flags, _, _, inode, *file in lines if flags[3] == "s" and "/dev/zero" in file
    }


def test_the_workers_of_a_service_share_it(serve: Callable[..., Service]) -> None:
    """gunicorn's first process has it, too: it was there before the fork."""
    service = serve(WEB_CONCURRENCY="2")
    first, second = service.workers()

    assert (
        shared_memory(first) == shared_memory(second) == shared_memory(service.process.pid) != set()
    )
