"""Which of PostgreSQL's programs are used: those in the folder, on PATH, or Debian's newest."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from futuretracker.backups.postgres import programs
from futuretracker.backups.postgres.programs import Programs
from futuretracker.backups.problem import BackupProblem
from tests.backups import BIN, OLDER, Site

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def debian(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A host with two versions installed as Debian does, and Debian's wrapper on PATH."""
    (tmp_path / "lib").mkdir()
    for version, folder in (("9", OLDER), ("18", BIN)):
        (tmp_path / "lib" / version).mkdir()
        (tmp_path / "lib" / version / "bin").symlink_to(folder)
    path = tmp_path / "bin"
    path.mkdir()
    (path / "pg_wrapper").write_text("#!/bin/sh\nexit 1\n")
    (path / "pg_wrapper").chmod(0o755)
    (path / "pg_dump").symlink_to("pg_wrapper")
    monkeypatch.setattr(programs, "DEBIAN", tmp_path / "lib")
    monkeypatch.setenv("PATH", str(path))
    return path


def test_the_programs_on_path_are_used(place: Site) -> None:
    place.settings["POSTGRES_BIN"] = ""
    path = f"{BIN}:{os.environ['PATH']}"

    place.log("backup", PATH=path)
    assert place.log("drill", PATH=path)["ok"] is True


def test_on_debian_the_newest_version_is_used_instead_of_the_wrapper(debian: Path) -> None:
    assert Programs(None).path("pg_dump") == str(debian.parent / "lib" / "18" / "bin" / "pg_dump")
    assert Programs(None).path("initdb") == str(debian.parent / "lib" / "18" / "bin" / "initdb")
    assert Programs(None).major("pg_dump") >= 18


def test_a_program_on_path_that_is_not_the_wrapper_comes_first(
    debian: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", f"{OLDER}:{debian}")

    assert Programs(None).path("pg_dump") == str(OLDER / "pg_dump")


def test_a_missing_program_is_reported(debian: Path) -> None:
    with pytest.raises(BackupProblem, match="There is no pg_nothing on PATH: install PostgreSQL"):
        Programs(None).path("pg_nothing")
    with pytest.raises(BackupProblem, match="pg_wrapper is not PostgreSQL's pg_wrapper"):
        Programs(debian).major("pg_wrapper")


def test_an_old_libpq_is_refused_with_the_systems_certificates(tmp_path: Path) -> None:
    old = tmp_path / "pg_dump"
    old.write_text("#!/bin/sh\necho 'pg_dump (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)'\n")
    old.chmod(0o755)
    url = "host=db.example.com sslrootcert=system"

    with pytest.raises(BackupProblem, match="does not support sslrootcert=system"):
        Programs(tmp_path).check("pg_dump", 15, "the server", url)
    Programs(tmp_path).check("pg_dump", 15, "the server", "host=db.example.com sslrootcert=/ca")


def test_the_environment_holds_the_connection_and_nothing_else(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("CLERK_SECRET_KEY", "hunter33")
    url = "postgresql://me:hunter22@db.example.com:5433/ours?sslmode=verify-full&keepalives_idle=9"
    variables = programs.environment(url)

    assert {name: text for name, text in variables.items() if name.startswith("PG")} == {
        "PGUSER": "me",
        "PGPASSWORD": "hunter22",
        "PGHOST": "db.example.com",
        "PGPORT": "5433",
        "PGDATABASE": "ours",
        "PGSSLMODE": "verify-full",
    }
    assert "hunter33" not in variables.values()
