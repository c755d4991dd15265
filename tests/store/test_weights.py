"""A hit with a weight counts as several, or not at all, in each kind of store."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from futuretracker.store import Hit

if TYPE_CHECKING:
    from tests.store.conftest import Kind

MINUTE = 60


def hits(store: Kind, *keys: str) -> list[int]:
    return [store.get(key) for key in keys]


def test_a_weight_counts_as_so_many_hits(store: Kind) -> None:
    visit = store.visit([Hit("once", 10, MINUTE), Hit("heavy", 10, MINUTE, 7)])

    assert [window.hits for window in visit.windows] == [1, 7]
    assert hits(store, "once", "heavy") == [1, 7]
    assert store.visit([Hit("heavy", 10, MINUTE, 3)]).windows[0].hits == 10


def test_a_weight_that_does_not_fit_is_not_counted(store: Kind) -> None:
    store.visit([Hit("heavy", 10, MINUTE, 7)])

    visit = store.visit([Hit("heavy", 10, MINUTE, 4)])

    assert [window.hits for window in visit.windows] == [11]
    assert hits(store, "heavy") == [7]
    assert store.visit([Hit("heavy", 10, MINUTE, 3)]).windows[0].hits == 10


def test_one_that_does_not_fit_keeps_the_others_from_counting(store: Kind) -> None:
    store.visit([Hit("full", 10, MINUTE, 8)])

    visit = store.visit(
        [
            Hit("once", 10, MINUTE),
            Hit("free", 10, MINUTE, 5),
            Hit("full", 10, MINUTE, 5),
            Hit("behind", 10, MINUTE, 5),
        ]
    )

    assert [window.hits for window in visit.windows] == [1, 5, 13]
    assert hits(store, "once", "free", "full", "behind") == [1, 0, 8, 0]


@pytest.mark.parametrize("weight", [11, 1_000])
def test_a_weight_that_never_fits_opens_a_window(store: Kind, weight: int) -> None:
    first, again = (store.visit([Hit("heavy", 10, MINUTE, weight)]).windows[0] for _ in range(2))

    assert (first.hits, again.hits) == (weight, weight)
    assert first.ends_at == pytest.approx(again.ends_at, abs=1)
    assert hits(store, "heavy") == [0]
