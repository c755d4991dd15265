"""The sessions that a user has lately used, and how they move between networks."""

from __future__ import annotations

from typing import Any, Final

from futuretracker.anomalies.familiar import short

KEPT: Final = 4  # sessions of a user
PLACES: Final = 4  # providers of a session
PARALLEL: Final = 1800  # seconds: a return after a longer time is an ordinary journey
SUDDEN: Final = 60  # seconds: nobody travels within these, but a telephone may leave its Wi-Fi
BATCH: Final = 60  # seconds: a longer observation does not tell what overlaps


class Session:
    """One session: its user agent, where it is used, and how often it went back and forth."""

    __slots__ = ("current", "family", "places", "returns", "started", "until")

    def __init__(self, family: str) -> None:
        self.family = family
        self.places: dict[str, int] = {}  # when it was last used at which provider
        self.current = ""  # the provider of the last observation
        self.until = 0.0  # the end of the last observation
        self.started = 0.0  # of the first of these returns
        self.returns = 0.0

    def move(self, place: str, at: float, until: float) -> int:
        """Note where the session is used. Return 1 if it came back to a place it had just left.

        A telephone at the edge of its Wi-Fi does this now and then. Two people who use one session
        do it all the time, and their observations overlap.
        """
        back, gap = 0, at - self.until
        was_here = at - self.places.get(place, 0) < PARALLEL
        if was_here and place != self.current and -PARALLEL < gap < PARALLEL:
            back = 1
            overlaps = gap < 0 and until - at <= BATCH
            self._add(at, 2.0 if overlaps else 1.0 if gap < SUDDEN else 0.5)
        self._stay(place, until)
        self.current, self.until = place, max(self.until, until)
        return back

    def parallel(self, at: float) -> float:
        """Return how much the returns of the last half hour look like two people."""
        return self.returns if at - self.started < PARALLEL else 0.0

    def _stay(self, place: str, until: float) -> None:
        self.places[place] = max(self.places.get(place, 0), int(until))
        if len(self.places) > PLACES:
            del self.places[min(self.places, key=lambda name: self.places[name])]

    def _add(self, at: float, weight: float) -> None:
        if at - self.started >= PARALLEL:
            self.started, self.returns = at, 0.0
        self.returns = min(999.0, self.returns + weight)

    def dump(self) -> list[Any]:
        """Return what ``load`` needs."""
        numbers = [int(self.until), int(self.started), self.returns]
        return [self.family, self.current, *numbers, self.places]

    @classmethod
    def load(cls, values: list[Any]) -> Session:
        """Return the session that ``dump`` has written."""
        session = cls(values[0])
        session.current, session.until, session.started, session.returns = values[1:5]
        session.places = values[5]
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
