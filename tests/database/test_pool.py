"""Which connection the pool lends."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.conftest import config_from

if TYPE_CHECKING:
    import psycopg

    from futuretracker.database.pool import Pool


def lent(pool: Pool, many: int = 1) -> list[int]:
    """Return by their sockets which connections are lent at once, in this order."""

    def numbers(conn: psycopg.Connection[Any]) -> list[int]:
        return [conn.fileno(), *(lent(pool, many - 1) if many > 1 else [])]

    return pool.run(numbers)


def test_the_connection_that_came_back_last_is_lent_first(pool: Pool) -> None:
    back = lent(pool, 3)[::-1]

    assert [lent(pool) for _ in range(5)] == [back[-1:]] * 5
    assert lent(pool, 2) == [back[-1], back[-2]]
    assert lent(pool) == back[-1:]


def test_there_is_one_for_every_statement_at_a_time_and_every_thread(
    settings: dict[str, str],
) -> None:
    config = config_from({**settings, "STATEMENTS": "5", "THREADS": "3"})

    assert config.connections == 5 + 5 + 3
