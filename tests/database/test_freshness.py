"""Who must read from the primary, also where nobody can say who has written."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from werkzeug.test import create_environ

from futuretracker.database.freshness import Freshness
from futuretracker.store import LmdbStore, SharedStore
from futuretracker.web.request import Request, Session
from tests.conftest import config_from

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from flask import Response

    from futuretracker.config import Config
    from futuretracker.store import Hit
    from futuretracker.store.base import Visit

ANSWER: Response = None  # any response does


@pytest.fixture
def config(settings: dict[str, str]) -> Config:
    return config_from({**settings, "DATABASE_REPLICA_URL": settings["DATABASE_URL"]})


class Breaking(LmdbStore):
    """A store that can be lost."""

    lost = False

    def visit(self, hits: Sequence[Hit], keys: Sequence[str] = ()) -> Visit:
        if self.lost:
            raise OSError
        return super().visit(hits, keys)


class Process:
    """What one process of the service knows of the store that it shares with others."""

    def __init__(self, config: Config, inner: Breaking) -> None:
        self.inner = inner
        self.store = SharedStore(self.inner)
        self.freshness = Freshness(config, self.store)

    def asked(self, method: str, session_id: str, *, known: bool = True) -> Request:
        """Pass a request by the guards, and its answer by the finisher."""
        request = Request(create_environ("/api/opportunities", method=method))
        request.session = Session("user_a", session_id, 0, None)
        request.recalled = request.session if known else None
        self.freshness.want(request)
        visit = self.store.visit([], request.wanted)
        request.shared = dict(zip(request.wanted, visit.values, strict=True))
        self.freshness.check(request)
        self.freshness.note(request, ANSWER)
        return request

    def reads_primary(self, session_id: str) -> bool:
        return self.asked("GET", session_id).reads_primary


@pytest.fixture
def one(config: Config, tmp_path: Path) -> Process:
    return Process(config, Breaking(f"lmdb://{tmp_path / 'shared'}"))


def test_a_mark_is_the_sessions_own_and_ends(one: Process, monkeypatch: pytest.MonkeyPatch) -> None:
    now = time.time()
    monkeypatch.setattr("time.time", lambda: now)
    one.asked("POST", "sess_a")

    assert one.reads_primary("sess_a")
    assert not one.reads_primary("sess_b")
    now += 9.9
    assert one.reads_primary("sess_a")
    now += 0.2
    assert not one.reads_primary("sess_a")


def test_processes_know_of_each_others_writes(config: Config, one: Process) -> None:
    other = Process(config, one.inner)
    one.asked("PATCH", "sess_a")

    assert other.reads_primary("sess_a")
    assert not other.reads_primary("sess_b")


def test_a_session_that_is_new_to_the_process_reads_from_the_primary(one: Process) -> None:
    assert one.asked("GET", "sess_a", known=False).reads_primary


def test_where_the_store_is_lost_everybody_reads_from_the_primary_until_it_is_back_for_the_window(
    one: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    ahead, real = 0.0, time.monotonic
    monkeypatch.setattr("time.monotonic", lambda: real() + ahead)
    assert not one.reads_primary("sess_a")
    one.inner.lost = True
    assert one.reads_primary("sess_a")
    one.inner.lost = False
    assert one.store.try_again()
    assert one.reads_primary("sess_a")
    ahead = 10.1
    assert not one.reads_primary("sess_a")


def test_without_a_replica_nothing_is_asked_and_nothing_kept(
    settings: dict[str, str], tmp_path: Path
) -> None:
    alone = Process(config_from(settings), Breaking(f"lmdb://{tmp_path / 'alone'}"))
    alone.asked("POST", "sess_a")

    assert alone.asked("GET", "sess_a").wanted == ()
    assert not alone.reads_primary("sess_a")
    assert alone.store.visit([], ["written:sess_a"]).values == [None]
