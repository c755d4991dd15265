"""The parts of the measurement: which loads run at the same time."""

from __future__ import annotations

import json
from contextlib import ExitStack
from dataclasses import asdict
from itertools import islice
from typing import TYPE_CHECKING

from benchmarks.data import user_id
from benchmarks.overload import searches
from benchmarks.overload.outcomes import load
from benchmarks.workloads import NEW_ROW, Request
from benchmarks.wrk import headers, message

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from benchmarks.overload.outcomes import Found, Outcome
    from benchmarks.servers import Server

PATIENCE = 1.0  # seconds
LIGHT, HEAVY, SEARCHER, USERS = range(16), 100, 101, range(100)
HEAVY_ROWS, IN_FLIGHT = 50_000, 64
FILL = f"""
insert into opportunities (user_id, title, description, category, created_at)
select '{user_id(HEAVY)}', 'Opportunity ' || n, 'What it is about, in a line or two. ' || n,
    'internship', now() - n * interval '1 minute'
from generate_series(1, {HEAVY_ROWS}) as n
"""  # noqa: S608 - only constants of this file
SEARCH = "/api/v1/opportunities?limit=25&include=total&q="
TOO_LONG = json.dumps({"title": "x" * 2**20})[: 2**20 - 2] + '"}'


class Measurement:
    """The servers on one database, and what was found."""

    def __init__(self, servers: Sequence[Server], tokens: Mapping[int, str]) -> None:
        self._servers = servers
        self._tokens = tokens
        self.found: Found = {}

    def goodput(self, connections: Sequence[int], rounds: int, seconds: float) -> None:
        """Load with more and more clients that give up."""
        creates = [message(Request("create", n, body=NEW_ROW), self._tokens) for n in USERS]
        for _ in range(rounds):
            for number in connections:
                for server in self._servers:
                    with load(server, creates, seconds, number, PATIENCE) as outcome:
                        pass
                    self._keep(f"creates, {number} clients", server.name, outcome)

    def beside(self, rounds: int, seconds: float) -> None:
        """Load with light users, alone and beside one user with expensive requests."""
        light = list(islice(self._light(), 10 * len(LIGHT)))
        heavy = {"nobody": b"", **self._expensive()}
        for _ in range(rounds):
            for name, request in heavy.items():
                for server in self._servers:
                    self._beside(server, ("light users", light), (name, request), seconds)

    def searches(self, rounds: int, seconds: float) -> None:
        """Load with users who read pages, alone and beside one user with the worst searches."""
        reads = [message(Request("page", n), self._tokens) for n in LIGHT]
        worst = self._request(SEARCHER, f"GET {searches.PATH}")
        number = searches.IN_FLIGHT
        for _ in range(rounds):
            for name, request in (("no search", b""), (f"{number} searches", worst)):
                for server in self._servers:
                    self._beside(server, ("reads", reads), (name, request), seconds, number)

    def _beside(
        self,
        server: Server,
        light: tuple[str, list[bytes]],
        heavy: tuple[str, bytes],
        seconds: float,
        in_flight: int = IN_FLIGHT,
    ) -> None:
        """Load with many light requests, and with this number of heavy ones at the same time."""
        (name, requests), (heavy_name, request) = light, heavy
        with ExitStack() as stack:
            others = None
            if request:
                others = stack.enter_context(load(server, [request], seconds, in_flight, 10))
            outcome = stack.enter_context(load(server, requests, seconds, len(LIGHT), 10))
        self._keep(f"{name} beside {heavy_name}", server.name, outcome)
        if others:
            self._keep(f"{heavy_name} itself", server.name, others)

    def _light(self) -> Iterator[bytes]:
        while True:
            for n in LIGHT:
                yield message(Request("page", n), self._tokens)
            for n in LIGHT:
                yield message(Request("create", n, body=NEW_ROW), self._tokens)

    def _expensive(self) -> dict[str, bytes]:
        """Return the expensive requests of one user, by name."""
        return {
            "search": self._request(HEAVY, f"GET {SEARCH}opportunity"),
            "search without a hit": self._request(HEAVY, f"GET {SEARCH}nowhere"),
            "analytics": self._request(HEAVY, "GET /api/v1/analytics"),
            "whole list": self._request(HEAVY, "GET /api/opportunities"),
            "1 MiB bodies": self._request(HEAVY, "POST /api/v1/opportunities", TOO_LONG),
        }

    def _request(self, user: int, line: str, body: str = "") -> bytes:
        sending = headers(Request("", user), self._tokens) | {"Host": "127.0.0.1"}
        if body:
            sending |= {"Content-Type": "application/json", "Content-Length": str(len(body))}
        lines = [f"{line} HTTP/1.1", *(f"{name}: {value}" for name, value in sending.items())]
        return "\r\n".join([*lines, "", body]).encode()

    def _keep(self, case: str, server: str, outcomes: list[Outcome]) -> None:
        self.found.setdefault(case, {}).setdefault(server, []).extend(outcomes)
        print(case, server, {k: round(v, 1) for k, v in asdict(outcomes[0]).items()}, flush=True)
