"""Measure exports and imports: seconds, rows per second, and the memory of the service.

    python -m benchmarks.transfer --rows 100000

One process serves one client. The peak memory is that of the process, with everything else in it,
and is measured before and after.
"""

from __future__ import annotations

import argparse
import json
import re
import time
from http.client import HTTPConnection
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg

from benchmarks import servers
from benchmarks.conditions import conditions
from benchmarks.data import READERS, database
from benchmarks.processes import CannotMeasure, command
from benchmarks.results import as_line
from benchmarks.stage import stage

if TYPE_CHECKING:
    from collections.abc import Sequence

PATH = "/api/v1/opportunities"
LINES = 10_000  # of the file that is imported
FILL = """
    insert into opportunities (user_id, title, company, link, description, notes, tags, created_at)
    select %(user)s, 'Backend internship ' || n, 'Example Ltd',
        'https://example.com/jobs/' || n, repeat('Payments team, remote. ', 8),
        'Referred by Bob', '{remote,python}', now() - n * interval '1 second'
    from generate_series(1, %(rows)s) as n
"""


class Client:
    """A user's client, which sends requests over one connection."""

    def __init__(self, port: int, token: str) -> None:
        self._connection = HTTPConnection("127.0.0.1", port, timeout=300)
        self._headers = {"Authorization": f"Bearer {token}"}

    def size(self, method: str, path: str, body: bytes | None = None) -> int:
        """Send a request; return the bytes of the response. Raise CannotMeasure."""
        kind = "application/json" if body and body.startswith(b"[") else "text/csv"
        self._connection.request(method, path, body, {**self._headers, "Content-Type": kind})
        response = self._connection.getresponse()
        first = response.read(500)
        if response.status != 200:  # noqa: PLR2004 - OK
            raise CannotMeasure(first.decode())
        size = len(first)
        while part := response.read(2**16):
            size += len(part)
        return size


def peak_of(pid: int) -> float:
    """Return the most memory, in MiB, that a worker of a master has had."""
    workers = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    texts = [Path(f"/proc/{worker}/status").read_text() for worker in workers]
    return max(int(re.findall(r"VmHWM:\s+(\d+) kB", text)[0]) for text in texts) / 1024


def fill(url: str, user: int, rows: int) -> None:
    """Insert the opportunities to export."""
    with psycopg.connect(url, autocommit=True) as conn:
        conn.execute("set statement_timeout = 0")
        set_user = "select set_config('app.user_id', md5('user' || %s)::uuid::text, false)"
        found = conn.execute(set_user, [str(user)]).fetchone()
        conn.execute(FILL, {"user": found and found[0], "rows": rows})


def file() -> bytes:
    """Return a CSV file to import."""
    line = "Frontend internship {0},Example Ltd,https://example.com/new/{0},applied,{1}\n"
    text = "Payments team and remote. " * 8
    return ("title,company,link,status,description\n"
        + "".join(line.format(number, text) for number in range(LINES))).encode()  # fmt: skip


def file_with_rounds() -> bytes:
    """Return a JSON file to import, with two interview rounds in each line."""
    lines = [
        {
            "title": f"Frontend internship {number}",
            "company": "Example Ltd",
            "link": f"https://example.com/rounds/{number}",
            "category": "internship",
            "description": "Payments team and remote. " * 8,
            "rounds": [{"round_type": "oa", "result": "cleared"}, {"round_type": "hr"}],
        }
        for number in range(LINES)
    ]
    return json.dumps(lines).encode()


def run(options: argparse.Namespace) -> None:
    """Measure, and print a line for each request."""
    print(as_line(conditions()))
    with stage() as place, database(place.folder / "postgres") as db:
        at = servers.address("futuretracker", place.folder, behind_nginx=False)
        settings = place.settings("futuretracker", db.service_url)
        recipe = servers.service("futuretracker", at, settings, processes=1)
        user, _ = db.rows(READERS)[0]
        fill(db.service_url, user, options.rows)
        with servers.serve(recipe, at, place.folder) as server:
            client, pid = Client(server.port, place.tokens([user])[user]), server.process.pid
            client.size("GET", PATH)
            print(f"{'before':14}{peak_of(pid):36.0f} MiB at most")
            data, with_rounds = file(), file_with_rounds()
            for name, rows, path, body in (
                *((f, options.rows, f"export?format={f}", None) for f in FORMATS),
                ("dry run", LINES, "import?dry_run=true", data),
                ("import", LINES, "import", data),
                ("import again", LINES, "import?duplicates=update", data),
                ("with rounds", LINES, "import", with_rounds),
                ("again", LINES, "import?duplicates=update", with_rounds),
            ):
                began = time.perf_counter()
                size = client.size("POST" if body else "GET", f"{PATH}/{path}", body)
                took = time.perf_counter() - began
                print(
                    f"{name:14}{took:8.1f} s{rows / took:10.0f} rows/s{size / 2**20:8.1f} MiB"
                    f"{peak_of(pid):8.0f} MiB at most"
                )


FORMATS = ("csv", "json", "xlsx")


def read_arguments(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description="Measure exports and imports.")
    parser.add_argument("--rows", type=int, default=100_000, help="rows (default: 100,000)")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    command(lambda: run(read_arguments()))
