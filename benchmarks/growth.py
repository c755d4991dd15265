"""What the service may grow in, one thing at a time, as cases to be measured."""

from __future__ import annotations

from statistics import mean
from typing import TYPE_CHECKING

from benchmarks.processes import Memory, children, memory
from benchmarks.rounds import Case
from benchmarks.servers import PROCESSES, address, serve, service
from benchmarks.workloads import Ask
from benchmarks.wrk import Wrk

if TYPE_CHECKING:
    from contextlib import ExitStack

    from benchmarks.stage import Stage
    from benchmarks.tables import Table

WORKERS = (1, 2, 4)
TURNS = (10, 1_000, 10_000)  # users
CONNECTIONS = (16, 64, 128, 256, 512)
ASKING = 100  # users, where it is not their number that is looked at
MEETING = 2000  # users a second: until every worker has met all, a load is a first sight


class Growth:
    """Services on tables of several sizes, the smallest first; they end with the stack."""

    def __init__(self, here: Stage, tables: list[Table], postgres: int, stack: ExitStack) -> None:
        self._here = here
        self._tables = tables
        self._postgres = postgres
        self._stack = stack
        users = {n for table in tables for n in table.some(ASKING)}
        users.update(*(tables[-1].some(turns) for turns in TURNS))
        self._tokens = here.tokens(users)
        self._services: dict[tuple[int, int], Wrk] = {}

    def rows(self) -> dict[str, Case]:
        """Rows in the table; the users who ask, and their own rows, are as many in each."""
        return {f"{table.rows:,}": self._case(table, ASKING) for table in self._tables}

    def users(self) -> dict[str, Case]:
        """Users by turns: what a worker remembers of each must pay, and cost little memory."""
        table = self._tables[-1]
        counts = [turns for turns in TURNS if turns <= table.users]
        return {f"{turns:,}": self._case(table, turns) for turns in counts}

    def connections(self) -> dict[str, Case]:
        """Connections that all ask without a pause."""
        case = self._case(self._tables[0], ASKING)
        return {str(number): case._replace(connections=number) for number in CONNECTIONS}

    def workers(self) -> dict[str, Case]:
        """Worker processes."""
        return {str(n): self._case(self._tables[0], ASKING, workers=n) for n in WORKERS}

    def memory(self, workers: int) -> Memory:
        """Return what a worker holds after a load. What others share with it would not count."""
        case = self._case(self._tables[0], ASKING, workers)
        case.contender.load(case.asks, 2)
        service = self._services[self._tables[0].rows, workers]
        held = [memory(pid) for pid in children(service.server.process.pid)]
        return Memory(*(round(mean(column), 1) for column in zip(*held, strict=True)))

    def _case(self, table: Table, users: int, workers: int = PROCESSES["futuretracker"]) -> Case:
        asks = [Ask("page", n) for n in table.some(users)]
        return Case(self._service(table, workers), asks, warm_up=1 + users // MEETING * 2)

    def _service(self, table: Table, workers: int) -> Wrk:
        key = (table.rows, workers)
        if key not in self._services:
            name = f"{table.rows}-{workers}"
            at = address(name, self._here.folder, behind_nginx=False)
            recipe = service(name, at, self._here.settings(name, table.url), workers)
            server = self._stack.enter_context(serve(recipe, at, self._here.folder))
            self._services[key] = Wrk(server, self._tokens, self._postgres)
        return self._services[key]
