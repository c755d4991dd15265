"""The files of an LMDB store are damaged, cut, removed or replaced while processes use them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from futuretracker.store import Hit, LmdbStore, lmdb_file, open_store, probe, repair
from tests.store.store_process import store_process, wait_until_shared
from tests.support import servers
from tests.support.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

HIT = Hit("key", 10**6, 60)
LOST = "shared store unavailable, rate limits are counted per process"


def remove_both(folder: Path) -> None:
    for file in folder.iterdir():
        file.unlink()


def replace_file(folder: Path) -> None:
    """Put a sound file of another store in place of this one."""
    other = folder.parent / "other"
    LmdbStore(f"lmdb://{other}").close()
    (other / "data.mdb").rename(folder / "data.mdb")


def replace_locks(folder: Path) -> None:
    other = folder.parent / "other"
    LmdbStore(f"lmdb://{other}").close()
    (other / "lock.mdb").rename(folder / "lock.mdb")


def replace_folder(folder: Path) -> None:
    shutil.rmtree(folder)
    LmdbStore(f"lmdb://{folder}").close()


def overwrite(folder: Path, start: int = 0) -> None:
    """Overwrite the contents in place, from the byte ``start``."""
    with (folder / "data.mdb").open("r+b") as file:
        file.seek(start)
        file.write(os.urandom(2**20 - start))


FAULTS: dict[str, Callable[[Path], object]] = {
    "data removed": lambda folder: (folder / "data.mdb").unlink(),
    "locks removed": lambda folder: (folder / "lock.mdb").unlink(),
    "both removed": remove_both,
    "folder removed": shutil.rmtree,
    "folder renamed": lambda folder: folder.rename(folder.with_name("elsewhere")),
    "file replaced": replace_file,
    "locks replaced": replace_locks,
    "folder replaced": replace_folder,
    "cut to nothing": lambda folder: os.truncate(folder / "data.mdb", 0),
    "cut to 8 KiB": lambda folder: os.truncate(folder / "data.mdb", 8192),
    "cut in the middle": lambda folder: os.truncate(folder / "data.mdb", 100_000),
    "locks cut": lambda folder: os.truncate(folder / "lock.mdb", 0),
    "overwritten": overwrite,
    "overwritten but for its head": lambda folder: overwrite(folder, 8192),
    "shorter garbage": lambda folder: (folder / "data.mdb").write_bytes(b"\xff" * 8192),
    "locks overwritten": lambda folder: (folder / "lock.mdb").write_bytes(os.urandom(2**16)),
}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS.keys())
def test_no_process_ends_and_all_count_together_again(
    url: str, tmp_path: Path, fault: Callable[[Path], object]
) -> None:
    """One process dies after the fault, as a worker may, and another takes its place."""
    with ExitStack() as stack:
        first, second = (stack.enter_context(store_process(url)) for _ in range(2))
        with store_process(url) as victim:
            wait_until_shared(first, second, victim)
            fault(tmp_path / "store")
            victim.process.kill()
        successor = stack.enter_context(store_process(url))
        for process in (first, second):
            wait_for(process.times_back, what="the store is back")
        wait_until_shared(first, second, successor)
        for process in (first, second):
            assert len(process.causes()) == process.times_back() == 1


@pytest.mark.parametrize("replace", [replace_file, replace_locks])
def test_data_and_locks_that_do_not_belong_together_are_not_used(
    url: str, tmp_path: Path, replace: Callable[[Path], object]
) -> None:
    """Locks that are used with two files of data end the processes that use them."""
    folder = tmp_path / "store"
    store = open_store(url)
    store.visit([HIT])
    replace(folder)
    with ExitStack() as stack:
        mixed = [stack.enter_context(file.open("rb")) for file in folder.glob("*.mdb")]
        assert open_store(url).visit([HIT]).windows[0].hits == 1
        kept = {file.stat().st_ino for file in folder.glob("*.mdb")}
        assert not kept & {os.fstat(file.fileno()).st_ino for file in mixed}


def test_a_copied_store_is_used(url: str, tmp_path: Path) -> None:
    store = LmdbStore(url)
    store.visit([HIT])
    store.close()
    shutil.copytree(tmp_path / "store", tmp_path / "copy")

    assert LmdbStore(f"lmdb://{tmp_path / 'copy'}").visit([HIT]).windows[0].hits == 2


@pytest.mark.needs("namespaces")
@pytest.mark.parametrize("name", ["data.mdb", "lock.mdb"])
def test_a_file_that_cannot_be_read_is_made_readable(url: str, tmp_path: Path, name: str) -> None:
    """In a user namespace, where nobody is root."""
    nobody = ("unshare", "--user")
    with store_process(url, before=nobody) as first:
        (tmp_path / "store" / name).chmod(0)
        with store_process(url, before=nobody) as successor:
            wait_until_shared(first, successor)
            assert first.causes() == successor.causes() == []


@pytest.mark.needs("namespaces")
def test_a_folder_that_cannot_be_read_is_one_warning(url: str, tmp_path: Path) -> None:
    nobody = ("unshare", "--user")
    with store_process(url, before=nobody) as first:
        (tmp_path / "store").chmod(0)
        with store_process(url, before=nobody) as successor:
            assert successor.causes() == ["PermissionError: Permission denied"]
            wait_for(first.causes, what="the first process has noticed")
            (tmp_path / "store").chmod(0o700)
            wait_until_shared(first, successor)


DAMAGE = {"head": 0, "pages": 8192}


@pytest.mark.parametrize("start", DAMAGE.values(), ids=DAMAGE.keys())
def test_a_damaged_file_is_put_aside_and_few_are_kept(url: str, tmp_path: Path, start: int) -> None:
    folder = tmp_path / "store"
    for _ in range(4):
        store = open_store(url)
        store.visit([HIT])
        del store  # which closes the file
        overwrite(folder, start)
        damaged = (folder / "data.mdb").read_bytes()

    assert open_store(url).visit([HIT]).windows[0].hits == 1
    kept = sorted(folder.glob("damaged-*"))
    assert len(kept) == repair.KEPT
    assert kept[-1].read_bytes() == damaged


def test_a_file_whose_trial_does_not_end_is_put_aside(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = LmdbStore(url)
    store.visit([HIT])
    store.close()
    endless = tmp_path / "endless.py"
    endless.write_text("import time; time.sleep(3600)")
    monkeypatch.setattr(probe, "__file__", str(endless))
    monkeypatch.setattr(repair, "TO_PROBE", 0.1)
    monkeypatch.setattr(repair, "TRUSTED_FOR", 0.0)

    assert open_store(url).visit([HIT]).windows[0].hits == 1
    assert len(list((tmp_path / "store").glob("damaged-*"))) == 1


def test_processes_that_start_at_once_put_a_damaged_file_aside_once(
    url: str, tmp_path: Path
) -> None:
    LmdbStore(url).close()
    overwrite(tmp_path / "store", 8192)
    program = (
        "import sys; from futuretracker.store import Hit, open_store; print(flush=True); input();"
        " print(open_store(sys.argv[1]).visit([Hit('key', 99, 60)]).windows[0].hits)"
    )
    pipe = subprocess.PIPE
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", program, url], cwd=servers.ROOT, stdin=pipe, stdout=pipe
        )
        for _ in range(6)
    ]
    for process in processes:
        assert process.stdout is not None
        process.stdout.readline()  # it has imported everything
    for process in processes:
        assert process.stdin is not None
        process.stdin.write(b"\n")
        process.stdin.flush()
    found = [int(process.communicate(timeout=120)[0]) for process in processes]

    assert sorted(found) == [1, 2, 3, 4, 5, 6]
    assert len(list((tmp_path / "store").glob("damaged-*"))) == 1


def test_a_file_of_version_1_0_is_replaced_because_its_space_is_not_reserved(
    url: str, tmp_path: Path
) -> None:
    LmdbStore(url).close()
    os.truncate(tmp_path / "store" / "data.mdb", LmdbStore.SIZE)
    (tmp_path / "store" / "data.mdb").chmod(0o755)

    assert open_store(url).visit([HIT]).windows[0].hits == 1
    assert (tmp_path / "store" / "data.mdb").stat().st_size == lmdb_file.FIRST_SIZE


def test_a_store_that_cannot_be_opened_is_one_warning_and_is_tried_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "folder").write_text("a file")
    store = open_store(f"lmdb://{tmp_path / 'folder'}")
    store.RETRY = 0.05

    assert [store.visit([HIT]).windows[0].hits for _ in range(3)] == [1, 2, 3]
    assert not store.check()
    (record,) = caplog.records
    assert (record.getMessage(), vars(record)["cause"]) == (LOST, "FileExistsError: File exists")
    (tmp_path / "folder").unlink()
    wait_for(store.check)
    assert store.visit([HIT]).windows[0].hits == 1


def test_a_loss_is_noticed_without_any_visit(
    url: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    store = open_store(url)
    store.sample()
    assert caplog.records == []
    (tmp_path / "store" / "data.mdb").unlink()
    store.sample()  # as a worker does once a second

    assert [record.getMessage() for record in caplog.records] == [LOST]
