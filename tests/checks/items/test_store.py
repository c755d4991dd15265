"""The store: usable or not. A check never creates it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import pytest

from futuretracker.checks.finding import Verdict, ok
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
    """It would belong to the user of the check, and the service could not open it."""
    for item_id in ("store-usable", "limits-counted"):
        finding = find(item_id, STORE_URL=f"lmdb://{tmp_path / 'above' / 'store'}")
        assert "does not exist yet" in finding.found
        assert finding.verdict != Verdict.ERROR
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_store_is_a_warning_because_the_service_replaces_it(
    find: Callable[..., Finding], tmp_path: Path
) -> None:
    url, file = made(tmp_path / "store"), tmp_path / "store" / "data.mdb"
    file.write_bytes(b"\xff" * 8192)
    for item_id in ("store-usable", "limits-counted"):
        finding = find(item_id, STORE_URL=url)
        assert finding.verdict in {Verdict.WARNING, Verdict.UNKNOWN}
        assert "is damaged" in finding.found or "is not usable" in finding.found

    assert file.read_bytes() == b"\xff" * 8192  # a check changes nothing


@pytest.mark.parametrize(
    "kind", ["open", pytest.param("another user's", marks=pytest.mark.needs("root"))]
)
def test_a_store_that_is_not_private_is_an_error_and_stops_the_start(
    find: Callable[..., Finding], settings: dict[str, str], tmp_path: Path, kind: str
) -> None:
    folder = tmp_path / "store"
    url = made(folder)
    if kind == "open":
        folder.chmod(0o777)
        problem = f"{folder} is open to other users (mode 0777)"
    else:
        os.chown(folder / "data.mdb", 12345, -1)
        problem = f"{folder}/data.mdb belongs to another user (id 12345)"
    finding = find("store-private", STORE_URL=url)
    refused = servers.refused_start({**settings, "STORE_URL": url})

    assert finding.verdict == Verdict.ERROR
    assert finding.found.startswith(problem)
    assert refused.returncode != 0
    assert refused.stderr == f"STORE_URL: {problem}; delete the folder or name another one.\n"


def test_a_private_store_and_one_that_is_not_there_are_ok(
    find: Callable[..., Finding], tmp_path: Path
) -> None:
    url = f"lmdb://{tmp_path / 'store'}"
    assert find("store-private", STORE_URL=url).verdict == Verdict.OK
    made(tmp_path / "store")
    assert find("store-private", STORE_URL=url).verdict == Verdict.OK
    assert find("store-private", REDIS_URL="redis://127.0.0.1").verdict == Verdict.OK


def test_a_store_of_several_hosts_that_responds_is_ok_and_one_that_does_not_a_warning(
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


@pytest.mark.needs("namespaces")
@pytest.mark.parametrize(
    ("size", "filled", "found"),
    [
        (64, 0, "/dev/shm holds 64 MiB, but the store may need 256"),
        (300, 299, "/dev/shm has 1.0 MiB left"),
    ],
)
def test_shared_memory_that_is_too_small_or_full_is_a_warning(
    settings: dict[str, str], size: int, filled: int, found: str
) -> None:
    """In a mount namespace of its own, where a small file system lies over /dev/shm."""
    check = f"{sys.executable} -m futuretracker check"
    ballast = f"head -c {filled}M /dev/zero > /dev/shm/ballast"
    small = f"mount -t tmpfs -o size={size}m tmpfs /dev/shm && {ballast} && {check}"
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
    assert found in line


@pytest.mark.needs("namespaces")
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


OWNER = 12345
ELSEWHERE = Path("/")  # no service of another test runs in this folder
# Where Python is in a home folder that is closed to other users, open that in a mount namespace.
OPEN_HOME = """
set -e
if [ -n "$1" ]; then
    kept=$(mktemp -d)
    mount --bind "$1" "$kept"
    mount -t tmpfs -o mode=755 none "$2"
    mkdir -p "$1"
    mount --bind "$kept" "$1"
    umount "$kept"
    rmdir "$kept"
fi
shift 2
exec "$@"
"""


def as_root(
    *arguments: str, folder: Path = ELSEWHERE, **settings: str
) -> subprocess.CompletedProcess[str]:
    """Run Python as root, on a host where other users can run Python too."""
    prefix = Path(sys.base_prefix).resolve()
    home = Path("/", prefix.parts[1])
    closed = (str(prefix), str(home)) if not home.stat().st_mode & 0o001 else ("", "")
    return subprocess.run(
        ["unshare", "--mount", "sh", "-c", OPEN_HOME, "sh", *closed, sys.executable, *arguments],
        cwd=folder,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(servers.ROOT), **settings},
        check=False,
        capture_output=True,
        text=True,
        timeout=300,
    )


@pytest.fixture
def of_another_user(shared_memory: Path) -> Path:
    """A store on real shared memory, as a user other than root has made it."""
    folder = shared_memory / "store"
    made(folder)
    for path in (folder, *folder.iterdir()):
        os.chown(path, OWNER, OWNER)
    return folder


def check(
    settings: dict[str, str], store: Path, folder: Path = ELSEWHERE
) -> dict[str, dict[str, str]]:
    """Return the items of ``check --deploy`` by root."""
    settings = {**settings, "STORE_URL": f"lmdb://{store}"}
    ran = as_root(
        *("-m", "futuretracker", "check", "--deploy", "--json"), folder=folder, **settings
    )
    return {item["id"]: item for item in json.loads(ran.stdout)["items"]}


def files(folder: Path) -> dict[str, tuple[int, int, int]]:
    found = {path.name: path.stat() for path in (folder, *folder.iterdir())}
    return {name: (stat.st_uid, stat.st_mode, stat.st_ino) for name, stat in found.items()}


@pytest.mark.needs("namespaces", "root")
def test_root_checks_the_store_of_another_user_as_this_user(
    settings: dict[str, str], of_another_user: Path
) -> None:
    of_another_user.parent.chmod(0o755)
    before = files(of_another_user)
    items = check(settings, of_another_user)

    for item_id in ("store-usable", "store-private", "limits-counted"):
        assert items[item_id]["verdict"] == "ok", items[item_id]
    assert files(of_another_user) == before  # root has made and changed no file


@pytest.mark.needs("namespaces", "root")
def test_root_finds_a_store_that_its_owner_cannot_use_or_that_is_open(
    settings: dict[str, str], of_another_user: Path
) -> None:
    of_another_user.parent.chmod(0o755)
    data = of_another_user / "data.mdb"
    os.chown(data, 0, 0)
    items = check(settings, of_another_user)
    os.chown(data, OWNER, OWNER)
    of_another_user.chmod(0o777)
    opened = check(settings, of_another_user)["store-private"]

    assert items["store-usable"]["verdict"] == "warning"
    assert "cannot be read and written" in items["store-usable"]["found"]
    assert items["store-private"]["verdict"] == opened["verdict"] == "error"
    assert items["store-private"]["found"].startswith(f"{data} belongs to another user (id 0)")
    assert opened["found"].startswith(f"{of_another_user} is open to other users (mode 0777)")


@pytest.mark.needs("namespaces", "root")
def test_the_process_of_the_check_has_no_secret_and_no_right_of_root(
    of_another_user: Path,
) -> None:
    code = (
        "from futuretracker.checks.as_owner import as_owner\n"
        "from tests.checks.items.test_store import rights\n"
        f"print(as_owner(rights)('lmdb://{of_another_user}').found)"
    )
    ran = as_root("-c", code, DATABASE_URL="postgresql://a:hunter2@host/a")

    assert ran.stdout == f"{OWNER} {OWNER} [] ['PATH', 'PYTHONPATH'] True\n", ran.stderr


def rights(_url: str) -> Finding:
    """Return what the process of a check may do and knows, and whether it left the terminal."""
    names = sorted({*os.environ} - {"LC_CTYPE"})  # Python sets it
    session = os.getsid(0) == os.getpid()
    return ok(f"{os.getuid()} {os.getgid()} {os.getgroups()} {names} {session}")


@pytest.mark.needs("namespaces", "root")
def test_a_store_of_a_user_who_does_not_run_the_service_is_not_checked_as_this_user(
    settings: dict[str, str], of_another_user: Path
) -> None:
    """Somebody else may have made it first, in a folder where everybody may write."""
    folder = of_another_user.parent
    # A process with the arguments of the service, in its folder.
    command = [sys.executable, "-c", "import sys; sys.stdin.read()", "wsgi:app"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, cwd=folder):
        items = check(settings, of_another_user, folder)

    for item_id in ("store-usable", "store-private", "limits-counted"):
        assert items[item_id]["verdict"] == "unknown"
        assert items[item_id]["found"] == (
            f"{of_another_user} belongs to the user with the id {OWNER}, but the service runs as"
            " root."
        )
