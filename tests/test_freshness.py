"""Who must read from the primary, also where nobody can say who has written."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from futuretracker.freshness import Freshness, Marks, OwnMarks
from tests.conftest import config_from

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask

    from futuretracker.config import Config
    from tests.conftest import User


@pytest.fixture
def config(settings: dict[str, str]) -> Config:
    return config_from({**settings, "DATABASE_REPLICA_URL": settings["DATABASE_URL"]})


class Broken(OwnMarks):
    """Marks that a lost store keeps; each half may be lost."""

    def __init__(self, *lost: str) -> None:
        super().__init__()
        self.lost = lost

    def put(self, key: str, value: bytes, seconds: float) -> None:
        if "put" in self.lost:
            raise OSError
        super().put(key, value, seconds)

    def get(self, key: str) -> bytes | None:
        if "get" in self.lost:
            raise OSError
        return super().get(key)


def test_a_mark_is_the_sessions_own_and_ends(
    config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 1000.0
    monkeypatch.setattr("time.time", lambda: now)
    freshness = Freshness(config, OwnMarks())
    freshness.mark("sess_a")
    assert freshness.must_read_primary("sess_a")
    assert not freshness.must_read_primary("sess_b")
    now += 9.9
    assert freshness.must_read_primary("sess_a")
    now += 0.2
    assert not freshness.must_read_primary("sess_a")


def test_processes_that_share_marks_know_of_each_others_writes(config: Config) -> None:
    shared = OwnMarks()
    one, other = Freshness(config, shared), Freshness(config, shared)
    one.mark("sess_a")

    assert other.must_read_primary("sess_a")


@pytest.mark.parametrize("lost", [("get",), ("put", "get")])
def test_where_marks_cannot_be_read_everybody_reads_from_the_primary(
    config: Config, lost: tuple[str, ...]
) -> None:
    freshness = Freshness(config, Broken(*lost))

    assert freshness.must_read_primary("sess_a")


def test_where_a_mark_cannot_be_kept_everybody_reads_from_the_primary_for_the_window(
    config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 1000.0
    monkeypatch.setattr("time.monotonic", lambda: now)
    marks: Marks = Broken("put")
    freshness = Freshness(config, marks)
    assert not freshness.must_read_primary("sess_a")
    freshness.mark("sess_b")
    assert freshness.must_read_primary("sess_a")
    now += 10.1
    assert not freshness.must_read_primary("sess_a")


@pytest.mark.parametrize(("replica", "asked"), [({}, []), ({"DATABASE_REPLICA_URL": "x"}, [1, 2])])
def test_without_a_replica_nothing_is_asked(  # noqa: PLR0917 - fixtures
    build: Callable[..., Flask],
    settings: dict[str, str],
    make_user: Callable[..., User],
    monkeypatch: pytest.MonkeyPatch,
    replica: dict[str, str],
    asked: list[int],
) -> None:
    calls: list[int] = []
    monkeypatch.setattr(OwnMarks, "put", lambda *_: calls.append(1))
    monkeypatch.setattr(OwnMarks, "get", lambda *_: calls.append(2))
    urls = dict.fromkeys(replica, settings["DATABASE_URL"])
    user = make_user(client=build(**urls).test_client())
    user.create()
    user.get("/api/opportunities")

    assert calls == asked
