"""Which connection the pool lends."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from futuretracker.pool import Pool


def lent(pool: Pool) -> int:
    """Return by its socket which connection is lent."""
    with pool.lend() as conn:
        return conn.fileno()


def opened(pool: Pool) -> list[int]:
    """Let the pool open all its connections; return them in the order of their return."""
    with ExitStack() as stack:
        return [stack.enter_context(pool.lend()).fileno() for _ in range(3)][::-1]


def test_the_connection_that_came_back_last_is_lent_first(pool: Pool) -> None:
    back = opened(pool)

    assert [lent(pool) for _ in range(5)] == [back[-1]] * 5
    with pool.lend() as first, pool.lend() as second:
        assert [first.fileno(), second.fileno()] == [back[-1], back[-2]]
    assert lent(pool) == back[-1]
