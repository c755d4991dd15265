"""The dimensions in which the service can grow, each as a set of measurements."""

from __future__ import annotations

from statistics import mean
from typing import TYPE_CHECKING

from benchmarks.processes import Memory, children, memory
from benchmarks.rounds import Case
from benchmarks.servers import PROCESSES, address, serve, service
from benchmarks.workloads import Request
from benchmarks.wrk import Wrk

if TYPE_CHECKING:
    from contextlib import ExitStack

    from benchmarks.stage import Stage
    from benchmarks.tables import Table

WORKERS = (1, 2, 4)
USER_COUNTS = (10, 1_000, 10_000)
CONNECTIONS = (16, 64, 128, 256, 512)
USERS = 100  # in the measurements of other dimensions
NEW_USERS = 2000  # that one second of warm-up adds to the caches of a worker


class Growth:
    """Services on tables of several sizes, the smallest first. The stack stops them."""

    def __init__(self, here: Stage, tables: list[Table], postgres: int, stack: ExitStack) -> None:
        self._here = here
        self._tables = tables
        self._postgres = postgres
        self._stack = stack
        users = {n for table in tables for n in table.some(USERS)}
        users.update(*(tables[-1].some(count) for count in USER_COUNTS))
        self._tokens = here.tokens(users)
        self._services: dict[tuple[int, int], Wrk] = {}

    def rows(self) -> dict[str, Case]:
        """Vary the number of rows in the table. The loading users and their rows stay the same."""
        return {f"{table.rows:,}": self._case(table, USERS) for table in self._tables}

    def users(self) -> dict[str, Case]:
        """Vary the number of users. Workers cache data of each user, which costs memory."""
        table = self._tables[-1]
        counts = [count for count in USER_COUNTS if count <= table.users]
        return {f"{count:,}": self._case(table, count) for count in counts}

    def connections(self) -> dict[str, Case]:
        """Vary the number of connections, all of them busy."""
        case = self._case(self._tables[0], USERS)
        return {str(number): case._replace(connections=number) for number in CONNECTIONS}

    def workers(self) -> dict[str, Case]:
        """Vary the number of worker processes."""
        return {str(n): self._case(self._tables[0], USERS, workers=n) for n in WORKERS}

    def memory(self, workers: int) -> Memory:
        """Return a worker's memory after a load; PSS divides shared memory among the processes."""
        case = self._case(self._tables[0], USERS, workers)
        case.contender.load(case.requests, 2)
        service = self._services[self._tables[0].rows, workers]
        held = [memory(pid) for pid in children(service.server.process.pid)]
        return Memory(*(round(mean(column), 1) for column in zip(*held, strict=True)))

    def _case(self, table: Table, users: int, workers: int = PROCESSES["futuretracker"]) -> Case:
        requests = [Request("page", n) for n in table.some(users)]
        return Case(self._service(table, workers), requests, warm_up=1 + users // NEW_USERS * 2)

    def _service(self, table: Table, workers: int) -> Wrk:
        key = (table.rows, workers)
        if key not in self._services:
            name = f"{table.rows}-{workers}"
            at = address(name, self._here.folder, behind_nginx=False)
            recipe = service(name, at, self._here.settings(name, table.url), workers)
            server = self._stack.enter_context(serve(recipe, at, self._here.folder))
            self._services[key] = Wrk(server, self._tokens, self._postgres)
        return self._services[key]
