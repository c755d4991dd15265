"""The store: usable or not, and never made by who looks at it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import pytest

from futuretracker.checks.finding import Verdict
from futuretracker.store import LmdbStore
from tests.support import servers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from futuretracker.checks.finding import Finding

WITHOUT = {"REDIS_URL": None}


@pytest.fixture
def shared_memory() -> Iterator[Path]:
    """A folder on real shared memory."""
    with TemporaryDirectory(prefix="futuretracker-", dir="/dev/shm") as folder:
        yield Path(folder)


def made(folder: Path) -> str:
    """Make a store there as the service does, and return its URL."""
    LmdbStore(f"lmdb://{folder}").close()
    return f"lmdb://{folder}"


def test_a_store_that_the_service_has_made_is_ok(
    find: Callable[..., Finding], tmp_path: Path
) -> None:
    assert find("store-usable", STORE_URL=made(tmp_path / "store")).verdict == Verdict.OK


def test_a_store_that_is_not_there_is_not_made(
    find: Callable[..., Finding], tmp_path: Path
) -> None:
    """It would belong to who checks, and the service could not open it."""
    for item_id in ("store-usable", "limits-counted"):
        finding = find(item_id, STORE_URL=f"lmdb://{tmp_path / 'above' / 'store'}")
        assert "does not exist yet" in finding.found
        assert finding.verdict != Verdict.ERROR
    assert list(tmp_path.iterdir()) == []


def test_a_store_that_is_broken_is_an_error(find: Callable[..., Finding], tmp_path: Path) -> None:
    url = made(tmp_path / "store")
    (tmp_path / "store" / "data.mdb").write_bytes(b"\xff" * 8192)
    finding = find("store-usable", STORE_URL=url)

    assert finding.verdict == Verdict.ERROR
    assert "is not usable" in finding.found


def test_a_store_of_several_hosts_that_answers_is_ok_and_one_that_does_not_a_warning(
    find: Callable[..., Finding],
) -> None:
    with servers.valkey() as (url, _):
        assert find("store-usable", REDIS_URL=url).verdict == Verdict.OK
    finding = find("store-usable", REDIS_URL=url)

    assert finding.verdict == Verdict.WARNING
    assert "each process counts on its own" in finding.found


def test_shared_memory_is_ok_and_a_disk_a_warning(
    find: Callable[..., Finding], shared_memory: Path, tmp_path: Path
) -> None:
    memory = find("store-shared", STORE_URL=f"lmdb://{shared_memory / 'not' / 'yet'}")
    disk = find("store-shared", STORE_URL="lmdb:///var/lib/futuretracker-store")

    assert memory.verdict == Verdict.OK
    assert memory.found.startswith("2 workers of this host share ")
    assert disk.verdict == Verdict.WARNING
    assert "requests wait for a disk" in disk.found


def test_memory_of_its_own_fits_one_worker_alone(find: Callable[..., Finding]) -> None:
    one = find("store-shared", STORE_URL="memory://", WEB_CONCURRENCY="1")
    two = find("environment-complete", STORE_URL="memory://", WEB_CONCURRENCY="2")

    assert one.verdict == Verdict.OK
    assert two.verdict == Verdict.ERROR
    assert "memory:// counts in each process" in two.found


def test_shared_memory_that_is_too_small_is_a_warning(settings: dict[str, str]) -> None:
    """In a mount namespace of its own, where a small file system lies over /dev/shm."""
    check = f"{sys.executable} -m futuretracker check"
    small = f"mount -t tmpfs -o size=64m tmpfs /dev/shm && {check}"
    ran = subprocess.run(
        ["unshare", "--map-root-user", "--mount", "sh", "-c", small],
        cwd=servers.ROOT,
        env={"PATH": os.environ["PATH"], **settings, "STORE_URL": "lmdb:///dev/shm/futuretracker"},
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
    )
    (line,) = [line for line in ran.stdout.splitlines() if "store-shared" in line]

    assert line.startswith("warning")
    assert "/dev/shm holds 64 MiB, but the store may need 256" in line


@pytest.mark.parametrize(("mode", "verdict"), [(0o755, "ok"), (0o555, "error")])
def test_the_service_s_user_may_make_a_store_where_it_may_write(
    settings: dict[str, str], tmp_path: Path, mode: int, verdict: str
) -> None:
    """In a user namespace, where nobody is root."""
    (tmp_path / "run").mkdir(mode=mode)
    ran = subprocess.run(
        ["unshare", "--user", sys.executable, "-m", "futuretracker", "check"],
        cwd=servers.ROOT,
        env={
            "PATH": os.environ["PATH"],
            **settings,
            "STORE_URL": f"lmdb://{tmp_path / 'run' / 'store'}",
        },
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
    )
    (line,) = [line for line in ran.stdout.splitlines() if "store-usable" in line]

    assert line.startswith(verdict)
    assert list((tmp_path / "run").iterdir()) == []
