"""The command that each platform runs before a release, on an empty database."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from futuretracker.database.migrate import migrations
from tests.deploy.platforms.conftest import PATH
from tests.support.servers import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.deploy.platforms.files import Platform


@pytest.fixture
def empty(owner_url: str) -> Iterator[str]:
    """Yield the owner's URL of an empty database."""
    with psycopg.connect(owner_url, autocommit=True) as conn:
        conn.execute("create database platform_release")
        yield make_conninfo(owner_url, dbname="platform_release")
        conn.execute("drop database platform_release with (force)")


def release(platform: Platform, url: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["/bin/bash", "-c", platform.release],
        cwd=ROOT,
        env={"PATH": PATH, "MIGRATION_DATABASE_URL": url},
        check=False,
        capture_output=True,
        text=True,
        timeout=300,
    )


def test_a_release_migrates_and_the_next_one_changes_nothing(
    platform: Platform, empty: str
) -> None:
    applied = "".join(f"applied {name}\n" for name, _ in migrations())

    first, second = release(platform, empty), release(platform, empty)
    assert (first.returncode, first.stdout) == (0, applied)
    assert (second.returncode, second.stdout) == (0, "up to date\n")


def test_a_failed_migration_fails_the_release(platform: Platform) -> None:
    result = release(platform, "postgresql://postgres@127.0.0.1:9/postgres")

    assert result.returncode != 0
    assert "does not respond" in result.stderr
    assert "Traceback" not in result.stderr
