"""Which sessions read from the primary, also while the store is down."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from flask import Response

from futuretracker.database.freshness import Freshness
from futuretracker.store import LmdbStore, SharedStore
from futuretracker.web.application import Application
from futuretracker.web.request import Session, current
from tests.conftest import config_from

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from futuretracker.config import Config
    from futuretracker.store import Hit
    from futuretracker.store.base import Visit
    from futuretracker.web.request import Request


@pytest.fixture
def config(settings: dict[str, str]) -> Config:
    return config_from({**settings, "DATABASE_REPLICA_URL": settings["DATABASE_URL"]})


class Breaking(LmdbStore):
    """A store that can be made to fail."""

    broken = False

    def visit(self, hits: Sequence[Hit], keys: Sequence[str] = ()) -> Visit:
        if self.broken:
            raise OSError
        return super().visit(hits, keys)


class Process:
    """One process of the service, with a store that it shares with others."""

    def __init__(self, config: Config, inner: Breaking) -> None:
        self.inner = inner
        self.store = SharedStore(self.inner)
        self.freshness = Freshness(config.database, self.store)
        self.app = Application("process")

    def serve(self, method: str, session_id: str) -> Request:
        """Serve a request as far as freshness is concerned."""
        with self.app.test_request_context("/api/opportunities", method=method):
            request = current()
            request.session, request.user_id = Session("user_a", session_id, 0, None), uuid4()
            keys = self.freshness.keys(request)
            values = dict(zip(keys, self.store.visit([], keys).values, strict=True))
            request.reads_primary = self.freshness.needs_primary(request, values)
            self.freshness.mark_write(Response())
        return request

    def reads_primary(self, session_id: str) -> bool:
        return self.serve("GET", session_id).reads_primary


@pytest.fixture
def one(config: Config, tmp_path: Path) -> Process:
    return Process(config, Breaking(f"lmdb://{tmp_path / 'shared'}"))


def test_a_mark_holds_for_one_session_and_expires(
    one: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = time.time()
    monkeypatch.setattr("time.time", lambda: now)
    one.serve("POST", "sess_a")

    assert one.reads_primary("sess_a")
    assert not one.reads_primary("sess_b")
    now += 9.9
    assert one.reads_primary("sess_a")
    now += 0.2
    assert not one.reads_primary("sess_a")


def test_a_write_in_one_process_counts_in_the_others(config: Config, one: Process) -> None:
    other = Process(config, one.inner)
    one.serve("PATCH", "sess_a")

    assert other.reads_primary("sess_a")
    assert not other.reads_primary("sess_b")


def test_while_the_store_is_down_and_for_the_window_after_it_all_sessions_read_from_the_primary(
    one: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    ahead, real = 0.0, time.monotonic
    monkeypatch.setattr("time.monotonic", lambda: real() + ahead)
    assert not one.reads_primary("sess_a")
    one.inner.broken = True
    assert one.reads_primary("sess_a")
    one.inner.broken = False
    assert one.store.try_again()
    assert one.reads_primary("sess_a")
    ahead = 10.1
    assert not one.reads_primary("sess_a")


def test_without_a_replica_nothing_is_read_from_the_store_or_written_to_it(
    settings: dict[str, str], tmp_path: Path
) -> None:
    alone = Process(config_from(settings), Breaking(f"lmdb://{tmp_path / 'alone'}"))
    alone.serve("POST", "sess_a")

    assert not alone.reads_primary("sess_a")
    assert alone.freshness.keys(alone.serve("GET", "sess_a")) == []
    assert alone.store.visit([], ["written:sess_a"]).values == [None]
