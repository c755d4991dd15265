"""The sessions that a user has lately used, and how they move between networks."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from futuretracker.anomalies.familiar import short

KEPT: Final = 4  # sessions of a user
PLACES: Final = 4  # providers of a session
PARALLEL: Final = 1800  # seconds: a return after a longer time is an ordinary journey
SUDDEN: Final = 60  # seconds: nobody travels within these, but a telephone may leave its Wi-Fi
BATCH: Final = 60  # seconds: a longer observation does not tell what overlaps


class Place(NamedTuple):
    """A network as a session sees it."""

    name: str
    is_new: bool  # for the user
    version: int  # of the address


class Session:
    """One session: its user agent, where it is used, and how often it went back and forth."""

    __slots__ = ("current", "family", "places", "returns", "started", "until")

    def __init__(self, family: str) -> None:
        self.family = family
        self.places: dict[str, int] = {}  # when it was last used at which provider
        self.current = Place("", is_new=False, version=0)
        self.until = 0.0  # the end of the last observation
        self.started = 0.0  # of the first of these returns
        self.returns = 0.0

    def move(self, place: Place, at: float, until: float) -> tuple[int, int]:
        """Note where the session is used.

        Returns:
            Whether it came back to a place that it had just left, and whether both are new. A
            telephone at the edge of its Wi-Fi does the first now and then. Two people who use one
            session do it all the time, and their observations overlap.
        """
        back = jumps = 0
        if self._comes_back(place, at):
            overlaps = at < self.until and until - at <= BATCH
            weight = 2.0 if overlaps else 1.0 if at - self.until < SUDDEN else 0.5
            # One connection may use IPv4 and IPv6, and only one of them has a new network.
            self._add(at, weight if place.version == self.current.version else weight / 2)
            back, jumps = 1, int(place.is_new and self.current.is_new)
        self.places[place.name] = max(self.places.get(place.name, 0), int(until))
        if len(self.places) > PLACES:
            del self.places[min(self.places, key=lambda name: self.places[name])]
        self.current, self.until = place, max(self.until, until)
        return back, jumps

    def _comes_back(self, place: Place, at: float) -> bool:
        """Return whether the place was left less than half an hour ago.

        A connection with IPv4 and IPv6 uses one or the other. Both are known, or both are new.
        """
        current = self.current
        if place.name == current.name or abs(at - self.until) >= PARALLEL:
            return False
        if place.version != current.version and place.is_new == current.is_new:
            return False
        return at - self.places.get(place.name, 0) < PARALLEL

    def parallel(self, at: float) -> float:
        """Return how much the returns of the last half hour look like two people."""
        return self.returns if at - self.started < PARALLEL else 0.0

    def _add(self, at: float, weight: float) -> None:
        if at - self.started >= PARALLEL:
            self.started, self.returns = at, 0.0
        self.returns = min(999.0, self.returns + weight)

    def dump(self) -> list[Any]:
        """Return what ``load`` needs."""
        numbers = [int(self.until), int(self.started), self.returns]
        return [self.family, *self.current, *numbers, self.places]

    @classmethod
    def load(cls, values: list[Any]) -> Session:
        """Return the session that ``dump`` has written."""
        session = cls(values[0])
        session.current = Place(*values[1:4])
        session.until, session.started, session.returns, session.places = values[4:]
        return session


class Sessions:
    """The last few sessions of a user."""

    __slots__ = ("known",)

    def __init__(self, known: dict[str, Session] | None = None) -> None:
        self.known = known or {}

    def get(self, session: str, family: str) -> tuple[Session, bool]:
        """Return a session, and whether it is new here. Only a checksum of its id is kept."""
        name = short(session)
        if (found := self.known.get(name)) is not None:
            return found, False
        if len(self.known) >= KEPT:
            self.drop()
        return self.known.setdefault(name, Session(family)), True

    def drop(self) -> None:
        """Forget the session that has been unused for the longest time."""
        if self.known:
            del self.known[min(self.known, key=lambda name: self.known[name].until)]
