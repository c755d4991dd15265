"""A folder that other users can write to is not used: they could change what the service reads."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from futuretracker.store import Hit, LmdbStore, NotPrivate, check_private, open_store

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

OTHER_USER = 12345


def make_link(folder: Path) -> None:
    folder.rename(folder.with_name("elsewhere"))
    folder.symlink_to(folder.with_name("elsewhere"))


CASES: dict[str, tuple[Callable[[Path], object], str]] = {
    "a folder that others can write to": (
        lambda folder: folder.chmod(0o777),
        "{} is open to other users (mode 0777)",
    ),
    "a folder that others can read": (
        lambda folder: folder.chmod(0o750),
        "{} is open to other users (mode 0750)",
    ),
    "a folder of another user": (
        lambda folder: os.chown(folder, OTHER_USER, -1),
        f"{{}} belongs to another user (id {OTHER_USER})",
    ),
    "a file that others can write to": (
        lambda folder: (folder / "data.mdb").chmod(0o666),
        "{}/data.mdb is open to other users (mode 0666)",
    ),
    "locks of another user": (
        lambda folder: os.chown(folder / "lock.mdb", OTHER_USER, -1),
        f"{{}}/lock.mdb belongs to another user (id {OTHER_USER})",
    ),
    "a link": (make_link, "{} is not a folder"),
}


@pytest.fixture
def folder(url: str, tmp_path: Path) -> Path:
    LmdbStore(url).close()
    return tmp_path / "store"


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        pytest.param(
            *case, id=name, marks=pytest.mark.needs("root") if "another user" in name else ()
        )
        for name, case in CASES.items()
    ],
)
def test_what_is_not_private_is_named_and_not_used(
    folder: Path,
    url: str,
    change: Callable[[Path], object],
    problem: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    before = (folder / "data.mdb").read_bytes()
    change(folder)

    with pytest.raises(NotPrivate) as refused:
        check_private(folder)
    assert str(refused.value) == problem.format(folder)
    store = open_store(url)
    assert store.visit([Hit("key", 9, 60)]).windows[0].hits == 1
    assert not store.check()
    assert [vars(record)["cause"] for record in caplog.records] == [
        f"NotPrivate: {problem.format(folder)}"
    ]
    assert (folder / "data.mdb").read_bytes() == before


def test_a_new_store_is_private_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        LmdbStore(f"lmdb://{tmp_path / 'store'}").close()
    finally:
        os.umask(before)

    check_private(tmp_path / "store")
    modes = {file.name: file.stat().st_mode & 0o777 for file in (tmp_path / "store").iterdir()}
    assert modes == {"data.mdb": 0o600, "lock.mdb": 0o600, "pair": 0o600, "tried": 0o600}


def test_a_file_that_others_could_read_is_closed(folder: Path, url: str) -> None:
    """Version 1.0 made such files, in a folder that was closed."""
    (folder / "data.mdb").chmod(0o755)
    assert open_store(url).check()

    assert (folder / "data.mdb").stat().st_mode & 0o777 == 0o600


def test_what_does_not_exist_is_private(tmp_path: Path) -> None:
    check_private(tmp_path / "not" / "yet")
