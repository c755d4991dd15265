"""The file system of an LMDB store is full: an error, and never the end of the process."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.store.store_process import store_process, wait_until_shared
from tests.support.small_disk import fill, small_disk
from tests.support.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NO_SPACE = "OSError: No space left on device"


@pytest.fixture
def disk(needs_namespaces: None) -> Iterator[Path]:
    with small_disk("6m") as folder:
        yield folder


def test_without_space_at_the_start_each_process_counts_on_its_own_until_there_is_some(
    disk: Path,
) -> None:
    url = f"lmdb://{disk / 'store'}"
    ballast = fill(disk)
    with store_process(url) as first, store_process(url) as second:
        assert first.causes() == second.causes() == [NO_SPACE]
        assert list((disk / "store").iterdir()) == []
        ballast.unlink()
        wait_until_shared(first, second)


def test_without_space_later_no_process_ends_and_old_keys_are_counted_together(
    disk: Path,
) -> None:
    """What the file has is reserved, so the same keys need no more space."""
    url = f"lmdb://{disk / 'store'}"
    with store_process(url) as first, store_process(url) as second:
        wait_until_shared(first, second)
        fill(disk)
        wait_until_shared(first, second)
        with store_process(url) as third:
            wait_until_shared(first, second, third)
        assert first.causes() == second.causes() == []


def test_without_space_to_grow_no_process_ends(disk: Path) -> None:
    url = f"lmdb://{disk / 'store'}"
    with store_process(url, "new-keys") as first, store_process(url, "new-keys") as second:
        ballast = fill(disk)
        wait_for(lambda: first.causes() and second.causes(), what="the file is full")
        assert NO_SPACE in first.causes() + second.causes()  # one may have lost it by the other
        ballast.unlink()
        first.stop_new_keys()  # or they fill the disk again and again
        second.stop_new_keys()
        wait_until_shared(first, second)


def test_a_file_grows_in_every_process(disk: Path) -> None:
    url = f"lmdb://{disk / 'store'}"
    with store_process(url, "new-keys") as first, store_process(url, "new-keys") as second:
        wait_for(lambda: (disk / "store" / "data.mdb").stat().st_size >= 4 * 2**20)
        first.stop_new_keys()
        second.stop_new_keys()
        assert first.causes() == second.causes() == []
        wait_until_shared(first, second)
