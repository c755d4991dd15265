"""Files that hold secrets: modes, git and credentials, in folders of the test's own."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from futuretracker.checks.finding import Verdict

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from futuretracker.checks.finding import Finding

SECRET = "hunter2-in-the-file"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory like a clone's, which is no git work tree yet."""
    place = tmp_path / "clone"
    place.mkdir()
    monkeypatch.chdir(place)
    # A git work tree further up would be found as well.
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))
    return place


def git(*arguments: str) -> None:
    identity = ["-c", "user.name=Test", "-c", "user.email=test@example.com"]
    subprocess.run(["git", *identity, *arguments], check=True, capture_output=True)


@pytest.mark.parametrize(("mode", "verdict"), [(0o600, Verdict.OK), (0o640, Verdict.OK)])
def test_a_dotenv_that_others_cannot_read_is_ok(
    folder: Path, find: Callable[..., Finding], mode: int, verdict: Verdict
) -> None:
    (folder / ".env").touch()
    (folder / ".env").chmod(mode)

    assert find("env-file-private").verdict == verdict


@pytest.mark.parametrize("mode", [0o644, 0o602, 0o666])
def test_a_dotenv_that_others_may_read_or_write_is_an_error(
    folder: Path, find: Callable[..., Finding], mode: int
) -> None:
    (folder / ".env").touch()
    (folder / ".env").chmod(mode)
    finding = find("env-file-private")

    assert (finding.verdict, finding.remedy) == (Verdict.ERROR, "chmod o-rwx .env")


def test_a_folder_that_is_no_work_tree_has_nothing_to_ignore(
    folder: Path, find: Callable[..., Finding]
) -> None:
    assert find("env-file-ignored").verdict == Verdict.OK


@pytest.mark.needs("git")
def test_a_dotenv_that_git_ignores_and_never_had_is_ok(
    folder: Path, find: Callable[..., Finding]
) -> None:
    git("init")
    (folder / ".gitignore").write_text(".env\n")
    (folder / ".env").write_text(SECRET)

    assert find("env-file-ignored").verdict == Verdict.OK


@pytest.mark.needs("git")
def test_a_dotenv_that_git_would_take_is_an_error(
    folder: Path, find: Callable[..., Finding]
) -> None:
    git("init")
    finding = find("env-file-ignored")

    assert (finding.verdict, finding.found) == (Verdict.ERROR, "git would add .env.")


@pytest.mark.needs("git")
def test_a_dotenv_that_git_tracks_is_an_error_whatever_is_ignored(
    folder: Path, find: Callable[..., Finding]
) -> None:
    git("init")
    (folder / ".gitignore").write_text(".env\n")
    (folder / ".env").write_text(SECRET)
    git("add", "--force", ".env")
    finding = find("env-file-ignored")

    assert (finding.verdict, finding.found) == (Verdict.ERROR, "git tracks .env.")


@pytest.mark.needs("git")
def test_a_dotenv_that_was_committed_once_is_an_error_for_ever(
    folder: Path, find: Callable[..., Finding]
) -> None:
    git("init")
    (folder / ".env").write_text(SECRET)
    git("add", ".env")
    git("commit", "-m", "too much")
    git("rm", ".env")
    (folder / ".gitignore").write_text(".env\n")
    git("add", ".gitignore")
    git("commit", "-m", "too late")
    finding = find("env-file-ignored")

    assert finding.verdict == Verdict.ERROR
    assert finding.found.startswith(".env is in git's history (commit ")


@pytest.mark.needs("git")
def test_a_work_tree_that_git_cannot_read_is_unknown(
    folder: Path, find: Callable[..., Finding]
) -> None:
    (folder / ".git").mkdir()

    assert find("env-file-ignored").verdict == Verdict.UNKNOWN


@pytest.mark.needs("git")
def test_a_work_tree_without_git_is_unknown(
    folder: Path, find: Callable[..., Finding], monkeypatch: pytest.MonkeyPatch
) -> None:
    git("init")
    monkeypatch.setenv("PATH", str(folder))
    finding = find("env-file-ignored")

    assert (finding.verdict, finding.remedy) == (Verdict.UNKNOWN, "Install git.")


def test_a_credential_that_can_be_read_is_ok_and_its_value_is_not_shown(
    find: Callable[..., Finding], service_url: str, tmp_path: Path
) -> None:
    file = tmp_path / "database"
    file.write_text(f"{service_url}\n")
    file.chmod(0o400)
    changes = {"DATABASE_URL": None, "DATABASE_URL_FILE": str(file)}

    assert find("environment-complete", **changes).verdict == Verdict.OK
    assert find("database-reachable", **changes).verdict == Verdict.OK
    finding = find("credentials-readable", **changes)
    assert (finding.verdict, finding.found) == (Verdict.OK, "Readable: DATABASE_URL_FILE.")


@pytest.mark.parametrize(
    ("kind", "found"),
    [
        ("missing", "cannot be read (FileNotFoundError)"),
        ("folder", "cannot be read (IsADirectoryError)"),
        ("binary", "cannot be read (UnicodeDecodeError)"),
        ("empty", "is empty"),
        ("open", "every user of this host may read the file"),
    ],
)
def test_a_credential_that_is_no_secret_is_an_error(
    find: Callable[..., Finding], tmp_path: Path, kind: str, found: str
) -> None:
    file = tmp_path / "secret"
    if kind == "folder":
        file.mkdir()
    elif kind != "missing":
        file.write_bytes({"binary": b"\xff\xfe", "empty": b"\n", "open": b"secret"}[kind])
        file.chmod(0o644 if kind == "open" else 0o600)
    finding = find("credentials-readable", METRICS_TOKEN_FILE=str(file))

    assert finding.verdict == Verdict.ERROR
    assert f"METRICS_TOKEN_FILE: {'the file ' if kind != 'open' else ''}{found}" in finding.found


def test_a_credential_that_is_missing_is_named_by_the_settings_too(
    find: Callable[..., Finding],
) -> None:
    finding = find("environment-complete", DATABASE_URL=None, DATABASE_URL_FILE="/nonexistent")

    assert finding.verdict == Verdict.ERROR
    assert "DATABASE_URL_FILE" in finding.found


def test_a_certificate_store_is_no_credential(find: Callable[..., Finding]) -> None:
    finding = find("credentials-readable", SSL_CERT_FILE="/etc/ssl/certs/ca-certificates.crt")

    assert finding.found == "No setting comes from a file."


def test_a_host_without_keys_to_everything_is_ok(
    folder: Path, find: Callable[..., Finding]
) -> None:
    assert find("privileged-secrets").verdict == Verdict.OK


@pytest.mark.parametrize(
    "name",
    ["SUPABASE_SERVICE_ROLE_KEY", "MIGRATION_DATABASE_URL", "MIGRATION_DATABASE_URL_FILE"],
)
def test_a_key_to_everything_in_the_environment_or_the_dotenv_is_a_warning(
    folder: Path, find: Callable[..., Finding], name: str
) -> None:
    by_hand = find("privileged-secrets", **{name: SECRET})
    (folder / ".env").write_text(f"{name}={SECRET}\n")
    in_file = find("privileged-secrets")

    assert (by_hand.verdict, in_file.verdict) == (Verdict.WARNING, Verdict.WARNING)
    assert in_file.found == f"Found: {name.removesuffix('_FILE')} in .env."
    assert SECRET not in by_hand.found + by_hand.remedy + in_file.found


def test_a_key_to_everything_in_the_running_service_is_a_warning(
    folder: Path, find: Callable[..., Finding]
) -> None:
    sleeping = "import sys, time; print(flush=True); time.sleep(60)"
    process = subprocess.Popen(
        [sys.executable, "-c", sleeping, "gunicorn", "wsgi:app"],
        env={"SUPABASE_SERVICE_ROLE_KEY": SECRET},
        stdout=subprocess.PIPE,
    )
    with process:
        try:
            assert process.stdout
            process.stdout.readline()
            finding = find("privileged-secrets")
        finally:
            process.kill()

    assert finding.verdict == Verdict.WARNING
    assert f"SUPABASE_SERVICE_ROLE_KEY in the service's process {process.pid}" in finding.found
