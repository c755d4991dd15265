"""Who was served lately is known to all processes that one process has forked."""

from __future__ import annotations

import os

from futuretracker.limits.served import Served


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
