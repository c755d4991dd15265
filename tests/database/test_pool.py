"""How many connections a pool may open."""

from __future__ import annotations

from tests.conftest import config_from


def test_there_is_one_for_every_statement_at_a_time_and_every_thread(
    settings: dict[str, str],
) -> None:
    config = config_from({**settings, "STATEMENTS": "5", "THREADS": "3"})

    assert config.connections == 5 + 5 + 3
