"""Visits: what a person does with one device at one time, as the service sees it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from benchmarks.anomalies.chance import happens
from futuretracker.anomalies.observations import Observation

if TYPE_CHECKING:
    from collections.abc import Mapping
    from random import Random

    from benchmarks.anomalies.devices import Device
    from benchmarks.anomalies.people import Person
    from benchmarks.anomalies.travel import Network

MOVES = 0.02  # how likely a connection is opened anew before an action
PAGE = 25  # opportunities of a page


@dataclass
class Visit:
    """The observations of one person, one device and one place, and what is usual there."""

    person: Person
    device: Device
    network: Network
    at: float
    rng: Random
    moves: float = MOVES
    client: str = ""
    address: str = ""
    start: float = 0.0
    seen: list[Observation] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Connect."""
        self.start = self.at
        self.client = self.client or self.device.client
        self.address = self.network.address(self.rng, self.at)

    def line(self, **counts: int) -> None:
        """Add what the service writes about some requests within ten seconds."""
        if happens(self.rng, self.moves):
            self.address = self.network.address(self.rng, self.at)
        requests = counts.pop("requests", 0) or counts.get("reads", 0) + counts.get("missing", 0)
        observation = Observation(
            at=self.at,
            until=self.at + min(9.0, 0.3 * requests + self.rng.random()),
            user=self.person.user,
            session=self.device.session(self.at),
            client=self.client,
            address=self.address,
            agent=self.device.agent(self.at),
            requests=requests,
            request_ids=(f"{self.rng.getrandbits(64):016x}",),
            **counts,
        )
        self.seen.append(observation)

    def change(self, writes: int = 0, deletes: int = 0) -> None:
        """Add the line of the requests, and the rows that the audit table gets."""
        self.line(requests=writes + deletes, bytes=700 * writes)
        self.seen.append(changed(self.seen[-1], writes, deletes))

    def wait(self, seconds: float) -> None:
        """Let time pass until the next action."""
        self.at += self.rng.lognormvariate(0, 0.8) * seconds + 1

    def open(self) -> None:
        """Load the first page, the totals and the account."""
        pages = 1 + (happens(self.rng, 0.7))
        self.line(reads=pages + 2, pages=pages, bytes=400 * min(PAGE, self.person.rows) + 3000)

        if self.client == "app" and self.person.deleted:
            # The app has kept what another device has deleted.
            missing, self.person.deleted = min(self.person.deleted, 40), 0
            self.line(missing=missing, ids=missing, bytes=100 * missing)

    def forget(self) -> None:
        """Note that there is a row less, which the app does not know if it was not the app."""
        self.person.rows -= 1
        self.person.deleted += self.client != "app"

    def act(self, habits: Mapping[str, float]) -> None:
        """Do one of the things that people do, with these weights."""
        self.wait(self.person.pace)
        (kind,) = self.rng.choices(tuple(habits), tuple(habits.values()))
        getattr(self, f"_{kind}")()

    def _look(self) -> None:
        ids = self.rng.choice((1, 1, 1, 2, 3))
        self.line(reads=2 * ids, ids=ids, bytes=2500 * ids)

    def _scroll(self) -> None:
        pages = min(self.rng.randint(1, 4), 1 + self.person.rows // PAGE)
        self.line(reads=pages, pages=pages, bytes=400 * PAGE * pages)

    def _search(self) -> None:
        pages = self.rng.randint(1, 6)  # a request for some of the letters
        self.line(reads=pages, pages=pages, bytes=1500 * pages)

    def _edit(self) -> None:
        self.line(reads=2, ids=1, bytes=2500)
        self.wait(self.person.pace)
        self.change(writes=self.rng.choice((1, 1, 2)))

    def _add(self) -> None:
        self.wait(2 * self.person.pace)
        self.change(writes=1)
        self.person.rows += 1

    def _delete(self) -> None:
        if self.person.rows > 1:
            self.change(deletes=1)
            self.forget()

    def _stale(self) -> None:
        """Follow a link, in a mail or a calendar, to what is deleted."""
        missing = self.rng.choice((1, 1, 2))
        self.line(missing=missing, ids=missing, bytes=200)


def changed(line: Observation, writes: int, deletes: int) -> Observation:
    """Return what the audit table has of the changes of a line."""
    return Observation(
        at=line.at,
        until=line.until,
        user=line.user,
        client=line.client,
        writes=writes,
        deletes=deletes,
        request_ids=line.request_ids,
    )
