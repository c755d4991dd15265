"""Files with secrets: which users may read them, and whether git has them."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from dotenv import dotenv_values

from futuretracker.checks.finding import Undecided, error, ok, warning
from futuretracker.checks.probes.processes import environment_of, service_processes
from futuretracker.config.table import SETTINGS

if TYPE_CHECKING:
    from futuretracker.checks.finding import Finding
    from futuretracker.checks.subject import Subject

DOTENV = Path(".env")
# The systemd unit reads its settings here.
SYSTEM = Path("/etc/futuretracker/api.env")
# Only names of our settings: other variables end with _FILE too, such as SSL_CERT_FILE.
CREDENTIALS = {f"{name}_FILE" for name in SETTINGS}
# Secrets that bypass row level security. The service never reads them.
PRIVILEGED = ("SUPABASE_SERVICE_ROLE_KEY", "MIGRATION_DATABASE_URL")


def env_file_private(_subject: Subject) -> Finding:
    """Find files of settings that every user of this host may read."""
    there = [file for file in (DOTENV, SYSTEM) if _exists(file)]
    open_to_all = [str(file) for file in there if file.stat().st_mode & stat.S_IRWXO]
    if open_to_all:
        names = " and ".join(open_to_all)
        return error(f"Every user of this host may read {names}.", f"chmod o-rwx {names}")
    names = " and ".join(map(str, there))
    return ok(f"Others may not read {names}." if there else "There is no .env here.")


def env_file_ignored(_subject: Subject) -> Finding:
    """Find a ``.env`` that git tracks, has tracked, or would add."""
    if not any((folder / ".git").exists() for folder in (Path.cwd(), *Path.cwd().parents)):
        return ok("This folder is not in a git work tree.")
    if shutil.which("git") is None:
        raise Undecided("This is a git work tree, and git is not installed.", "Install git.")
    if _git("ls-files", "--", str(DOTENV)):
        return error("git tracks .env.", "git rm --cached .env, and change every secret in it.")
    if commit := _git("log", "--all", "--max-count=1", "--format=%h", "--", str(DOTENV)):
        return error(
            f".env is in git's history (commit {commit}).",
            "Change every secret that it held: every clone has them.",
        )
    if not _git("check-ignore", "--no-index", str(DOTENV)):
        return error("git would add .env.", "Add the line .env to .gitignore.")
    return ok("git ignores .env, and has never tracked it.")


def credentials(subject: Subject) -> Finding:
    """Read every file that a ``NAME_FILE`` names, as the service does."""
    files = {name: value for name, value in subject.given.items() if name in CREDENTIALS}
    problems = [f"{name}: {problem}" for name, file in files.items() if (problem := _flaw(file))]
    if problems:
        return error(
            f"{'; '.join(problems)}.",
            "Let only the service's user read it, and put nothing but the value into it.",
        )
    return ok(f"Readable: {', '.join(files)}." if files else "No setting comes from a file.")


def privileged_secrets(subject: Subject) -> Finding:
    """Find secrets that the service does not need but could read."""
    places = {"the environment": subject.given, ".env": dotenv_values(DOTENV)}
    for pid in service_processes():
        places[f"the service's process {pid}"] = environment_of(pid)
    found = [
        f"{name} in {place}"
        for place, names in places.items()
        for name in PRIVILEGED
        if names.get(name) or names.get(f"{name}_FILE")
    ]
    if found:
        return warning(
            f"Found: {', '.join(found)}.",
            "Keep the owner's URL in migrate.env, which only migrations read, and the service-role"
            " key off this host.",
        )
    return ok("The service can read neither the owner's URL nor the service-role key.")


def _flaw(file: str) -> str | None:
    try:
        text = Path(file).read_text()
        mode = Path(file).stat().st_mode
    except (OSError, UnicodeDecodeError) as problem:
        return f"the file cannot be read ({type(problem).__name__})"
    if not text.strip():
        return "the file is empty"
    return "every user of this host may read the file" if mode & stat.S_IRWXO else None


def _exists(file: Path) -> bool:
    try:
        return file.exists()
    except PermissionError:  # other users may not enter the folder either
        return False


def _git(*arguments: str) -> str:
    """Run git in this folder, even if another user owns it."""
    ran = subprocess.run(  # noqa: S603 - the arguments are ours
        ["git", "-c", "safe.directory=*", *arguments],  # noqa: S607 - the one in PATH
        check=False,
        capture_output=True,
        text=True,
        timeout=10,
        env={**os.environ, "GIT_OPTIONAL_LOCKS": "0"},
    )
    if ran.returncode > 1:
        raise Undecided(f"git {arguments[0]} failed: {ran.stderr.strip().splitlines()[-1]}.")
    return ran.stdout.strip()
