"""Encrypted backups: which identities and programs decrypt them, and how much memory it takes."""

from __future__ import annotations

import errno
import os
import re
import shutil
import subprocess
import sys
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict
from pyrage.x25519 import Identity

from futuretracker.backups.files.encryption import encrypt
from futuretracker.backups.files.streams import Sink
from tests.backups import BIN, Site, site
from tests.backups.test_backup import ROWS
from tests.support.servers import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator


def keygen(file: Path) -> str:
    """Create an identity with the age program; return its public key."""
    subprocess.run(["age-keygen", "-o", file], check=True, capture_output=True)
    return subprocess.run(
        ["age-keygen", "-y", file], check=True, capture_output=True, text=True
    ).stdout.strip()


@pytest.fixture(scope="module")
def locked(source: str, needs_age: None) -> Iterator[Site]:
    """A directory with a backup for two identities: the files ``key`` and ``second`` beside it."""
    with site(source) as made:
        keys = [keygen(made.folder / name) for name in ("key", "second")]
        keygen(made.folder / "foreign")
        made.settings["BACKUP_AGE_RECIPIENT"] = ", ".join(keys)
        made.back_up()
        yield made


@pytest.fixture(scope="module")
def file(locked: Site) -> Path:
    [found] = locked.directory.glob("*.age")
    return found


def test_the_backup_is_an_age_file_without_readable_content(file: Path) -> None:
    content = file.read_bytes()

    assert file.name.endswith(".dump.age")
    assert content.startswith(b"age-encryption.org/v1\n")
    assert b"PGDMP" not in content
    assert b"opportunities" not in content


@pytest.mark.parametrize("identity", ["key", "second"])
def test_each_of_the_identities_restores_the_backup(
    locked: Site, file: Path, target: str, identity: str
) -> None:
    settings = {
        "RESTORE_DATABASE_URL": target,
        "BACKUP_AGE_IDENTITY_FILE": str(locked.folder / identity),
    }
    done = locked.run("restore", str(file), **settings)

    assert (done.returncode, done.stderr) == (0, "")
    with psycopg.connect(target) as conn:
        assert conn.execute("select count(*) from opportunities").fetchone() == (42,)


def by_hand(**names: object) -> str:
    """Return the commands of docs/operations/backups.md that do not need this service."""
    page = (ROOT / "docs" / "operations" / "backups.md").read_text()
    section = page.partition("### Without our code")[2]
    [commands, *_] = re.findall(r"```console\n(.*?)```", section, re.DOTALL)
    script = re.sub("^[$] ", "", commands, flags=re.MULTILINE)
    for name, value in names.items():
        assert name in script
        script = script.replace(name, str(value))
    return script


def test_age_sha256sum_and_pg_restore_are_enough_to_restore_it(
    locked: Site, file: Path, target: str
) -> None:
    where = conninfo_to_dict(target)
    script = by_hand(
        **{
            "FILE": file.name.removesuffix(".dump.age"),
            "identity.txt": locked.folder / "key",
            "--dbname=postgres": f"--dbname={where['dbname']}",
        }
    )
    environment = {
        "PATH": f"{BIN}:{os.environ['PATH']}",
        "PGHOST": str(where["host"]),
        "PGUSER": "postgres",
    }
    copy = locked.folder / "copy"
    shutil.copytree(locked.directory, copy)
    done = subprocess.run(
        ["sh", "-ec", script],
        cwd=copy,
        env=environment,
        check=False,
        capture_output=True,
        text=True,
    )

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    with psycopg.connect(target) as conn:
        counts = {table: conn.execute(f"select count(*) from {table}").fetchone() for table in ROWS}
    assert counts == {table: (rows,) for table, rows in ROWS.items()}


def test_a_drill_decrypts_it_with_the_identity(locked: Site) -> None:
    assert locked.log("drill", BACKUP_AGE_IDENTITY_FILE=str(locked.folder / "key"))["ok"] is True


def test_a_missing_identity_is_reported_with_its_setting(
    locked: Site, file: Path, target: str
) -> None:
    locked.fails(
        f"{file.name} is encrypted: set BACKUP_AGE_IDENTITY_FILE to the file with its identity.",
        *("restore", str(file)),
        RESTORE_DATABASE_URL=target,
    )


def test_another_identity_does_not_decrypt_it(locked: Site, file: Path, target: str) -> None:
    locked.fails(
        f"BACKUP_AGE_IDENTITY does not decrypt {file.name}: No matching keys found.",
        *("restore", str(file)),
        RESTORE_DATABASE_URL=target,
        BACKUP_AGE_IDENTITY_FILE=str(locked.folder / "foreign"),
    )


@pytest.mark.parametrize("text", ["AGE-SECRET-KEY-1HUNTER22", "# a comment alone", "age1hunter22"])
def test_an_invalid_identity_is_refused_without_its_text(
    locked: Site, file: Path, target: str, text: str
) -> None:
    locked.fails(
        "The settings are not usable:\n"
        "  - BACKUP_AGE_IDENTITY: must be an age identity, as age-keygen writes it",
        *("restore", str(file)),
        RESTORE_DATABASE_URL=target,
        BACKUP_AGE_IDENTITY=text,
    )


def test_a_missing_identity_file_is_reported(locked: Site, file: Path, target: str) -> None:
    locked.fails(
        "The settings are not usable:\n"
        "  - BACKUP_AGE_IDENTITY_FILE: cannot be read as a UTF-8 text file",
        *("restore", str(file)),
        RESTORE_DATABASE_URL=target,
        BACKUP_AGE_IDENTITY_FILE="/nonexistent",
    )


def test_a_failed_write_keeps_its_own_error() -> None:
    identity = Identity.generate()
    with (
        Path("/dev/full").open("wb", buffering=0) as full,
        pytest.raises(OSError, match="No space") as caught,
    ):
        encrypt(BytesIO(bytes(2**20)), Sink(full), [identity.to_public()])

    assert caught.value.errno == errno.ENOSPC


def test_memory_does_not_grow_with_the_backup() -> None:
    code = """
import io, resource, sys
from pyrage.x25519 import Identity
from futuretracker.backups.files.encryption import encrypt
from futuretracker.backups.files.streams import Sink
class Zeros:
    left = int(sys.argv[1])
    def read(self, size):
        size = min(size, self.left)
        self.left -= size
        return bytes(size)
encrypt(Zeros(), Sink(open("/dev/null", "wb")), [Identity.generate().to_public()])
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""
    few, many = (
        int(subprocess.check_output([sys.executable, "-c", code, str(size)]))
        for size in (2**20, 2**28)
    )
    assert many - few < 8 * 1024  # KiB, for 255 MiB more
