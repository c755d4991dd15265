"""Fixtures of the tests of the API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.support.events import recorded_events

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def lines() -> Iterator[list[dict[str, Any]]]:
    """The type and the fields of each log line."""
    with recorded_events() as events:
        yield events
