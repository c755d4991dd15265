"""What is loaded: one Postgres, this service on it, and the same job as others would build it.

Everything listens on loopback or on a socket file, and ends with its ``with`` block.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import venv
from contextlib import contextmanager, suppress
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from futuretracker.local import as_service, postgres
from futuretracker.migrate import migrate

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

ROOT = Path(__file__).resolve().parent.parent
PEERS = ROOT / "benchmarks" / "peers"
VENV = ROOT / ".local" / "bench" / "fastapi"
PROCESSES = 2
READERS, USERS, ROWS, PAGE = 20, 200, 20_000, 25
TICKS = os.sysconf("SC_CLK_TCK")  # a second

# Readers, whose list is one page here as it is with the peers' limit; then everybody else.
FILL = f"""
select md5('row' || n)::uuid as id,
    'user_bench' || case when n <= {READERS * PAGE} then n % {READERS}
        else {READERS} + n % ({USERS} - {READERS}) end as clerk_id,
    'Opportunity ' || n as title, 'What it is about, in a line or two. ' || n as description,
    'https://example.com/opportunities/' || n as link, current_date + n % 90 as deadline,
    case n % 2 when 0 then 'internship' else 'hackathon' end as category,
    (array['applied', 'interviewed', 'shortlisted', 'selected', 'rejected'])[n % 5 + 1] as status,
    'Ask about the stipend' as notes, now() - n * interval '1 minute' as created_at
from generate_series(1, {ROWS}) as n
"""  # noqa: S608 - numbers of this file's own
OURS = f"""
insert into users (clerk_id) select 'user_bench' || n from generate_series(0, {USERS - 1}) as n;
insert into opportunities
    (user_id, id, title, description, link, deadline, category, status, notes, created_at)
select users.id, f.id, title, description, link, deadline, category, status, notes, f.created_at
from ({FILL}) as f join users using (clerk_id);
"""  # noqa: S608
THEIRS = f"""
create table opportunities (
    id uuid primary key default gen_random_uuid(), user_id text not null, title text not null,
    description text, link text, deadline date, category text,
    status text not null default 'applied', notes text,
    created_at timestamptz not null default now(), updated_at timestamptz not null default now()
);
create index on opportunities (user_id, created_at desc, id desc);
insert into opportunities
    (user_id, id, title, description, link, deadline, category, status, notes, created_at)
select clerk_id, id, title, description, link, deadline, category, status, notes, created_at
from ({FILL}) as f;
"""  # noqa: S608


class CannotMeasure(Exception):
    """Something is missing or failed; the message says what."""


class Database:
    """A database for this service, another for the peers, with the same rows in one Postgres."""

    def __init__(self, owner_url: str, folder: Path) -> None:
        with psycopg.connect(owner_url, autocommit=True) as conn:
            conn.execute("create database futuretracker")
        self._theirs = owner_url
        self._ours = make_conninfo(owner_url, dbname="futuretracker")
        self.service_url = as_service(self._ours)
        self.sockets = str(conninfo_to_dict(owner_url)["host"])
        migrate(self._ours)
        self._run(self._ours, OURS)
        self._run(self._theirs, THEIRS)
        self.pid = int((folder / "postmaster.pid").read_text().split()[0])
        self.tidy()

    def tidy(self) -> None:
        """Take away what creates have added, so that every load meets the same tables."""
        for url in (self._ours, self._theirs):
            self._run(url, "delete from opportunities where title = 'Benchmark'")
            self._run(url, "vacuum analyze")
        self._run(self._ours, "truncate audit_log")
        self._run(self._ours, "checkpoint")

    def reader_rows(self) -> list[tuple[str, str]]:
        """Return the readers' rows: whose, and which. Users take turns."""
        sql = "select user_id, id::text from opportunities where user_id = any(%s) order by title"
        users = [f"user_bench{n}" for n in range(READERS)]
        with psycopg.connect(self._theirs) as conn:
            rows: list[tuple[str, str]] = conn.execute(sql, [users]).fetchall()
        return rows

    def _run(self, url: str, sql: str) -> None:
        with psycopg.connect(url, autocommit=True) as conn:
            conn.execute(sql.encode())


class Server:
    """A server's process and all that it has forked."""

    def __init__(self, name: str, process: subprocess.Popen[bytes], port: int) -> None:
        self.name = name
        self.process = process
        self.port = port

    def wait(self, path: str, output: Path) -> None:
        """Wait until ``path`` answers 200."""
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline and self.process.poll() is None:
            with suppress(OSError, HTTPException):
                connection = HTTPConnection("127.0.0.1", self.port, timeout=2)
                connection.request("GET", path)
                if connection.getresponse().status == HTTPStatus.OK:
                    return
            time.sleep(0.05)
        raise CannotMeasure(f"{self.name} did not start: {output.read_text()[-2000:]}")


@contextmanager
def database(folder: Path) -> Iterator[Database]:
    """Start Postgres and fill its tables."""
    with postgres(folder) as owner_url:
        yield Database(owner_url, folder)


@contextmanager
def service(
    name: str, settings: Mapping[str, str], folder: Path, arguments: str
) -> Iterator[Server]:
    """Start this service as production does; ``arguments`` are gunicorn's, such as a variant's."""
    command = [sys.executable, "-m", "gunicorn", "-c", str(ROOT / "gunicorn.conf.py"), "wsgi:app"]
    env = {
        "WEB_CONCURRENCY": str(PROCESSES),
        "PYTHONPATH": str(ROOT),
        "GUNICORN_CMD_ARGS": arguments,
        **settings,
    }
    with _started(name, command, env, folder, "/readyz") as server:
        yield server


@contextmanager
def express(settings: Mapping[str, str], folder: Path) -> Iterator[Server]:
    """Start the Express peer; its packages are installed when the lock file is newer."""
    if _is_stale(PEERS / "node_modules", PEERS / "package-lock.json"):
        _install(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"])
        (PEERS / "node_modules").touch()
    env = {"W": str(PROCESSES), "NODE_ENV": "production", **settings}
    command = ["node", str(PEERS / "express.js")]
    with _started("express", command, env, folder, "/health") as server:
        yield server


@contextmanager
def fastapi(settings: Mapping[str, str], folder: Path) -> Iterator[Server]:
    """Start the FastAPI peer, in a virtual environment of its own."""
    if _is_stale(VENV / "installed", PEERS / "requirements.txt"):
        venv.create(VENV, with_pip=True)
        pip = [str(VENV / "bin" / "python"), "-m", "pip", "--disable-pip-version-check", "install"]
        _install([*pip, "--quiet", "--require-hashes", "-r", "requirements.txt"])
        (VENV / "installed").touch()
    # Its access log is the only one among the three, so it is off.
    command = [str(VENV / "bin" / "uvicorn"), "fastapi_peer:app", "--workers", str(PROCESSES)]
    command += ["--no-access-log", "--app-dir", str(PEERS), "--port"]
    with _started("fastapi", command, {**settings}, folder, "/health", port_last=True) as server:
        yield server


@contextmanager
def _started(  # noqa: PLR0913 - a process has many parts
    name: str,
    command: Sequence[str],
    env: Mapping[str, str],
    folder: Path,
    path: str,
    *,
    port_last: bool = False,
) -> Iterator[Server]:
    """Run a server in ``folder``, where no .env reaches it, and in a session of its own."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    output = folder / f"{name}.log"
    with output.open("wb") as file:
        process = subprocess.Popen(
            [*command, *([str(port)] if port_last else [])],
            cwd=folder,
            env={"PATH": os.environ["PATH"], "PORT": str(port), **env},
            stdout=file,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        server = Server(name, process, port)
        server.wait(path, output)
        yield server
    finally:
        _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    """Ask it to stop, then end whatever is left of its session."""
    process.terminate()
    with suppress(subprocess.TimeoutExpired):
        process.wait(timeout=10)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def cpu_seconds(pid: int) -> dict[int, float]:
    """Return the seconds of CPU, user and system, of a process and of all that it has forked."""
    found = {}
    with suppress(FileNotFoundError, ProcessLookupError):  # it may end at any moment
        # Behind the name, which may hold anything: the state, and ten fields more.
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        found[pid] = (int(fields[11]) + int(fields[12])) / TICKS
        for thread in Path(f"/proc/{pid}/task").iterdir():
            for child in (thread / "children").read_text().split():
                found |= cpu_seconds(int(child))
    return found


def _is_stale(made: Path, source: Path) -> bool:
    return not made.exists() or made.stat().st_mtime < source.stat().st_mtime


def _install(command: Sequence[str]) -> None:
    try:
        subprocess.run(command, cwd=PEERS, check=True, capture_output=True, text=True)
    except subprocess.CalledProcessError as error:
        raise CannotMeasure(f"'{' '.join(command)}' failed: {error.stderr}") from error
